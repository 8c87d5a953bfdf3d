use std::fs::File;
use std::io::Write as _;

use super::*;
use crate::clock::Clock;
use crate::flow::{
    Copied, Entry, Field, Handled, Intent, IntentKind, IntentState, Level, Line as Told, MissingDev, Origin, Pair,
    PairState, Side, Stage, Status, StatusName, Watermark,
};
use crate::pulse::Pulse;
use crate::store::contract::history::{copied, query};
use crate::store::contract::{
    MongoPlace, Place, SqlitePlace, at, attach, comment, dev, failure, flow, handled, id, intent, missing, pair,
    served, shortfalls, start, user,
};
use crate::store::records::Exported as _;
use crate::store::{Change, Cursor, Driver, Durability, Executor, Failure, Patrol, Revision, State, Store};

/// What people and Jira put into texts, and what stores and formats might take for something else.
const ODD: [&str; 10] = [
    "plain",
    " ",
    "\"quoted\" \\ 'single'",
    "two\nlines\r\n\tand a tab",
    "\u{0}\u{7f}\u{1b}[2J",
    "äßé \u{1f600} \u{202e}right\u{2028}left",
    "$status",
    "{\"$oid\": \"0\"}",
    "'; DROP TABLE history; --",
    "{\"kind\":\"end\",\"records\":0}",
];

const STATES: [PairState; 5] =
    [PairState::Active, PairState::Suspended, PairState::Broken, PairState::Held, PairState::Unpaired];

fn sqlite() -> Box<dyn Place> {
    Box::new(SqlitePlace::new(Executor::blocking(), Durability::ProcessEnd))
}

fn mongo() -> Box<dyn Place> {
    Box::new(MongoPlace::new(Driver::here()))
}

/// A flow that has lived: all kinds of records, with odd texts, and more than a page of some.
fn a_life() -> Vec<Change> {
    let many = (2_000..3_100).map(|n| Change::PutHandled(Side::Dev, dev(n), handled("Closed")));
    (1..).zip(ODD).flat_map(|(n, text)| odd(n, text)).chain(many).collect()
}

fn odd(n: u64, text: &str) -> Vec<Change> {
    let texts = format!("{text} of {n}");
    let status = Status { id: texts.parse().unwrap(), name: StatusName::new(text) };
    let was = Handled { status, updated: at("2024-01-01T08:30:00.042Z") };
    let state = STATES[usize::try_from(n).unwrap() % STATES.len()];
    let origin = if n.is_multiple_of(2) { Origin::Created } else { Origin::Adopted };
    let fields = vec![
        ("text", Field::Text(text.to_owned())),
        ("list", Field::List(ODD.map(str::to_owned).into())),
        ("number", Field::Number(n)),
        ("flag", Field::Flag(n.is_multiple_of(2))),
    ];
    let event = n.is_multiple_of(3).then_some("issue.processed");
    let line = Told { level: Level::Warn, event, message: text.to_owned(), fields };
    vec![
        Change::PutHandled(Side::User, user(n), was),
        Change::PutFailure(Failure { why: text.to_owned(), ..failure(Side::Dev, n, 2, "2024-05-01T11:00:00.250Z") }),
        Change::PutMissing(missing(500 + n, "DEV-A-7")),
        Change::PutPair(Pair { state, origin, ..pair(n, 1_000 + n) }),
        Change::AddIntent(busy(n, text)),
        Change::PutCopied(Copied {
            file: texts.parse().unwrap(),
            ..copied(n, "1", n.is_multiple_of(2).then_some("2"))
        }),
        Change::Tell(Entry { at: "2024-05-01T10:00:00.123Z".parse().unwrap(), issue: user(n), line }),
    ]
}

fn busy(n: u64, text: &str) -> Intent {
    // A rule's braces are its own language.
    let template = text.replace("${", "");
    let steps = vec![attach(text, None), comment(&template)];
    Intent {
        steps,
        state: IntentState::stored(1, Stage::InHand),
        dev: Some(dev(n)),
        ..intent(&format!("i-{n}"), IntentKind::Mirror, n)
    }
}

fn how_far() -> State {
    State {
        last_sync: Some(Watermark(at("2024-05-01T10:00:00.001Z"))),
        initial_sync_completed: Some(false),
        cursor: Some(Cursor {
            side: Side::Dev,
            created: Some(at("2024-04-01T00:00:00.999Z")),
            ids_at: vec![id(7), id(12)],
            done: 12_345,
        }),
        started_at: Some(at("2024-03-01T00:00:00Z")),
        patrol: Patrol { begun: Some("2024-05-01T10:00:00.250Z".parse().unwrap()), after: Some(id(10_000)) },
        served: Some(served()),
        shortfalls: shortfalls(),
        ..State::default()
    }
}

async fn store(place: &dyn Place) -> Store {
    let pulse = Pulse::new("sync-ab", Clock::simulated(start()), None);
    Store::open(place.open(&flow("sync-ab")), pulse).await.unwrap()
}

async fn live(place: &dyn Place) -> Store {
    let store = store(place).await;
    for batch in a_life().chunks(700) {
        store.write(batch.to_vec()).await.unwrap();
    }
    store.write(vec![Change::PutState(how_far())]).await.unwrap();
    store
}

async fn exported(place: &dyn Place) -> String {
    let mut out = Vec::new();
    let flow = flow("sync-ab");
    Export::new(&*place.read(&flow), &mut out).write(&flow.name, start()).await.unwrap();
    String::from_utf8(out).unwrap()
}

fn file(text: &str) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

async fn imported(text: &str, store: &Store) -> Result<Tally, ImportError> {
    Import::check(file(text))?.write(store).await
}

/// A small export.
async fn small() -> String {
    let place = sqlite();
    let store = store(&*place).await;
    let batch = odd(1, "one").into_iter().chain(odd(2, "two")).chain([Change::PutState(how_far())]);
    store.write(batch.collect()).await.unwrap();
    exported(&*place).await
}

#[tokio::test]
async fn an_export_that_was_imported_anywhere_is_the_same_again() {
    for (from, to) in [(sqlite(), sqlite()), (sqlite(), mongo()), (mongo(), sqlite()), (mongo(), mongo())] {
        let source = live(&*from).await;
        let text = exported(&*from).await;
        let target = store(&*to).await;
        let tally = imported(&text, &target).await.unwrap();
        let expected = Tally { lines: tally.lines, pairs: 10, handled: 1_110, intents: 10, files: 10, history: 10 };
        assert_eq!(tally, expected);
        let again = exported(&*to).await;
        let first_difference = text.lines().zip(again.lines()).find(|(one, other)| one != other);
        assert_eq!(first_difference, None);
        assert_eq!(text.len(), again.len());
        assert_eq!(target.open_intents().await.unwrap(), source.open_intents().await.unwrap());
        assert_eq!(
            to.read(&flow("sync-ab")).history(query(None, None, 99)).await.unwrap(),
            from.read(&flow("sync-ab")).history(query(None, None, 99)).await.unwrap()
        );
        let read = target.state().await.unwrap();
        assert_eq!(State { updated_at: None, revision: Revision(0), ..read }, how_far());
    }
}

#[tokio::test]
async fn that_all_marks_were_seen_is_not_taken_along() {
    let (from, to) = (sqlite(), sqlite());
    let source = store(&*from).await;
    source.write(vec![Change::PutState(State { all_read: true, ..how_far() })]).await.unwrap();
    let target = store(&*to).await;
    imported(&exported(&*from).await, &target).await.unwrap();
    assert!(!target.state().await.unwrap().all_read, "a backup may be older than the last mark");
}

#[tokio::test]
async fn an_export_that_is_cut_short_anywhere_changes_nothing() {
    let text = small().await;
    let place = sqlite();
    let store = store(&*place).await;
    for end in (0..text.len() - 1).filter(|end| text.is_char_boundary(*end)).step_by(7) {
        let refused = imported(&text[..end], &store).await.unwrap_err().to_string();
        let said = ["cut short", "nothing in it", "line 1 of the export"].iter().any(|said| refused.contains(said));
        assert!(said, "cut at {end}: {refused}");
    }
    assert_eq!(store.state().await.unwrap(), State::default());
    assert_eq!(store.page::<Pair>(None, 9).await.unwrap(), []);
    assert_eq!(place.read(&flow("sync-ab")).history(query(None, None, 9)).await.unwrap(), []);
    imported(&text, &store).await.unwrap();
}

#[tokio::test]
async fn what_is_wrong_in_an_export_is_said_with_its_line_and_field() {
    let text = small().await;
    for (sound, broken, said) in [
        (r#""version":1}"#, r#""version":2}"#, "line 1 of the export: field version: it is \"export\" 2, this version"),
        (r#""lockstep":"export""#, r#""lockstep":7"#, "line 1 of the export: field lockstep: invalid type"),
        (r#""kind":"state""#, r#""kind":"estate""#, "line 2 of the export: field kind: \"estate\" is not known"),
        (r#""kind":"state""#, r#""kind":"state","urgent":1"#, "line 2 of the export: field urgent: it is not known"),
        (r#","started_at":"2024-03-01T00:00:00.000Z""#, "", "line 2 of the export: field started_at: it is missing"),
        (r#""last_sync":"2024"#, r#""last_sync":"once 2024"#, "line 2 of the export: field last_sync: not a time"),
        (r#""done":12345"#, r#""done":-1"#, "line 2 of the export: field cursor: cursor of the full sync: invalid"),
        (r#""attempts":2"#, r#""attempts":"2""#, "line 3 of the export: field attempts: invalid type"),
        (r#""key":"USER-A-1""#, r#""key":"USER""#, "field issue: field key: \"USER\" is not a valid issue key"),
        (r#""dev_key":"DEV-A-7""#, r#""dev_key":"DEV""#, "field dev_key: \"DEV\" is not a valid issue key"),
        (r#""kind":"missing""#, r#""kind":"missing","dev":7"#, "field dev: it is not known"),
        (r#""state":"suspended""#, r#""state":"lost""#, "state of a pair: unknown word \"lost\""),
        (r#""intent":{"begun""#, r#""intent":{"much":1,"begun""#, "field intent: intent i-1: unknown field `much`"),
        (r#""level":"warn""#, r#""level":"loud""#, "field level: unknown word \"loud\""),
        (r#""flag":false"#, r#""$flag":false"#, "field fields: \"$flag\" is none of a line of history"),
        (
            r#""message":"one","number":1}"#,
            r#""message":"one","number":9007199254740992}"#,
            "field number: 9007199254740992 is too large",
        ),
        (r#"{"kind":"end""#, "{}\n{\"kind\":\"end\"", "field kind: it is missing"),
        (r#"{"kind":"end","records":"#, r#"{"kind":"end","records":1"#, "field records: there should be 1"),
    ] {
        let broken = text.replacen(sound, broken, 1);
        assert_ne!(broken, text, "{sound}");
        let refused = Import::check(file(&broken)).err().map(|refused| refused.to_string()).unwrap_or_default();
        assert!(refused.starts_with("line ") && refused.contains(said), "{sound}: {refused}");
    }
    for (broken, said) in [
        (format!("{text}{text}"), "the export has ended, and there is more"),
        ("hello\n".to_owned(), "line 1 of the export: no JSON object"),
        (text.lines().skip(1).map(|line| format!("{line}\n")).collect(), "line 1 of the export: it is not the first"),
    ] {
        let refused = Import::check(file(&broken)).err().unwrap().to_string();
        assert!(refused.contains(said), "{refused}");
    }
}

/// As version 1 writes them. They must stay readable forever: backups out there hold them, the older ones without what
/// came later.
const V1: [&str; 10] = [
    r#"{"at":"2024-06-01T12:00:00.000Z","flow":"sync-ab","lockstep":"export","version":1}"#,
    r#"{"cursor":{"created":null,"done":42,"ids_at":["10001"],"side":"dev","version":"1"},"initial_sync_completed":null,"kind":"state","last_sync":"2024-05-01T10:00:00.001Z","patrol_after":"7","patrol_begun":"2024-05-01T10:00:00.250Z","started_at":null}"#,
    r#"{"attempts":2,"issue":{"id":"21","key":"DEV-A-21"},"kind":"failure","next_try":"2024-05-01T11:00:00.250Z","seen_updated":null,"side":"dev","unseen_since":"2023-01-01T00:00:00.000Z","why":"jira said 500"}"#,
    r#"{"issue":{"id":"1","key":"USER-A-1"},"kind":"handled","seen_updated":"2024-01-01T08:30:00.042Z","side":"user","status":"Will Do","status_id":"10100"}"#,
    r#"{"dev_key":"DEV-A-7","kind":"missing","user":{"id":"2","key":"USER-A-2"}}"#,
    r#"{"dev":{"id":"21","key":"DEV-A-21"},"kind":"pair","origin":"adopted","state":"held","user":{"id":"1","key":"USER-A-1"}}"#,
    r#"{"intent":{"begun":"2024-01-01T00:00:00.001Z","cursor":0,"dev":null,"doubt":null,"id":"i-1","kind":"create","rule":null,"settles_dev":null,"settles_user":null,"source":"user","steps":[{"create":{"cross_link":true}}],"user":{"id":"1","key":"USER-A-1"},"version":"1"},"kind":"intent"}"#,
    r#"{"copy":null,"file":"70001","kind":"copied","user":"1"}"#,
    r#"{"at":"2024-05-01T10:00:00.123Z","event":null,"fields":{"errors":3,"list":["one"],"ok":true,"why":"so"},"issue":{"id":"1","key":"USER-A-1"},"kind":"told","level":"info","message":"Done","number":7}"#,
    r#"{"kind":"end","records":8}"#,
];

#[test]
fn lines_of_version_1_are_read_and_written_unchanged() {
    for text in V1 {
        let again = match line::Line::from_json(text).unwrap() {
            line::Line::Header(header) => line::header(&header),
            line::Line::State(state) => state.json().to_string(),
            line::Line::Record(record) => record.json().to_string(),
            line::Line::End(records) => line::end(records),
        };
        assert_eq!(again, text);
    }
    assert!(Import::check(file(&V1.map(|line| format!("{line}\n")).concat())).is_ok());
}

#[tokio::test]
async fn an_export_from_before_missing_dev_issues_were_kept_is_taken() {
    let before = V1.iter().filter(|line| !line.contains(r#""missing""#)).map(|line| format!("{line}\n"));
    let before = before.collect::<String>().replace(r#""records":8"#, r#""records":7"#);
    let place = sqlite();
    let store = store(&*place).await;
    imported(&before, &store).await.unwrap();
    assert_eq!(store.page::<MissingDev>(None, 9).await.unwrap(), []);
    assert_eq!(store.page::<Pair>(None, 9).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_store_that_has_a_state_is_left_alone() {
    let text = small().await;
    for place in [sqlite(), mongo()] {
        let store = store(&*place).await;
        store.write(vec![Change::PutState(State::default()), Change::PutPair(pair(7, 27))]).await.unwrap();
        assert!(matches!(imported(&text, &store).await, Err(ImportError::NotNew)));
        assert_eq!(store.page::<Pair>(None, 9).await.unwrap(), [pair(7, 27)]);
    }
}

#[tokio::test]
async fn an_import_that_broke_off_is_none_and_may_be_begun_again() {
    let text = small().await;
    for place in [sqlite(), mongo()] {
        let store = store(&*place).await;
        // As much as came before the state.
        store.write(odd(1, "one")).await.unwrap();
        assert_eq!(store.state().await.unwrap().revision, Revision(0));
        imported(&text, &store).await.unwrap();
        let again = exported(&*place).await;
        let lines =
            |text: &str| text.lines().filter(|line| !line.contains("\"told\"")).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(lines(&again), lines(&text));
    }
}

#[tokio::test]
async fn what_another_import_left_is_not_mixed_with_this_one() {
    let text = small().await;
    for (left, said) in [
        (pair(7, 27), "pairs: 3 here, 2 in the export"),
        (pair(1, 27), "another pair of USER-A-1 or DEV-A-1001 exists already"),
    ] {
        let place = sqlite();
        let store = store(&*place).await;
        store.write(vec![Change::PutPair(left)]).await.unwrap();
        let refused = imported(&text, &store).await.unwrap_err();
        assert!(matches!(&refused, ImportError::Mixed { what } if what.contains(said)), "{refused}");
        assert_eq!(store.state().await.unwrap().revision, Revision(0), "no worker takes it for a whole one");
    }
}
