//! What the program says: its log, and `lockstep check`.

use std::path::Path;

use chrono::DateTime;
use serde_json::Value;

use testing::daemon::{Daemon, lockstep};
use testing::story::{BOT, USER_PROJECT};
use testing::town::{Town, flow_text};

const FLOWS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/flows.d");

/// What must not be told: the token, and the credentials as a request carries them.
pub fn secrets(town: &Town) -> [String; 2] {
    use base64::Engine as _;
    let env = town.env();
    let value = |name: &str| env.iter().find(|(known, _)| known == name).unwrap().1.clone();
    let (email, token) = (value("JIRA_EMAIL"), value("JIRA_AB_TOKEN"));
    let credentials = base64::prelude::BASE64_STANDARD.encode(format!("{email}:{token}"));
    [token, credentials]
}

/// The program has done some work, has been refused by Jira, and has refused files in which secrets stand in the open.
fn an_eventful_life(town: &Town) -> Daemon {
    let token = &secrets(town)[0];
    let mut daemon = town.start_with(&[("LOG_LEVEL", "trace")]);
    town.dev_issue_of(&town.accepted_ticket(USER_PROJECT));
    let in_the_open = flow_text("sync-cd.json").replace("${env:JIRA_CD_TOKEN}", token);
    town.put("unclosed.json", in_the_open.trim_end().trim_end_matches('}'));
    town.put("misspelt.json", &in_the_open.replace("\"apiToken\"", "\"apiTokn\""));
    for file in ["/unclosed.json", "/misspelt.json"] {
        let names = |line: &Value| line["file"].as_str().is_some_and(|it| it.ends_with(file));
        daemon.wait_for("the file is refused", |line| line["level"] == "error" && names(line));
    }
    town.site.set_token(BOT, "another one");
    daemon.wait_for("Jira refuses the flow", |line| line["level"] == "error" && line["worker"] == "sync-ab");
    daemon.terminate();
    assert!(daemon.ended().success());
    daemon
}

#[test]
fn the_log_is_flat_json_and_never_tells_a_secret() {
    let town = Town::with_flow("sync-ab.json");
    let daemon = an_eventful_life(&town);
    let log = daemon.log();
    for line in &log {
        assert_is_flat(line);
    }
    let lines = daemon.lines();
    assert!(lines.iter().any(|line| line["level"] == "debug"), "trace was asked for");
    for told in lines.iter().filter(|line| line["event"].is_string()) {
        assert_eq!(told["worker"], "sync-ab", "whose it is, in {told}");
    }
    for secret in secrets(&town) {
        assert!(!log.iter().any(|line| line.contains(&secret)), "{secret} was told");
    }
}

/// One object of texts, numbers, flags and lists of texts, with the fields that every line has.
fn assert_is_flat(line: &str) {
    let fields = match serde_json::from_str(line) {
        Ok(Value::Object(fields)) => fields,
        other => panic!("{line} is {other:?}"),
    };
    let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_else(|| panic!("no {name} in {line}"));
    assert!(DateTime::parse_from_rfc3339(text("timestamp")).is_ok(), "{line}");
    assert!(["trace", "debug", "info", "warn", "error"].contains(&text("level")), "{line}");
    assert!(!text("message").is_empty(), "{line}");
    for value in fields.values() {
        let plain = |value: &Value| !value.is_object() && !value.is_array();
        assert!(value.as_array().map_or_else(|| plain(value), |list| list.iter().all(plain)), "{line}");
    }
}

/// The exit code of `lockstep check` over the shipped flows, and what it said.
fn checked(env: &[(String, String)]) -> (Option<i32>, String) {
    assert!(Path::new(FLOWS).is_dir());
    let output = lockstep(&["check", "--flows", FLOWS], env).output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn the_shipped_flows_pass_the_check() {
    let (code, said) = checked(&Town::new().env());
    assert_eq!(code, Some(0), "{said}");
    assert!(said.ends_with("3 files checked, no problems\n"), "{said}");
}

#[test]
fn an_unset_variable_is_shown_with_file_line_column_and_path() {
    let (code, said) = checked(&[]);
    assert_eq!(code, Some(1), "{said}");
    for problem in [
        "sync-ab.json:6:16: jira.baseUrl: environment variable JIRA_URL is not set",
        "sync-cd.json:8:17: jira.apiToken: environment variable JIRA_CD_TOKEN is not set",
        "sync-xy.json:5:52: jira.email: environment variable JIRA_EMAIL is not set",
    ] {
        assert!(said.contains(&format!("error: {FLOWS}/{problem}")), "{problem} in {said}");
    }
}
