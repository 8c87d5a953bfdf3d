//! `lockstep adopt`: what the Node.js service left becomes a flow's own.

use std::process::Output;
use std::sync::atomic::{AtomicU32, Ordering};

use mongodb::bson::{DateTime, Document, doc};
use serde_json::{Value, json};

use super::house::TOKEN;
use test_mongod::Replica;
use testing::daemon::{Daemon, lockstep, run_on};
use testing::story::{DEV_PROJECT, InJira as _, USER_PROJECT};
use testing::town::{PERSON, Town, flow_text};
use testing::wait::eventually;

/// When that service wrote its documents.
const DAY: DateTime = DateTime::from_millis(1_700_000_000_000);

/// A town that the Node.js service has served, on a MongoDB that others share: flow and databases have names of its own.
struct Served {
    town: Town,
    flow: String,
    pairs: Vec<(String, String)>,
}

impl Served {
    /// With as many pairs as that.
    fn new(pairs: usize) -> Self {
        static TOWNS: AtomicU32 = AtomicU32::new(0);
        let flow = format!("old-{}", TOWNS.fetch_add(1, Ordering::Relaxed));
        let town = Town::new();
        town.put("flow.json", &flow_text("sync-ab.json").replacen("sync-ab", &flow, 1));
        let mut served = Self { town, flow, pairs: Vec::new() };
        for _ in 0..pairs {
            let ticket = served.town.accepted_ticket(USER_PROJECT);
            let dev = served.dev_issue(&ticket);
            served.pairs.push((ticket, dev));
        }
        served
    }

    /// A dev issue as that service made it.
    fn dev_issue(&self, ticket: &str) -> String {
        let text = format!("At all.\nUser Link: {}/browse/{ticket}", self.town.site.base_url());
        self.town.creates(PERSON, DEV_PROJECT, "It does not start", &text)
    }

    /// The name under which that service kept its data.
    fn hyphened(&self) -> String {
        self.flow.clone()
    }

    /// Our own name for it.
    fn underscored(&self) -> String {
        self.flow.replace('-', "_")
    }

    /// That service has written all of it down.
    fn leave(&self, database: &str, more_tickets: &[&str]) {
        let state = |name: &str| {
            doc! { "name": name, "last_sync": DAY, "initial_sync_completed": false, "createdAt": DAY, "updatedAt": DAY, "__v": 0 }
        };
        let status = |key: &str| {
            let status = self.town.site.issue(key).map_or("Will Do".to_owned(), |issue| issue.status);
            doc! { "issue_key": key, "status": status, "updated_at": DAY, "__v": 0 }
        };
        let pair = |(user, dev): &(String, String)| {
            doc! { "user_issue_key": user, "dev_issue_key": dev, "user_issue_url": "u", "dev_issue_url": "d", "created_at": DAY, "__v": 0 }
        };
        let tickets = self.pairs.iter().map(|(user, _)| user.as_str()).chain(more_tickets.iter().copied());
        let everything: [(&str, Vec<Document>); 4] = [
            ("sync_state", vec![state("jira-status-sync"), state(&self.flow)]),
            ("jira_mapping", self.pairs.iter().map(pair).collect()),
            ("user_project_issue_state", tickets.map(status).collect()),
            ("dev_project_issue_state", self.pairs.iter().map(|(_, dev)| status(dev)).collect()),
        ];
        Replica::shared().with(database, |database| async move {
            for (collection, documents) in everything {
                if !documents.is_empty() {
                    database.collection(collection).insert_many(documents).await.unwrap();
                }
            }
        });
    }

    /// Exit code, standard output and standard error of `lockstep adopt` from the shared MongoDB into SQLite.
    fn adopt(&self, more: &[&str]) -> (Option<i32>, String, String) {
        self.adopt_from(&Replica::shared().uri(), more)
    }

    fn adopt_from(&self, from: &str, more: &[&str]) -> (Option<i32>, String, String) {
        self.adopt_into(&format!("sqlite:{}", self.town.data().display()), from, more)
    }

    fn adopt_into(&self, store: &str, from: &str, more: &[&str]) -> (Option<i32>, String, String) {
        let flows = self.town.flows().display().to_string();
        let args = ["adopt", "--from", from, "--flows", &flows, "--store", store];
        let args: Vec<_> = args.into_iter().chain(more.iter().copied()).collect();
        let Output { status, stdout, stderr } = lockstep(&args, &self.town.env()).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let (out, err) = (text(stdout), text(stderr));
        println!("$ lockstep adopt {}\n{out}--- {:?}\n{err}", more.join(" "), status.code());
        (status.code(), out, err)
    }

    /// The daemon, with its data on the MongoDB that all share.
    fn start_in_mongodb(&self) -> Daemon {
        let mut command = run_on(self.town.flows(), &Replica::shared().uri(), &self.town.env());
        command.env(TOKEN.0, TOKEN.1);
        Daemon::of(command)
    }

    fn issues(&self) -> usize {
        [USER_PROJECT, DEV_PROJECT].map(|project| self.town.site.issues(project).len()).iter().sum()
    }
}

fn place(database: &str) -> String {
    format!("{}/{database}", Replica::shared().place())
}

#[test]
fn what_was_left_is_taken_over_once_and_told_in_words() {
    let mut served = Served::new(3);
    let failed = served.town.accepted_ticket(USER_PROJECT);
    let twin = served.dev_issue(&served.pairs[0].0);
    served.pairs.push(("USER-A-77".into(), "DEV-A-77".into()));
    served.leave(&served.hyphened(), &[&failed]);
    let before = served.issues();

    // Searches lag.
    let (code, said, _) = eventually("the twin is found", || {
        Some(served.adopt(&["--dry-run"])).filter(|(_, said, _)| said.contains(&twin))
    });
    assert_eq!(code, Some(0));
    assert!(said.contains(&format!("{}: from {}\n", served.flow, place(&served.hyphened()))), "{said}");
    assert!(said.contains("4 pairs: 3 to be taken over, 0 known already, 1 not\n"), "{said}");
    assert!(said.ends_with("Nothing was written: this was a dry run.\n"), "{said}");
    assert!(!served.town.data().join(format!("{}.sqlite", served.underscored())).exists());

    let (code, said, _) = served.adopt(&[]);
    assert_eq!(code, Some(0));
    assert!(said.contains("4 pairs: 3 taken over, 0 known already, 1 not\n"), "{said}");
    assert!(said.contains(&format!("    {} has {}, {twin}\n", served.pairs[0].0, served.pairs[0].1)), "{said}");
    assert!(said.contains("    USER-A-77 DEV-A-77\n") && said.contains(&format!("    {failed}\n")), "{said}");
    assert!(said.contains("lockstep run"), "{said}");

    let (code, said, _) = served.adopt(&["--dry-run"]);
    assert!(code == Some(0) && said.contains("4 pairs: 0 to be taken over, 3 known already, 1 not\n"), "{said}");

    let (code, said, _) = served.adopt(&["--json"]);
    let report: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((code, &report["dryRun"]), (Some(0), &false.into()));
    let flow = &report["flows"][0];
    assert_eq!([&flow["pairs"], &flow["taken"], &flow["known"]], [&json!(4), &json!(0), &json!(3)], "{flow}");
    assert_eq!(flow["failedCreates"], json!([failed]));
    assert_eq!(served.issues(), before, "Jira was only read");

    let daemon = served.town.start();
    let dev = served.town.dev_issue_of(&failed);
    daemon.wait_cycles(&served.flow, 2);
    assert_eq!(served.issues(), before + 1, "only {dev} was made");
}

#[test]
fn who_has_two_databases_says_which() {
    let served = Served::new(1);
    served.leave(&served.hyphened(), &[]);
    served.leave(&served.underscored(), &[]);
    let (code, said, complaint) = served.adopt(&[]);
    assert_eq!((code, &*said), (Some(1), ""));
    for database in [served.hyphened(), served.underscored()] {
        assert!(complaint.contains(&place(&database)), "{complaint}");
    }
    let named = Replica::shared().uri().replace("/?", &format!("/{}?", served.hyphened()));
    assert!(complaint.contains("mongodb://HOST/NAME"), "{complaint}");
    let (code, said, _) = served.adopt_from(&named, &[]);
    assert_eq!(code, Some(0));
    assert!(said.contains(&format!("from {}\n", place(&served.hyphened()))), "{said}");
}

#[test]
fn what_keeps_a_takeover_from_its_end_is_said() {
    let served = Served::new(1);
    let (code, _, complaint) = served.adopt(&[]);
    assert_eq!(code, Some(1));
    assert!(complaint.contains(&format!("flow {}: the Node.js service left nothing", served.flow)), "{complaint}");
    assert!(complaint.contains(&served.hyphened()) && complaint.contains(&served.underscored()), "{complaint}");

    let wrong = Replica::shared().uri().replace("mongodb://", "mongodb://bob:hunter2@");
    let (code, said, complaint) = served.adopt_from(&wrong, &[]);
    assert_eq!(code, Some(1));
    assert!(!format!("{said}{complaint}").contains("hunter2"), "{complaint}");
    assert!(complaint.contains("uthentication"), "{complaint}");

    let (code, _, complaint) = served.adopt(&["sync-zz"]);
    assert_eq!(code, Some(1));
    assert!(complaint.contains("there is no flow sync-zz in ") && complaint.contains(&served.flow), "{complaint}");
    let (code, _, complaint) = served.adopt_from("mysql://db", &[]);
    assert_eq!(code, Some(2));
    assert!(complaint.contains("--from"), "{complaint}");
}

#[test]
fn a_refused_file_keeps_no_other_flow_from_being_taken_over() {
    let served = Served::new(1);
    served.leave(&served.hyphened(), &[]);
    served.town.put("broken.json", "{ \"name\": ");
    let (code, said, complaint) = served.adopt(&[]);
    assert_eq!(code, Some(1));
    assert!(said.contains("1 pair: 1 taken over"), "{said}");
    assert!(complaint.contains("broken.json:1:"), "{complaint}");
    let (code, _, complaint) = served.adopt(&[&served.flow]);
    assert_eq!((code, &*complaint), (Some(0), ""), "the other one is not asked about");
}

#[test]
fn a_daemon_that_serves_the_flow_is_in_the_way() {
    let served = Served::new(1);
    served.leave(&served.hyphened(), &[]);
    let daemon = served.town.start();
    daemon.address();
    let (code, _, complaint) = served.adopt(&[]);
    assert_eq!(code, Some(1));
    assert!(complaint.contains("is in use by another process; stop it first"), "{complaint}");
}

#[test]
fn a_flow_is_taken_over_into_mongodb_beside_the_former_data() {
    let served = Served::new(2);
    served.leave(&served.hyphened(), &[]);
    let mongo = Replica::shared().uri();
    let daemon = served.start_in_mongodb();
    let parked = daemon.wait_for("the flow waits for its takeover", |line| {
        line["message"].as_str().is_some_and(|message| message.contains(&format!("lockstep adopt {}", served.flow)))
    });
    assert!(parked["message"].as_str().unwrap().contains("2 pairs"), "{parked}");
    daemon.terminate();
    drop(daemon);

    let (code, said, _) = served.adopt_into(&mongo, &mongo, &[]);
    assert!(code == Some(0) && said.contains("2 pairs: 2 taken over"), "{said}");
    let (code, said, _) = served.adopt_into(&mongo, &mongo, &[]);
    assert!(code == Some(0) && said.contains("2 pairs: 0 taken over, 2 known already"), "{said}");

    let before = served.issues();
    let daemon = served.start_in_mongodb();
    daemon.wait_cycles(&served.flow, 2);
    assert_eq!(served.issues(), before);
    let (code, _, complaint) = served.adopt_into(&mongo, &mongo, &[]);
    assert_eq!(code, Some(1));
    assert!(complaint.contains(&format!("is in use by process {} on host ", daemon.id())), "{complaint}");
}

#[test]
fn a_takeover_waits_until_the_service_is_surely_stopped_or_confirmed() {
    let served = Served::new(2);
    served.leave(&served.underscored(), &[]);
    let (long_ago, before) = (served.start_in_mongodb(), served.issues());
    long_ago.wait_cycles(&served.flow, 2);
    assert_eq!(long_ago.told(&served.flow, "Running initial full sync"), 0);
    drop(long_ago);

    let served_lately = Served::new(2);
    let flow = &served_lately.flow;
    served_lately.leave(&served_lately.underscored(), &[]);
    let change = doc! { "$currentDate": { "updatedAt": true } };
    Replica::shared().with(&served_lately.underscored(), |database| async move {
        database.collection::<Document>("sync_state").update_many(doc! {}, change).await.unwrap();
    });
    let daemon = served_lately.start_in_mongodb();
    let stands_by = daemon
        .wait_for("the flow waits", |line| line["message"].as_str().is_some_and(|it| it.starts_with("Standing by")));
    let why = stands_by["message"].as_str().unwrap();
    assert!(
        why.contains("was written by the Node.js service at 20")
            && why.contains(&format!("`lockstep adopt {flow} --from`")),
        "{why}"
    );
    let mongo = Replica::shared().uri();
    let (code, said, remark) = served_lately.adopt_into(&mongo, &mongo, &[]);
    assert!(code == Some(0) && said.contains("2 pairs: 2 taken over"), "{said}");
    assert!(remark.contains("s ago; is the Node.js service stopped?"), "{remark}");
    daemon.wait_cycles(flow, 2);
    assert_eq!((served.issues(), served_lately.issues()), (before, 4), "nothing was made");
}
