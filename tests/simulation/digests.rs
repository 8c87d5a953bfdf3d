//! Digests of rough days: of the requests that reached Jira, and of the data in the end. A change that keeps behaviour and
//! stored data as they are changes none of them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{Read as _, Seek as _, Write as _};
use std::ops::Range;
use std::path::Path;

use axum::body::Body;
use http_body_util::BodyExt as _;
use jira_sim::Flavour;
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use testing::house::House;
use tower::ServiceExt as _;

const KEPT: &str = include_str!("digests.txt");
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/simulation/digests.txt");

const HEAD: &str = "\
# SHA-256 of what the rough days of tests/simulation/day.rs leave behind, by kind of Jira and seed: of the simulator's log
# of requests, and of the final data (what is in the flows' SQLite files, and the issues in the simulated Jira).
";

/// The seeds whose digests are kept, whether or not all of them are lived through in each run.
const SEEDS: [(Flavour, Range<u64>); 2] = [(Flavour::Cloud, 0..100), (Flavour::DataCenter, 0..6)];

/// A day: its kind of Jira and its seed.
type Day = (&'static str, u64);

/// What a day left behind, each as its SHA-256.
#[derive(Clone, PartialEq, Eq)]
pub struct Digests {
    requests: String,
    data: String,
}

/// The digests of the days lived in one test.
pub struct Lived {
    kind: &'static str,
    seeds: Range<u64>,
    days: BTreeMap<Day, Digests>,
}

impl Lived {
    pub fn on(flavour: Flavour) -> Self {
        let seeds = SEEDS.into_iter().find(|(kept, _)| *kept == flavour).unwrap().1;
        let kind = match flavour {
            Flavour::Cloud => "cloud",
            Flavour::DataCenter => "data-center",
        };
        Self { kind, seeds, days: BTreeMap::new() }
    }

    /// Takes the digests of that seed's day at its end, while its clock still stands there.
    pub async fn add(&mut self, seed: u64, house: &House) {
        if self.seeds.contains(&seed) {
            let (requests, data) = (requests(house).await, data(house).await);
            keep_texts(&format!("{}-{seed}", self.kind), &requests, &data);
            let digests = Digests { requests: sha256(&requests), data: sha256(&data) };
            self.days.insert((self.kind, seed), digests);
        }
    }

    /// Fails if one of the days was lived otherwise than the kept digests say.
    pub fn compare(self) {
        if std::env::var_os("BLESS").is_some() {
            return bless(self.days);
        }
        let kept = parsed(KEPT);
        let differing: String =
            self.days.iter().filter_map(|(day, lived)| difference(*day, lived, kept.get(day))).collect();
        assert!(
            differing.is_empty(),
            "behaviour or stored data differ from tests/simulation/digests.txt:\n{differing}\
             To see what differs, let LOCKSTEP_TEST_DIGESTED name a folder for the texts, once here and once where the \
             digests are right, and diff the two. To accept the new ones: BLESS=1 cargo test --test simulation rough_days"
        );
    }
}

fn difference((kind, seed): Day, lived: &Digests, kept: Option<&Digests>) -> Option<String> {
    let what = match kept {
        Some(kept) if kept == lived => return None,
        Some(kept) if kept.data == lived.data => "the requests to Jira",
        Some(kept) if kept.requests == lived.requests => "the final data",
        Some(_) => "the requests to Jira and the final data",
        None => "everything (no digest is kept)",
    };
    Some(format!("{kind}, seed {seed}: {what}\n"))
}

/// The simulator's log, a request a line.
async fn requests(house: &House) -> String {
    let log = listed(house, "/requests?").await;
    assert_eq!(log[0]["number"], 0, "the simulator has forgotten the beginning of its log");
    lines(&log)
}

/// Everything that is stored, and the issues as they truly are.
async fn data(house: &House) -> String {
    let files = fs::read_dir(house.data.folder()).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|it| it == "sqlite")).collect();
    files.sort();
    let mut text: String = files.iter().map(|path| rows(path)).collect();
    for project in house.site.projects() {
        for deleted in [false, true] {
            text += &lines(&listed(house, &format!("/issues?project={}&deleted={deleted}&", project.key)).await);
        }
    }
    text
}

/// All rows of all tables of a file in an order of their own, their columns by name.
fn rows(path: &Path) -> String {
    let database = Connection::open(path).unwrap();
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name";
    let mut tables = database.prepare(tables).unwrap();
    let tables = tables.query_map([], |row| row.get::<_, String>(0)).unwrap().map(Result::unwrap);
    tables.map(|table| rows_of(&database, path, &table)).collect()
}

fn rows_of(database: &Connection, path: &Path, table: &str) -> String {
    let mut statement = database.prepare(&format!("SELECT * FROM {table}")).unwrap();
    let columns: Vec<_> = statement.column_names().map(str::to_owned).collect();
    let row = |row: &rusqlite::Row<'_>| {
        let value = |(at, column): (usize, &String)| (column.clone(), json(row.get_ref(at).unwrap()));
        Ok(canonical(Value::Object(columns.iter().enumerate().map(value).collect::<Map<_, _>>())))
    };
    let mut rows: Vec<_> = statement.query_map([], row).unwrap().map(Result::unwrap).collect();
    rows.sort();
    let file = path.file_name().unwrap().display();
    rows.iter().map(|row| format!("{file} {table} {row}\n")).collect()
}

/// A stored value; a stored document as what it says, in whatever order.
fn json(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => number.into(),
        ValueRef::Text(text) => {
            let text = std::str::from_utf8(text).unwrap();
            let document = serde_json::from_str(text).ok().filter(|it: &Value| it.is_object() || it.is_array());
            document.unwrap_or_else(|| text.into())
        }
        ValueRef::Real(_) | ValueRef::Blob(_) => panic!("no column has such values"),
    }
}

/// All entries of a list of the simulator's control address, page by page.
async fn listed(house: &House, path: &str) -> Vec<Value> {
    let (mut entries, mut since) = (Vec::new(), Value::from(0));
    loop {
        let request = http::Request::get(format!("{path}since={since}&limit=1000")).body(Body::empty()).unwrap();
        let answer = house.site.control_router().oneshot(request).await.unwrap();
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        let mut page: Value = serde_json::from_slice(&bytes).unwrap();
        let Value::Array(list) = page["entries"].take() else { panic!("{path}: {page}") };
        if list.is_empty() {
            return entries;
        }
        entries.extend(list);
        since = page["next"].take();
    }
}

fn lines(values: &[Value]) -> String {
    values.iter().map(|value| canonical(value.clone()) + "\n").collect()
}

/// Its fields by name.
fn canonical(mut value: Value) -> String {
    value.sort_all_objects();
    value.to_string()
}

fn sha256(text: &str) -> String {
    Sha256::digest(text).iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}

/// Writes the digested texts into a folder that the environment names, to be compared with those of another commit.
fn keep_texts(day: &str, requests: &str, data: &str) {
    if let Some(folder) = std::env::var_os("LOCKSTEP_TEST_DIGESTED") {
        let folder = Path::new(&folder);
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.join(format!("{day}.requests")), requests).unwrap();
        fs::write(folder.join(format!("{day}.data")), data).unwrap();
    }
}

/// Enters the lived days into the file, into which other tests may do so at the same time.
fn bless(days: BTreeMap<Day, Digests>) {
    let mut file = File::options().read(true).write(true).open(FILE).unwrap();
    file.lock().unwrap();
    let mut text = String::new();
    file.read_to_string(&mut text).unwrap();
    let mut kept = parsed(&text);
    kept.extend(days);
    let line =
        |((kind, seed), it): (&Day, &Digests)| format!("{kind} {seed} requests {} data {}\n", it.requests, it.data);
    let text: String = kept.iter().map(line).collect();
    file.set_len(0).unwrap();
    file.rewind().unwrap();
    file.write_all(format!("{HEAD}{text}").as_bytes()).unwrap();
}

fn parsed(text: &str) -> BTreeMap<Day, Digests> {
    text.lines().filter(|line| !line.starts_with('#')).map(parsed_line).collect()
}

fn parsed_line(line: &str) -> (Day, Digests) {
    let [kind, seed, "requests", requests, "data", data] = line.split(' ').collect::<Vec<_>>()[..] else {
        panic!("{FILE}: {line}")
    };
    let kind = ["cloud", "data-center"].into_iter().find(|known| *known == kind).unwrap();
    ((kind, seed.parse().unwrap()), Digests { requests: requests.to_owned(), data: data.to_owned() })
}
