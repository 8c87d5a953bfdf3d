//! Flow files come, change, break and go while the program runs.

use serde_json::Value;

use super::daemon::Daemon;
use super::town::{Town, flow_text};
use super::wait::eventually;

const STARTED: &str = "Worker started";

#[test]
fn a_dropped_file_starts_its_flow_and_a_ticket_makes_its_way_there_and_back() {
    let town = Town::new();
    let daemon = town.start();
    eventually("the daemon is ready", || (daemon.get("/health").status == 200).then_some(()));
    town.put("sync-ab.json", &flow_text("sync-ab.json"));
    daemon.wait_told("sync-ab", "Initial sync completed", 1);

    let ticket = town.accepted_ticket("USER-A");
    let work = town.dev_issue_of(&ticket);
    town.bring(&work, "Closed");
    town.wait_for_status(&ticket, "Resolved");
    daemon.wait_cycles("sync-ab", 2);
    assert_eq!(town.comments(&ticket), [format!("Dev issue: {work}"), format!("Fixed in {work}")]);
    assert_eq!(town.disagreements(), [""; 0]);
}

#[test]
fn a_file_that_comes_breaks_is_mended_and_goes_concerns_its_own_flow_only() {
    let town = Town::with_flow("sync-ab.json");
    let daemon = town.start();
    daemon.wait_told("sync-ab", STARTED, 1);

    let good = flow_text("sync-cd.json");
    town.put("sync-cd.json", &good);
    daemon.wait_told("sync-cd", "Initial sync completed", 1);

    // Broken: it runs on, and everybody who looks can see why.
    let (broken, place) = misspelt(&good);
    town.put("sync-cd.json", &broken);
    let refusal = daemon.wait_for("the file is refused", |line| line["level"] == "error");
    assert_refusal(&refusal, &place);
    assert_eq!(health(&daemon, ""), (200, "degraded".into(), vec!["sync-ab".into(), "sync-cd".into()]));
    assert_eq!(health(&daemon, "?strict").0, 503);
    town.dev_issue_of(&town.accepted_ticket("USER-C"));
    assert_eq!(daemon.told("sync-cd", STARTED), 1);

    // Mended with another meaning: it starts again, by the new rules.
    town.put("sync-cd.json", &good.replace("Dev issue: ${targetKey}", "We work on it in ${targetKey}"));
    daemon.wait_told("sync-cd", STARTED, 2);
    assert_eq!(health(&daemon, "?strict").0, 200);
    let ticket = town.accepted_ticket("USER-C");
    let work = town.dev_issue_of(&ticket);
    assert_eq!(town.comments(&ticket), [format!("We work on it in {work}")]);

    town.remove("sync-cd.json");
    daemon.wait_told("sync-cd", "Flow removed", 1);
    assert_eq!(health(&daemon, "?strict"), (200, "healthy".into(), vec!["sync-ab".into()]));
    daemon.wait_cycles("sync-ab", 2);
    assert_eq!(daemon.told("sync-ab", STARTED), 1, "the neighbour was left alone");
    assert_eq!(daemon.told("sync-cd", STARTED), 2);
}

/// The text with a misspelt field, and where that is: `LINE:COLUMN: PATH`.
fn misspelt(text: &str) -> (String, String) {
    let broken = text.replacen("\"enabled\"", "\"enable\"", 1);
    let before = &broken[..broken.find("\"enable\"").unwrap()];
    let (line, column) = (before.lines().count(), before.lines().last().unwrap().len() + 1);
    (broken, format!("{line}:{column}: rules[0].enable: "))
}

fn assert_refusal(line: &Value, place: &str) {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let (file, message) = (text(&line["file"]), text(&line["message"]));
    assert!(file.ends_with("/sync-cd.json"), "{line}");
    assert!(message.starts_with(&format!("Flow file {file} refused; the last good flow runs on: {place}")), "{line}");
    assert!(message.contains("enabled"), "what was meant, in {line}");
    assert!(text(&line["problems"][0]).starts_with(place), "{line}");
    assert_eq!(line["worker"], "sync-cd");
}

/// Status code, status, and the workers that are known.
fn health(daemon: &Daemon, question: &str) -> (u16, String, Vec<String>) {
    let answer = daemon.get(&format!("/health{question}"));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let workers = answer.body["workers"].as_array().unwrap().iter().map(|worker| text(&worker["name"])).collect();
    (answer.status, text(&answer.body["status"]), workers)
}
