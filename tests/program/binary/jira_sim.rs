//! `lockstep jira-sim`: a Jira in a process of its own, and the daemon beside it.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command, Stdio};
use std::{fs, thread};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use testing::asking::{Answer, ask};
use testing::daemon::{Daemon, lockstep};
use testing::wait::eventually;

/// The command with ports of its own choice.
const COMMAND: [&str; 6] = ["jira-sim", "--listen", "127.0.0.1:0", "--json", "--index-lag", "100ms"];

/// A running `lockstep jira-sim`. Killed when dropped.
struct JiraSim {
    child: Child,
    /// What it said of itself at its start.
    about: Value,
}

impl JiraSim {
    /// A Jira of this kind, `cloud` or `datacenter`.
    fn start(flavour: &str) -> Self {
        let command: Vec<&str> = COMMAND.into_iter().chain(["--flavour", flavour]).collect();
        let mut child = lockstep(&command, &[]).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { child, about: serde_json::from_str(&line).unwrap() }
    }

    fn said(&self, what: &str) -> &str {
        self.about[what].as_str().unwrap()
    }

    /// Asks the API as the account that programs use.
    fn api(&self, method: &str, path: &str, body: &Value) -> Answer {
        let credentials = BASE64_STANDARD.encode(format!("{}:{}", self.said("email"), self.said("token")));
        let headers = format!("Authorization: Basic {credentials}\r\n");
        ask(self.said("url"), method, &format!("/rest/api/3/{path}"), &headers, body)
    }

    fn control(&self, method: &str, path: &str, body: &Value) -> Value {
        let answer = ask(self.said("controlUrl"), method, path, "", body);
        assert!(answer.status < 300, "{method} {path}: {answer:?}");
        answer.body
    }

    /// The person who is always there does something; answers the issue's key.
    fn order(&self, deed: &Value) -> String {
        let done = self.control("POST", "/deeds", &json!({"who": self.said("person"), "deed": deed}));
        done["issue"].as_str().unwrap().into()
    }

    fn bring(&self, issue: &str, status: &str) {
        self.order(&json!({"move": {"issue": issue, "status": status}}));
    }

    fn issue(&self, key: &str) -> Value {
        self.control("GET", &format!("/issues/{key}"), &Value::Null)
    }

    fn wait_for_status(&self, key: &str, status: &str) {
        eventually(&format!("{key} becomes {status}"), || (self.issue(key)["status"] == status).then_some(()));
    }

    /// Presses Ctrl-C and answers the exit code.
    fn interrupt(&mut self) -> Option<i32> {
        // The shell's own `kill`: not every machine has the program.
        let kill = format!("kill -INT {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
        eventually("the process ends", || self.child.try_wait().unwrap()).code()
    }
}

impl Drop for JiraSim {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_story_is_staged_from_outside() {
    let mut jira = JiraSim::start("cloud");
    let fields = json!({"project": {"key": "USER-A"}, "issuetype": {"name": "Bug"}, "summary": "One"});
    let created = jira.api("POST", "issue", &json!({"fields": fields}));
    assert_eq!((created.status, &created.body["key"]), (201, &json!("USER-A-1")));
    let own_url = created.body["self"].as_str().unwrap();
    assert!(own_url.starts_with(jira.said("url")), "{own_url} is not where the site is");

    jira.bring("USER-A-1", "Will Do");
    let seen = jira.api("GET", "issue/USER-A-1?fields=status", &Value::Null);
    assert_eq!(seen.body["fields"]["status"]["name"], "Will Do");

    let comments = "/rest/api/3/issue/{issueIdOrKey}/comment";
    let hold =
        json!({"method": "POST", "path": comments, "when": {"first": 1}, "kind": {"hold": {"effect": "before"}}});
    jira.control("POST", "/faults", &hold);
    let text = json!({"type": "text", "text": "Hello"});
    let body = json!({"type": "doc", "version": 1, "content": [{"type": "paragraph", "content": [text]}]});
    let answer = thread::scope(|scope| {
        let comment = scope.spawn(|| jira.api("POST", "issue/USER-A-1/comment", &json!({"body": body})));
        let held = jira.control("GET", "/held?atLeast=1&withinMs=20000", &Value::Null);
        assert_eq!(held["held"][0]["path"], "/rest/api/3/issue/USER-A-1/comment");
        assert_eq!(jira.issue("USER-A-1")["comments"], json!([]), "it has no effect while it is held");
        assert_eq!(jira.control("POST", "/held/release", &json!({})), json!({"released": 1}));
        comment.join().unwrap()
    });
    assert_eq!((answer.status, &jira.issue("USER-A-1")["comments"][0]["text"]), (201, &json!("Hello")));

    let log = jira.control("GET", "/requests", &Value::Null);
    let met = log["entries"].as_array().unwrap().iter().find(|line| !line["fault"].is_null()).unwrap().clone();
    let told = ["method", "fault", "status", "account"].map(|field| met[field].clone());
    assert_eq!(told, [json!("POST"), json!("hold before effect"), json!(201), json!("account-lockstep")]);
    assert_eq!(jira.control("GET", "/faults", &Value::Null)["rules"][0]["struck"], 1);
    assert_eq!(jira.interrupt(), Some(0));
}

#[test]
fn the_flow_that_it_prints_is_served_by_the_daemon_at_once() {
    a_pair_is_mirrored(&JiraSim::start("cloud"));
}

#[test]
fn a_data_center_is_served_as_well() {
    let jira = JiraSim::start("datacenter");
    a_pair_is_mirrored(&jira);
    let log = jira.control("GET", "/requests", &Value::Null);
    let paths: Vec<_> = log["entries"].as_array().unwrap().iter().map(|line| line["path"].as_str().unwrap()).collect();
    assert!(paths.iter().all(|path| path.starts_with("/rest/api/2/")), "{paths:#?}");
}

fn a_pair_is_mirrored(jira: &JiraSim) {
    let (flows, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = flows.path().join("jira-sim.json");
    fs::write(&file, jira.about["flow"].to_string()).unwrap();
    // The token stands in the file itself.
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let checked = lockstep(&["check", file.to_str().unwrap()], &[]).output().unwrap();
    let said = String::from_utf8(checked.stdout).unwrap();
    assert!(said.contains("no problems") && !said.contains("warning"), "{said}");
    let daemon = Daemon::start(flows.path(), data.path(), &[]);
    daemon.wait_told("jira-sim", "Initial sync completed", 1);

    let ticket = jira.order(&json!({"create": {"project": "USER-A", "summary": "It does not start"}}));
    jira.bring(&ticket, "Will Do");
    let work = eventually("the ticket gets a dev issue", || {
        let issues = jira.control("GET", "/issues?project=DEV-A", &Value::Null);
        issues["entries"][0]["key"].as_str().map(str::to_owned)
    });
    let comment = json!(format!("Dev issue: {work}"));
    eventually("the customer is told", || (jira.issue(&ticket)["comments"][0]["text"] == comment).then_some(()));
    let link = format!("Dev Link: {}/browse/{work}", jira.said("url"));
    assert!(jira.issue(&ticket)["description"].as_str().unwrap().contains(&link));

    jira.bring(&work, "In Progress");
    jira.wait_for_status(&ticket, "In Progress");
    jira.bring(&work, "Closed");
    jira.wait_for_status(&ticket, "Resolved");
}

#[test]
fn it_says_why_it_does_not_start() {
    let jira = JiraSim::start("cloud");
    let taken = jira.said("url").trim_start_matches("http://").to_owned();
    for (args, code, why) in [
        (["--listen", &taken], 1, "name another address with --listen"),
        (["--time-zone", "Mars/Crater"], 1, "there is no time zone \"Mars/Crater\""),
        (["--projects", "A:customer,A:customer"], 1, "the project A is named twice"),
        (["--projects", "A:clients"], 2, "neither customer nor development"),
        (["--index-lag", "long"], 2, "\"long\""),
    ] {
        let mut command = vec!["jira-sim"];
        command.extend(if args[0] == "--listen" { [].as_slice() } else { &["--listen", "127.0.0.1:0"] });
        command.extend(args);
        let output = lockstep(&command, &[]).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{command:?}: {said}");
        assert!(said.contains(why), "{command:?}: {said}");
    }
}
