//! The complete answers of the admin server, to the byte, as `src/api/answers.txt` has them.

use std::fs;

use super::data::{all, eventful, in_doubt, intent, issue, no_history, told};
use super::*;
use crate::api;
use crate::flow::{Intent, IntentState, Origin, Pair, PairState, Stage};
use crate::supervisor::testing::nothing;
use crate::supervisor::{FullSync, HistoryPage, Progress, Survey, Unread};

fn on_file() -> Vec<String> {
    api::tests::on_file().iter().map(|it| format!("{} -> {} {}", it.request, it.code, it.body)).collect()
}

/// What the server answered, in order.
#[derive(Default)]
struct Answers(Vec<String>);

impl Answers {
    /// A GET by a client with the token.
    async fn get(&mut self, of: &Inhabited, uri: &str, situation: &str) {
        self.add(of, asked("GET", uri, "", |_| {}), situation).await;
    }

    async fn post(&mut self, of: &Inhabited, uri: &str, body: &str) {
        self.add(of, asked("POST", uri, body, |_| {}), &format!(": {body}")).await;
    }

    /// A GET with this header changed.
    async fn get_with(&mut self, of: &Inhabited, (name, value): (&'static str, &str)) {
        let request = asked("GET", "/api/v1/flows", "", |headers| {
            headers.insert(name, value.parse().unwrap());
        });
        self.add(of, request, format!(": {name}: {value}").trim_end()).await;
    }

    async fn add(&mut self, of: &Inhabited, request: Request<Body>, situation: &str) {
        let asked = format!("{} {}{situation}", request.method(), request.uri());
        let (code, body) = of.answered(request).await;
        let body = body.replace(of.dir.path().to_str().unwrap(), "flows.d");
        self.0.push(format!("{asked} -> {} {}", code.as_u16(), body.trim_end()));
    }
}

fn pair(number: u8, state: PairState) -> Pair {
    let (user, dev) = (issue("10003", &format!("USER-A-{number}")), issue("10023", &format!("DEV-A-{number}")));
    Pair { user, dev, origin: Origin::Created, state }
}

/// A flow's data with one of each kind.
fn everything() -> Survey {
    let all_done = IntentState::stored(2, Stage::InHand);
    let done = Intent { dev: Some(issue("10021", "DEV-A-1")), rule: None, state: all_done, ..intent(Stage::InHand) };
    let states = [PairState::Suspended, PairState::Broken, PairState::Held, PairState::Unpaired];
    Survey {
        intents: all(vec![in_doubt(), intent(Stage::Owed), intent(Stage::InHand), done]),
        pairs: all((3..).zip(states).map(|(number, state)| pair(number, state)).collect()),
        ..eventful()
    }
}

fn with_full_sync(full_sync: FullSync) -> Survey {
    Survey { progress: Progress { full_sync, ..nothing().progress }, ..nothing() }
}

async fn of_flows_and_their_data(answers: &mut Answers) {
    let script = |name: &str, nth: usize| match (name, nth) {
        ("limited", _) => Act::Limited(Duration::from_secs(1800)),
        ("noticed", 0) => {
            Act::Notice("no status Doen", Duration::from_secs(5), Exit::Failed { why: "503".into(), at_least: None })
        }
        ("parked", _) => Act::EndAfter(Duration::ZERO, Exit::Refused { why: "401: \"no\"".into() }),
        _ => Act::Idle,
    };
    let of = inhabited(&["idle", "limited", "noticed", "parked"], script).await;
    let fields = r#"{"writes": 6, "reason": "ping-pong", "resumed": true, "lost": ["x"]}"#;
    let plain = crate::flow::Told { event: None, ..told(7, "?") };
    let lines = vec![told(9, fields), told(8, r#"{"writes": -1}"#), plain];
    of.workshop.set_data(Ok(everything()), Ok(HistoryPage { lines, next: Some(7) }));
    for uri in ["/health", "/health?strict", "/livez", "/readyz", "/api/v1/flows", "/api/v1/flows/idle"] {
        answers.get(&of, uri, "").await;
    }
    answers.get(&of, "/api/v1/flows/idle/history", "").await;

    of.workshop.set_data(Ok(nothing()), Ok(no_history()));
    answers.get(&of, "/api/v1/flows/limited", ": new").await;
    answers.get(&of, "/api/v1/flows/limited/history", ": new").await;
    for (situation, full_sync) in [(": incomplete", FullSync::Incomplete), (": completed", FullSync::Completed)] {
        of.workshop.set_data(Ok(with_full_sync(full_sync)), Ok(no_history()));
        answers.get(&of, "/api/v1/flows/limited", situation).await;
    }

    let away = || Unread { why: "data/a.sqlite is not available: disk I/O error".into() };
    of.workshop.set_data(Err(away()), Err(away()));
    for name in ["idle", "new"] {
        let refused = text(name, 5).replace("\"rules\"", "\"rulez\"");
        fs::write(of.dir.path().join(format!("{name}.json")), refused).unwrap();
    }
    tokio::time::sleep(Duration::from_secs(10)).await;
    answers.get(&of, "/api/v1/flows/idle", ": no data, and a refused file").await;
    answers.get(&of, "/api/v1/flows/idle/history", ": no data").await;
    answers.get(&of, "/api/v1/flows/new", ": a refused file").await;
    answers.get(&of, "/api/v1/flows/other", "").await;
    answers.get(&of, "/api/v1/flows/idle/history?limit=many", "").await;
}

async fn of_orders(answers: &mut Answers) {
    let script = |name: &str, _: usize| match name {
        "parked" => Act::EndAfter(Duration::ZERO, Exit::Refused { why: "401".into() }),
        "busy" => Act::Hang,
        _ => Act::Execute,
    };
    let of = inhabited(&["a", "parked", "busy"], script).await;
    answers.post(&of, "/api/v1/flows/a/pair", PAIR).await;
    answers.post(&of, "/api/v1/flows/a/recreate", r#"{"user": "USER-A-1"}"#).await;
    answers.post(&of, "/api/v1/flows/a/unpair", r#"{"issue": "DEV-A-7"}"#).await;
    answers.post(&of, "/api/v1/flows/parked/pair", PAIR).await;
    answers.post(&of, "/api/v1/flows/busy/pair", PAIR).await;
    answers.post(&of, "/api/v1/flows/a/pair", r#"{"user": "USER-A-1"}"#).await;
    answers.post(&of, "/api/v1/flows/a/unpair", r#"{"issue": "seven"}"#).await;
    answers.post(&of, "/api/v1/flows/a/recreate", r#"{"user": "USER-A-1", "force": true}"#).await;
}

async fn of_what_is_turned_away(answers: &mut Answers) {
    let of = with_log(None, &[], |_, _| Act::Idle).await;
    answers.get(&of, "/health", ": no flows").await;
    answers.get(&of, "/api/v1/flows", ": no flows, no log").await;
    answers.get(&of, "/api/v1/nothing", "").await;
    answers.get(&of, "/api/v1/flows/a/pair", "").await;
    answers.post(&of, "/api/v1/flows/a/pair", PAIR).await;
    for header in [
        ("authorization", ""),
        ("authorization", "Bearer wrong"),
        ("origin", "https://evil.example.net"),
        ("host", "evil.example.net"),
    ] {
        answers.get_with(&of, header).await;
    }
}

#[tokio::test(start_paused = true)]
async fn every_answer_is_the_one_on_file_to_the_byte() {
    let mut answers = Answers::default();
    of_flows_and_their_data(&mut answers).await;
    of_orders(&mut answers).await;
    of_what_is_turned_away(&mut answers).await;
    assert_eq!(answers.0, on_file(), "found:\n{}", answers.0.join("\n"));
}
