//! Descriptions on their way from a ticket to its dev issue: what stays as it is, what can't, and that it is told.

use http::Method;
use jira_sim::faults::{Kind, Rule, When};
use jira_sim::{Account, Flavour};
use serde_json::{Value, json};
use testing::house::{Crash, End, FLAVOURS, House, MINUTE, at_every_gate, on_a_paused_clock};
use testing::story::{CUSTOMER, DEVELOPER, FIRE, InJira as _};

/// What is lost of either description, in words.
const LOST: &str = "of USER-A-1: 1 mention, 1 embedded file";

fn company(flavour: Flavour) -> House {
    House::quiet_with(7, |jira| {
        jira.flavour = flavour;
        // The customer works with programs too: only those write mentions, files and tables in one request.
        jira.accounts.push(Account::new(CUSTOMER, "Ines Moreau", "ines@example.net", "hers", chrono_tz::UTC));
    })
}

/// A ticket that mentions a person, shows a file and has a table, accepted.
async fn accepted(house: &House) {
    let issue = house.reports(FIRE, "");
    let description = match house.flavour {
        Flavour::Cloud => document(&mention(), &picture()),
        Flavour::DataCenter => json!("[~dev-bea], look:\n!fire.png|thumbnail!\n||Floor||Fires||\n|2|1|"),
    };
    let edit = json!({"fields": {"description": description}});
    assert_eq!(house.ask(Method::PUT, &format!("issue/{issue}"), edit).await, Value::Null);
    house.moves(CUSTOMER, &issue, "Will Do");
}

fn document(who: &Value, file: &Value) -> Value {
    let look = json!({"type": "paragraph", "content": [who, {"type": "text", "text": ", look:"}]});
    json!({"type": "doc", "version": 1, "content": [look, file, table(), layout()]})
}

/// How wide a column is whose border was dragged: more digits than a binary number keeps.
const WIDTH: &str = "36.762283096760996";

fn layout() -> Value {
    let column = |width: &str| {
        format!(r#"{{"type": "layoutColumn", "attrs": {{"width": {width}}}, "content": [{{"type": "paragraph"}}]}}"#)
    };
    let columns = [column(WIDTH), column("63.2377169032390040")].join(", ");
    serde_json::from_str(&format!(r#"{{"type": "layoutSection", "content": [{columns}]}}"#)).unwrap()
}

fn mention() -> Value {
    json!({"type": "mention", "attrs": {"id": DEVELOPER, "text": "@Bea"}})
}

fn picture() -> Value {
    let media = json!({"type": "media", "attrs": {"type": "file", "id": "f-1", "collection": "c", "alt": "fire.png"}});
    json!({"type": "mediaSingle", "attrs": {"layout": "center"}, "content": [media]})
}

fn table() -> Value {
    let cell = |kind: &str, text: &str| {
        let content = json!([{"type": "text", "text": text}]);
        json!({"type": kind, "attrs": {}, "content": [{"type": "paragraph", "content": content}]})
    };
    json!({"type": "table", "attrs": {"layout": "default"}, "content": [
        {"type": "tableRow", "content": [cell("tableHeader", "Floor"), cell("tableHeader", "Fires")]},
        {"type": "tableRow", "content": [cell("tableCell", "2"), cell("tableCell", "1")]},
    ]})
}

fn words(text: &str) -> Value {
    json!({"type": "text", "text": text})
}

/// No person is mentioned in an issue of another project, no file of another issue is shown; all else stays.
async fn arrives(house: &House) {
    let issue = house.ask(Method::GET, "issue/DEV-A-1?fields=description", Value::Null).await;
    let arrived = &issue["fields"]["description"];
    match house.flavour {
        Flavour::Cloud => {
            let file = json!({"type": "paragraph", "content": [words("[attachment: fire.png]")]});
            let expected = document(&words("@Bea"), &file);
            let nodes = arrived["content"].as_array().unwrap();
            assert_eq!(nodes[..4], *expected["content"].as_array().unwrap());
            assert!(arrived.to_string().contains(&format!("{{\"width\":{WIDTH}}}")), "{arrived}");
            assert_eq!(nodes.len(), 5, "the last one is the link");
        }
        Flavour::DataCenter => {
            let text = "@dev-bea, look:\n\\[attachment: fire.png\\]\n||Floor||Fires||\n|2|1|\n\nUser Link: ";
            assert!(arrived.as_str().unwrap().starts_with(text), "{arrived}");
        }
    }
    let told = house.events.about(LOST);
    assert_eq!((told.matches(LOST).count(), house.events.audited("text.lost")), (1, 1), "{told}");
    assert!(told.contains("Warn The description of DEV-A-1 lacks parts of that of USER-A-1"), "{told}");
}

#[test]
fn a_description_arrives_whole_but_for_mentions_and_files_told_once() {
    for flavour in FLAVOURS {
        on_a_paused_clock(async {
            let mut house = company(flavour);
            accepted(&house).await;
            house.cycles(2).await;
            arrives(&house).await;
        });
    }
}

#[test]
fn the_loss_is_told_although_the_answer_to_the_create_was_lost() {
    for flavour in FLAVOURS {
        on_a_paused_clock(async {
            let mut house = company(flavour);
            accepted(&house).await;
            let lost = Rule::on(Method::POST, &house.api("issue"), When::First(1), Kind::LostReply);
            house.site.faults(lost.into());
            house.live_for(30 * MINUTE).await;
            assert_eq!(house.events.audited("step.inDoubt"), 1);
            arrives(&house).await;
        });
    }
}

#[test]
fn the_loss_is_told_wherever_the_daemon_crashes() {
    at_every_gate(async |gate| {
        let mut house = company(Flavour::Cloud);
        accepted(&house).await;
        let crash = Crash::at(gate);
        house.live(End::Crash(crash.clone(), MINUTE)).await;
        let place = crash.place()?;
        house.live_for(30 * MINUTE).await;
        let told = house.events.audited("text.lost");
        // Twice if the crash came between telling and recording that the issue was created.
        assert!((1..=2).contains(&told), "told {told} times after a crash at {place}");
        Some(place)
    });
}

#[test]
fn a_description_without_such_things_loses_nothing() {
    for flavour in FLAVOURS {
        on_a_paused_clock(async {
            let mut house = company(flavour);
            house.accepts(CUSTOMER, "x", "Ask [~bea] or @Bea !now!");
            house.cycles(2).await;
            assert_eq!((house.dev_count(), house.events.audited("text.lost")), (1, 0));
        });
    }
}
