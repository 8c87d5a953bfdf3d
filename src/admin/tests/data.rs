//! What flows' data says, on their pages and in their histories.

use serde_json::{Value, json};

use super::{Duration, inhabited};
use crate::flow::{
    CreateIssue, Doubt, HistoryQuery, Intent, IntentKind, IntentState, IssueRef, LinkIssues, MissingDev, Origin, Pair,
    PairState, Side, Stage, Step, Told, Watermark,
};
use crate::supervisor::testing::{Act, nothing, text};
use crate::supervisor::{Failing, FullSync, HistoryPage, Listed, Patrol, Progress, Survey, Unread};
use crate::worker::Exit;

pub(super) fn issue(id: &str, key: &str) -> IssueRef {
    IssueRef { id: id.parse().unwrap(), key: key.parse().unwrap() }
}

/// A create of two steps, of which none is done.
pub(super) fn intent(stage: Stage) -> Intent {
    Intent {
        id: "i-1".parse().unwrap(),
        kind: IntentKind::Create,
        rule: Some("accepted".parse().unwrap()),
        source: Side::User,
        user: issue("10001", "USER-A-1"),
        dev: None,
        steps: vec![
            Step::Create(CreateIssue { cross_link: true }),
            Step::Link(LinkIssues { cross_link: true, comment: None, owed: None }),
        ],
        state: IntentState::stored(0, stage),
        begun: "2024-05-01T10:00:00Z".parse().unwrap(),
        settles_user: None,
        settles_dev: None,
    }
}

pub(super) fn in_doubt() -> Intent {
    intent(Stage::InDoubt(Doubt::since("2024-05-01T10:00:07Z".parse().unwrap())))
}

pub(super) fn all<T>(first: Vec<T>) -> Listed<T> {
    Listed { first, more: false }
}

pub(super) fn eventful() -> Survey {
    Survey {
        progress: Progress {
            last_sync: Some(Watermark("2024-05-01T09:00:00Z".parse().unwrap())),
            full_sync: FullSync::UnderWay { side: Side::Dev, done: 7 },
            patrol: Some(Patrol { begun: "2024-05-01T00:00:00Z".parse().unwrap(), under_way: true }),
        },
        intents: all(vec![in_doubt()]),
        failures: Listed {
            first: vec![Failing {
                side: Side::Dev,
                issue: issue("10022", "DEV-A-2"),
                attempts: 3,
                next_try: "2024-05-01T10:05:00Z".parse().unwrap(),
                why: "Jira says: the field is required".into(),
            }],
            more: true,
        },
        pairs: Listed {
            first: vec![Pair {
                user: issue("10003", "USER-A-3"),
                dev: issue("10023", "DEV-A-3"),
                origin: Origin::Created,
                state: PairState::Held,
            }],
            more: false,
        },
        missing: all(vec![MissingDev { user: issue("10004", "USER-A-4"), dev: "DEV-A-4".parse().unwrap() }]),
    }
}

pub(super) fn no_history() -> HistoryPage {
    HistoryPage { lines: Vec::new(), next: None }
}

#[tokio::test(start_paused = true)]
async fn a_flows_page_shows_what_its_data_says() {
    let inhabited = inhabited(&["a"], |_, _| Act::Idle).await;
    inhabited.workshop.set_data(Ok(eventful()), Ok(no_history()));
    let (code, page) = inhabited.shown("/flows/a").await;
    assert_eq!((code, &page["state"], &page["problems"]), (200, &json!("idle"), &json!([])));
    assert_eq!(page["lastSync"], "2024-05-01T09:00:00.000Z");
    assert_eq!(page["fullSync"], json!({"state": "underWay", "side": "dev", "done": 7}));
    assert_eq!(page["patrol"], json!({"begun": "2024-05-01T00:00:00.000Z", "underWay": true}));
    let intent = json!({
        "id": "i-1", "kind": "create", "state": "inDoubt", "doubtSince": "2024-05-01T10:00:07.000Z",
        "rule": "accepted", "source": "user", "user": {"id": "10001", "key": "USER-A-1"}, "dev": null,
        "step": "create", "stepsDone": 0, "steps": 2, "begun": "2024-05-01T10:00:00.000Z",
    });
    assert_eq!(page["intents"], json!({"list": [intent], "more": false}));
    let failure = json!({
        "side": "dev", "issue": {"id": "10022", "key": "DEV-A-2"}, "attempts": 3,
        "nextTry": "2024-05-01T10:05:00.000Z", "why": "Jira says: the field is required",
    });
    assert_eq!(page["failures"], json!({"list": [failure], "more": true}));
    let pair = json!({
        "user": {"id": "10003", "key": "USER-A-3"}, "dev": {"id": "10023", "key": "DEV-A-3"}, "state": "held",
    });
    assert_eq!(page["pairs"], json!({"list": [pair], "more": false}));
    let missing = json!({"user": {"id": "10004", "key": "USER-A-4"}, "devKey": "DEV-A-4"});
    assert_eq!(page["missing"], json!({"list": [missing], "more": false}));
    assert_eq!(page["error"], Value::Null);
}

#[tokio::test(start_paused = true)]
async fn writes_in_hand_and_owed_ones_are_no_doubts() {
    let inhabited = inhabited(&["a"], |_, _| Act::Idle).await;
    let list = Listed { first: vec![intent(Stage::InHand), intent(Stage::Owed), in_doubt()], more: false };
    inhabited.workshop.set_data(Ok(Survey { intents: list, ..nothing() }), Ok(no_history()));
    let (_, page) = inhabited.shown("/flows/a").await;
    let states: Vec<_> = page["intents"]["list"].as_array().unwrap().iter().map(|one| one["state"].clone()).collect();
    assert_eq!(states, ["inHand", "owed", "inDoubt"]);
    assert_eq!((&page["fullSync"], &page["lastSync"]), (&json!({"state": "notBegun"}), &Value::Null));
}

#[tokio::test(start_paused = true)]
async fn a_flow_whose_data_can_not_be_read_is_shown_as_far_as_it_is_known() {
    let inhabited = inhabited(&["a"], |_, _| Act::Idle).await;
    let away = || Unread { why: "data/a.sqlite is not available: disk I/O error".into() };
    inhabited.workshop.set_data(Err(away()), Err(away()));
    let (code, page) = inhabited.shown("/flows/a").await;
    assert_eq!((code, &page["state"], &page["name"]), (503, &json!("idle"), &json!("a")));
    assert_eq!((&page["error"], &page["intents"]), (&json!(away().why), &Value::Null));
    assert_eq!(inhabited.shown("/flows/a/history").await, (503, json!({"error": away().why})));
    assert_eq!(inhabited.shown("/flows").await.0, 200);
}

#[tokio::test(start_paused = true)]
async fn data_is_shown_without_a_worker() {
    let script = |_: &str, _: usize| Act::EndAfter(Duration::ZERO, Exit::Refused { why: "401".into() });
    let inhabited = inhabited(&["a"], script).await;
    inhabited.workshop.set_data(Ok(eventful()), Ok(no_history()));
    let (code, page) = inhabited.shown("/flows/a").await;
    assert_eq!((code, &page["state"], &page["why"]), (200, &json!("parked"), &json!("401")));
    assert_eq!(page["pairs"]["list"][0]["state"], "held");
    assert_eq!(inhabited.shown("/flows/a/history").await.0, 200);
}

#[tokio::test(start_paused = true)]
async fn a_flow_that_is_not_there_is_told_from_one_whose_file_is_refused() {
    let inhabited = inhabited(&["a"], |_, _| Act::Idle).await;
    for path in ["/flows/b", "/flows/b/history", "/flows/..%2Fa", "/flows/..%2Fa/history"] {
        let (code, answer) = inhabited.shown(path).await;
        assert!(code == 404 && answer["error"].as_str().unwrap().starts_with("there is no flow"), "{path}: {answer}");
    }
    std::fs::write(inhabited.dir.path().join("b.json"), "{").unwrap();
    std::fs::write(inhabited.dir.path().join("a.json"), text("a", 5).replace("\"rules\"", "\"rulez\"")).unwrap();
    tokio::time::sleep(Duration::from_secs(10)).await;
    for path in ["/flows/b", "/flows/b/history"] {
        let (code, answer) = inhabited.shown(path).await;
        assert!(code == 404 && answer["error"].as_str().unwrap().contains("b.json is refused: "), "{path}: {answer}");
    }
    let (code, page) = inhabited.shown("/flows/a").await;
    assert_eq!((code, &page["state"]), (200, &json!("idle")), "the last good flow runs on");
    assert!(page["problems"].to_string().contains("rulez: unknown field"), "{page}");
}

pub(super) fn told(number: u64, fields: &str) -> Told {
    Told {
        number,
        at: "2024-05-01T10:00:00.123Z".parse().unwrap(),
        issue: issue("10001", "USER-A-1"),
        level: "warn".into(),
        event: Some("pair.held".into()),
        message: "Pair held".into(),
        fields: fields.into(),
    }
}

#[tokio::test(start_paused = true)]
async fn history_is_shown_page_by_page_as_it_was_asked_for() {
    let inhabited = inhabited(&["a"], |_, _| Act::Idle).await;
    let lines = vec![told(9, r#"{"writes": 6, "reason": "ping-pong", "resumed": true, "lost": ["x"]}"#), told(8, "?")];
    inhabited.workshop.set_data(Ok(nothing()), Ok(HistoryPage { lines, next: Some(8) }));
    let (code, page) = inhabited.shown("/flows/a/history?issue=user-a-1&before=12&limit=2").await;
    let line = |number: u64, fields: Value| {
        json!({
            "number": number, "at": "2024-05-01T10:00:00.123Z", "issue": {"id": "10001", "key": "USER-A-1"},
            "level": "warn", "event": "pair.held", "message": "Pair held", "fields": fields,
        })
    };
    let fields = json!({"writes": 6, "reason": "ping-pong", "resumed": true, "lost": ["x"]});
    assert_eq!((code, page), (200, json!({"lines": [line(9, fields), line(8, json!("?"))], "next": 8})));
    let query = HistoryQuery { issue: Some("USER-A-1".parse().unwrap()), before: Some(12), most: 2 };
    assert_eq!(inhabited.workshop.asked(), [("a".to_owned(), query)]);
}

#[tokio::test(start_paused = true)]
async fn a_history_asked_for_wrongly_is_not_read() {
    let inhabited = inhabited(&["a"], |_, _| Act::Idle).await;
    let (code, answer) = inhabited.shown("/flows/a/history?limit=many").await;
    assert_eq!((code, answer), (400, json!({"error": "limit must be a number from 1 to 500"})));
    assert_eq!(inhabited.workshop.asked(), []);
}
