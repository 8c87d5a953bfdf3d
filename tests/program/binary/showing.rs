//! What a flow's data says: over HTTP and on the command line, with a worker and without one.

use std::fs;
use std::path::PathBuf;

use http::{Method, StatusCode};
use jira_sim::faults::{Effect, Kind, Rule, When};
use serde_json::Value;

use super::ordering::command;
use super::telling::secrets;
use testing::asking::{Answer, ask};
use testing::daemon::Daemon;
use testing::story::{BOT, InJira as _, USER_PROJECT};
use testing::town::{PERSON, Town};
use testing::wait::eventually;

const CREATE: &str = "/rest/api/3/issue";

/// A flow with a pair that is suspended, a write in doubt and an issue that failed.
struct Troubled {
    town: Town,
    daemon: Daemon,
    suspended: [String; 2],
    in_doubt: String,
    failed: String,
}

impl Troubled {
    fn new() -> Self {
        let town = Town::with_flow("sync-ab.json");
        let daemon = town.start();
        daemon.wait_told("sync-ab", "Initial sync completed", 1);
        let suspended = suspended(&town, &daemon);
        let in_doubt = accepted_ticket_whose_create(&town, StatusCode::INTERNAL_SERVER_ERROR);
        daemon.wait_for("a create is in doubt", |line| line["event"] == "step.inDoubt");
        let failed = accepted_ticket_whose_create(&town, StatusCode::CONFLICT);
        daemon.wait_for("a create failed", |line| line["event"] == "issue.failed" && line["issue"] == failed);
        Self { town, daemon, suspended, in_doubt, failed }
    }

    fn data_file(&self) -> PathBuf {
        self.town.data().join("sync_ab.sqlite")
    }

    fn get(&self, path: &str) -> Answer {
        let token = fs::read_to_string(self.town.data().join("api-token")).unwrap();
        let open = format!("Authorization: Bearer {}\r\n", token.trim());
        let answer = ask(&self.daemon.address(), "GET", &format!("/api/v1/flows/sync-ab{path}"), &open, &Value::Null);
        self.assert_tells_no_secret(&answer.body.to_string());
        answer
    }

    fn command(&self, args: &[&str]) -> (Option<i32>, String, String) {
        let (code, said, complaint) = command(&self.town, &self.daemon.address(), args);
        self.assert_tells_no_secret(&format!("{said}{complaint}"));
        (code, said, complaint)
    }

    fn assert_tells_no_secret(&self, text: &str) {
        let token = fs::read_to_string(self.town.data().join("api-token")).unwrap();
        for secret in secrets(&self.town).iter().map(String::as_str).chain([token.trim()]) {
            assert!(!text.contains(secret), "{secret} was told in {text}");
        }
    }

    /// What must be seen whether or not there is a worker.
    fn assert_all_is_shown(&self) {
        let page = self.get("");
        assert_eq!(page.status, 200, "{}", page.body);
        self.assert_page_is_complete(&page.body);
        let (code, said, _) = self.command(&["status", "sync-ab"]);
        assert_eq!(code, Some(0));
        self.assert_text_is_in_order(&said);
        let (code, said, _) = self.command(&["status", "sync-ab", "--json"]);
        assert_eq!(code, Some(0));
        self.assert_page_is_complete(&serde_json::from_str(&said).unwrap());
        self.assert_history_is_shown();
    }

    fn assert_page_is_complete(&self, page: &Value) {
        assert_eq!((&page["name"], &page["fullSync"]["state"]), (&"sync-ab".into(), &"completed".into()), "{page}");
        assert!(page["lastSync"].is_string() && page["patrol"]["begun"].is_string(), "{page}");
        let intents = page["intents"]["list"].as_array().unwrap();
        let doubt = intents.iter().find(|intent| intent["user"]["key"] == self.in_doubt).unwrap();
        assert_eq!((&doubt["kind"], &doubt["step"]), (&"create".into(), &"create".into()), "{page}");
        assert_eq!((&doubt["state"], &doubt["rule"]), (&"inDoubt".into(), &"user-will-do".into()), "{page}");
        assert!(doubt["doubtSince"].is_string(), "{page}");
        let failures = page["failures"]["list"].as_array().unwrap();
        let failure = failures.iter().find(|failure| failure["issue"]["key"] == self.failed).unwrap();
        assert!(failure["why"].as_str().is_some_and(|why| !why.is_empty()) && failure["nextTry"].is_string(), "{page}");
        let pair = &page["pairs"]["list"][0];
        assert_eq!((&pair["user"]["key"], &pair["state"]), (&self.suspended[0].clone().into(), &"suspended".into()));
    }

    /// Doubts, then failures, then pairs.
    fn assert_text_is_in_order(&self, said: &str) {
        let [user, dev] = &self.suspended;
        let expected = [
            "In doubt: 1 write, outcome unknown.\n".to_owned(),
            format!("  {}: create by rule user-will-do, begun ", self.in_doubt),
            "Failed: ".to_owned(),
            format!("  {}: ", self.failed),
            "Not synced: ".to_owned(),
            format!("  {user} and {dev}: suspended\n"),
            format!("lockstep unpair sync-ab {user}\n"),
        ];
        let places: Vec<_> = expected.iter().map(|text| said.find(text)).collect();
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?} in {said}");
    }

    fn assert_history_is_shown(&self) {
        let user = &self.suspended[0];
        let of_user = self.get(&format!("/history?issue={}", user.to_lowercase())).body;
        let events = of_user["lines"].as_array().unwrap().iter().map(|line| line["event"].as_str().unwrap());
        let events: Vec<_> = events.filter(|event| ["action.createIssue", "pair.suspended"].contains(event)).collect();
        assert_eq!(events, ["pair.suspended", "action.createIssue"], "latest first");
        let id = of_user["lines"][0]["issue"]["id"].as_str().unwrap();
        assert_eq!(self.get(&format!("/history?issue={id}")).body, of_user);
        assert_eq!(self.get(&format!("/history?issue={}", self.suspended[1])).body, of_user, "by its dev issue");

        let (code, said, _) = self.command(&["history", "sync-ab", user]);
        let first = of_user["lines"][0]["message"].as_str().unwrap();
        assert_eq!(code, Some(0));
        assert!(said.lines().next().unwrap().ends_with(&format!("{user}: {first}")), "{said}");
    }
}

/// A ticket is accepted, and from then on Jira gives this answer to each create of a dev issue; none is created.
fn accepted_ticket_whose_create(town: &Town, answer: StatusCode) -> String {
    let kind = Kind::ServerError { status: answer, effect: Effect::Before };
    town.site.faults(Rule::on(Method::POST, CREATE, When::Always, kind).into());
    town.accepted_ticket(USER_PROJECT)
}

/// A pair whose dev issue left its project.
fn suspended(town: &Town, daemon: &Daemon) -> [String; 2] {
    let user = town.accepted_ticket(USER_PROJECT);
    let dev = town.dev_issue_of(&user);
    daemon.wait_cycles("sync-ab", 2);
    town.moves_to_project(PERSON, &dev, "DEV-N");
    town.moves(PERSON, &user, "Declined");
    daemon.wait_for("its pair is suspended", |line| line["event"] == "pair.suspended");
    [user, dev]
}

/// More pairs that were taken apart than a page shows.
fn take_many_apart(troubled: &Troubled) {
    let sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 150)
               INSERT INTO jira_mapping SELECT 7000000 + i, 8000000 + i, 'USER-A-' || (7000 + i), 'DEV-A-' || (7000 + i),
                                               'created', 'unpaired', '2024-01-01T00:00:00.000Z' FROM n";
    let data = rusqlite::Connection::open(troubled.data_file()).unwrap();
    assert_eq!(data.execute(sql, []).unwrap(), 150);
}

#[test]
fn doubts_failures_pairs_and_history_are_shown_with_and_without_a_worker() {
    let troubled = Troubled::new();
    troubled.assert_all_is_shown();
    troubled.town.site.set_token(BOT, "another one");
    eventually("the flow is parked", || (troubled.get("").body["state"] == "parked").then_some(()));
    troubled.assert_all_is_shown();

    take_many_apart(&troubled);
    let page = troubled.get("").body;
    assert_eq!((page["pairs"]["list"].as_array().unwrap().len(), &page["pairs"]["more"]), (100, &true.into()));
    troubled.assert_all_is_shown();
    assert!(troubled.command(&["status", "sync-ab"]).1.contains("Unpaired by an operator: at least 99 pairs.\n"));

    fs::rename(troubled.data_file(), troubled.town.data().join("elsewhere")).unwrap();
    let page = troubled.get("");
    assert_eq!((page.status, &page.body["state"], &page.body["pairs"]), (503, &"parked".into(), &Value::Null));
    let (code, said, complaint) = troubled.command(&["status", "sync-ab"]);
    assert_eq!(code, Some(1));
    assert!(said.starts_with("sync-ab: parked since "), "{said}");
    assert!(complaint.starts_with("lockstep: ") && complaint.contains("there is no such file"), "{complaint}");
    assert_eq!(troubled.get("/history").status, 503);
    assert_eq!(troubled.command(&["history", "sync-ab"]).0, Some(1));
}

#[test]
fn history_is_paged_and_wrong_queries_are_answered_in_words() {
    let town = Town::with_flow("sync-ab.json");
    let daemon = town.start();
    town.dev_issue_of(&town.accepted_ticket(USER_PROJECT));
    daemon.wait_cycles("sync-ab", 2);
    let token = fs::read_to_string(town.data().join("api-token")).unwrap();
    let get = |query: &str| {
        let path = format!("/api/v1/flows/sync-ab/history{query}");
        ask(&daemon.address(), "GET", &path, &format!("Authorization: Bearer {}\r\n", token.trim()), &Value::Null)
    };
    let all = get("").body;
    assert!(all["lines"].as_array().unwrap().len() > 1 && all["next"].is_null(), "{all}");
    let (mut walked, mut before) = (Vec::new(), String::new());
    loop {
        let page = get(&format!("?limit=1{before}")).body;
        walked.extend(page["lines"].as_array().unwrap().clone());
        let Some(next) = page["next"].as_u64() else { break };
        before = format!("&before={next}");
    }
    assert_eq!(Value::from(walked), all["lines"]);

    let wrong = get("?limit=0");
    assert_eq!((wrong.status, &wrong.body["error"]), (400, &"limit must be a number from 1 to 500".into()));
    let said = |args: &[&str]| command(&town, &daemon.address(), args);
    let (code, page, _) = said(&["history", "sync-ab", "--limit", "1"]);
    assert!(code == Some(0) && page.lines().nth(1).unwrap().starts_with("Older lines: lockstep history sync-ab "));
    let (code, _, complaint) = said(&["history", "sync-ab", "--limit", "0"]);
    assert_eq!((code, &*complaint), (Some(1), "lockstep: limit must be a number from 1 to 500\n"));
    let (code, _, complaint) = said(&["history", "sync-cd"]);
    assert_eq!((code, &*complaint), (Some(1), "lockstep: there is no flow \"sync-cd\"\n"));
    assert_eq!(said(&["history", "sync-ab", "no key"]).0, Some(2));
}
