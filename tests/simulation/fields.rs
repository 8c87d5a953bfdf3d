//! Resolutions, replied fields, mapped fields, links without room and texts that were saved while we linked: what the
//! steps beside creates and statuses do, and that a crash makes none of them happen twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::{Method, StatusCode};
use jira_sim::faults::{Effect, Kind, Rule, When};
use jira_sim::fields::FieldKind;
use jira_sim::{Account, CustomField, Flavour, Project, Screen, Screens, Setup, Workflow};
use serde_json::{Value, json};
use testing::house::{Crash, End, FLAVOURS, HOUR, House, MINUTE, at_every_gate, cycles, on_a_paused_clock};
use testing::story::{CUSTOMER, DEV_PROJECT, DEVELOPER, FIRE, InJira as _, USER_PROJECT};

const REPLIED: &str = "customfield_10042";

/// One flow whose file says these members besides, on a site that is changed before it is born.
fn company(flavour: Flavour, members: Value, change: impl FnOnce(&mut Setup)) -> House {
    let house = House::quiet_with(7, |jira| {
        jira.flavour = flavour;
        change(jira);
    });
    house.flow_fixture().with(members).write();
    house
}

fn project<'a>(jira: &'a mut Setup, key: &str) -> &'a mut Project {
    jira.projects.iter_mut().find(|project| project.key == key).unwrap()
}

/// Customers' issues have a field that says whether they were answered, and a resolution that their resolving demands.
fn answering(jira: &mut Setup) {
    jira.custom_fields.push(CustomField::new(10042, "Replied", FieldKind::Flag));
    jira.screens.insert(USER_PROJECT.to_owned(), Screens::default().with(&[REPLIED]));
    demanding(jira);
}

fn demanding(jira: &mut Setup) {
    let asks = |workflow: Workflow| workflow.changing("Resolve", |it| it.screen(Screen::of(&["resolution!"])));
    let project = project(jira, USER_PROJECT);
    project.workflow = asks(project.workflow.clone());
}

fn field(house: &House, id: &str) -> Option<String> {
    house.site.issue("USER-A-1").unwrap().fields.get(id).cloned()
}

/// How often something changed in an issue, by its changelog.
fn changes(house: &House, field: &str) -> usize {
    house.site.issue("USER-A-1").unwrap().history.iter().filter(|change| change.field == field).count()
}

/// How often history has it.
fn recorded(house: &House, event: &str) -> i64 {
    let database = house.data.database();
    database.query_row("SELECT count(*) FROM history WHERE event = ?1", [event], |row| row.get(0)).unwrap()
}

/// Resolved, said so, answered: each once, in Jira and in history.
fn is_answered(house: &House, when: &str) {
    let about = || house.about("USER-A-1");
    assert_eq!(field(house, "resolution").as_deref(), Some("Done"), "{when}: {}", about());
    assert_eq!(field(house, REPLIED).as_deref(), Some("true"), "{when}: {}", about());
    assert_eq!(
        (changes(house, "Replied"), house.count_comments("USER-A-1", "Fixed in DEV-A-1")),
        (1, 1),
        "{when}: {}",
        about()
    );
    let history = ["action.syncStatus", "action.comment", "action.setReplied"].map(|event| recorded(house, event));
    // The other comment came with the link.
    assert_eq!(history, [1, 2, 1], "{when}");
    assert_eq!(house.disagreements(), [""; 0], "{when}");
}

fn answering_flow() -> Value {
    json!({"repliedField": "Replied", "resolution": "done"})
}

#[test]
fn a_status_crosses_with_its_resolution_a_comment_and_the_replied_field() {
    for flavour in FLAVOURS {
        for under_reported in [false, true] {
            on_a_paused_clock(async {
                let mut house = company(flavour, answering_flow(), |jira| {
                    answering(jira);
                    jira.under_reported_fields = under_reported;
                });
                house.accepts_ticket(CUSTOMER);
                house.live_for(6 * MINUTE).await;
                assert_eq!(field(&house, REPLIED), None);
                house.moves(DEVELOPER, "DEV-A-1", "Closed");
                house.cycles(2).await;
                is_answered(&house, &format!("{flavour:?}, under-reported: {under_reported}"));
                assert_eq!(house.events.audited("action.setReplied"), 1);
            });
        }
    }
}

#[test]
fn a_resolution_is_not_sent_where_the_screen_has_none() {
    on_a_paused_clock(async {
        let mut house = company(Flavour::Cloud, json!({"resolution": "Done"}), |_| {});
        house.accepts_ticket(CUSTOMER);
        house.live_for(6 * MINUTE).await;
        house.moves(DEVELOPER, "DEV-A-1", "Closed");
        house.cycles(2).await;
        assert_eq!(house.disagreements(), [""; 0]);
        assert_eq!((field(&house, "resolution"), house.events.audited("issue.failed")), (None, 0));
    });
}

#[test]
fn a_demanded_resolution_without_configuration_is_asked_for_by_name() {
    for members in [json!({}), json!({"resolution": "Fixed"})] {
        on_a_paused_clock(async {
            let mut house = company(Flavour::Cloud, members.clone(), demanding);
            house.accepts_ticket(CUSTOMER);
            house.live_for(6 * MINUTE).await;
            house.moves(DEVELOPER, "DEV-A-1", "Closed");
            house.cycles(2).await;
            let told = house.events.about("demands a resolution");
            assert!(told.contains("`actions.resolution` of the rule dev-closed"), "{told}");
            assert!(told.contains("one of Done, Won't Do, Duplicate"), "{told}");
            assert_eq!(house.status("USER-A-1"), "Will Do");
        });
    }
}

#[test]
fn a_replied_field_that_jira_refuses_costs_a_warning_and_no_more() {
    for (field, why) in [("Answered", "Jira has no field Answered"), ("Replied", "appropriate screen")] {
        on_a_paused_clock(async {
            let mut house = company(Flavour::Cloud, json!({"repliedField": field}), |jira| {
                jira.custom_fields.push(CustomField::new(10042, "Replied", FieldKind::Flag));
            });
            house.accepts_ticket(CUSTOMER);
            house.live_for(6 * MINUTE).await;
            house.moves(DEVELOPER, "DEV-A-1", "Closed");
            house.live_for(2 * HOUR).await;
            let told = house.events.about("Jira refuses the repliedField");
            assert!(told.contains(why), "{why}: {told}");
            assert_eq!((told.lines().count(), house.events.audited("issue.failed")), (1, 0), "{told}");
            assert_eq!((house.count_comments("USER-A-1", "Fixed in DEV-A-1"), house.disagreements()), (1, vec![]));
        });
    }
}

#[test]
fn a_crash_at_any_gate_of_an_answer_makes_each_part_of_it_happen_once() {
    let places = at_every_gate(async |gate| {
        let mut house = company(Flavour::Cloud, answering_flow(), answering);
        house.accepts_ticket(CUSTOMER);
        house.live_for(6 * MINUTE).await;
        house.moves(DEVELOPER, "DEV-A-1", "Closed");
        let crash = Crash::at(gate);
        house.live(End::Crash(crash.clone(), cycles(2))).await;
        let place = crash.place()?;
        house.live_for(HOUR).await;
        is_answered(&house, &format!("after a crash at {place}"));
        Some(place)
    });
    for needed in ["/transitions", "/comment", "PUT"] {
        assert!(places.iter().any(|place| place.contains(needed)), "{places:#?}");
    }
}

#[test]
fn mapped_fields_reach_the_dev_issue_and_what_can_not_is_told() {
    on_a_paused_clock(async {
        let members = json!({"fieldMap": {"Severity": "Urgency", "labels": "labels"}});
        let mut house = company(Flavour::Cloud, members, |jira| {
            jira.accounts.push(Account::new(CUSTOMER, "Ines Moreau", "ines@example.net", "hers", chrono_tz::UTC));
            jira.custom_fields.push(CustomField::select(10050, "Severity", &["High", "Low"]));
            jira.custom_fields.push(CustomField::select(10051, "Urgency", &["Low"]));
            jira.screens.insert(USER_PROJECT.to_owned(), Screens::default().with(&["customfield_10050"]));
            jira.screens.insert(DEV_PROJECT.to_owned(), Screens::default().with(&["customfield_10051"]));
        });
        let issue = house.reports_ticket();
        house.labels(CUSTOMER, &issue, &["fire"]);
        let high = json!({"fields": {"customfield_10050": {"value": "High"}}});
        assert_eq!(house.ask(Method::PUT, &format!("issue/{issue}"), high).await, Value::Null);
        house.moves(CUSTOMER, &issue, "Will Do");
        house.cycles(2).await;
        let dev = house.site.issue("DEV-A-1").unwrap();
        assert_eq!(dev.fields.get("labels").map(String::as_str), Some("fire"), "{dev:#?}");
        let told = house.events.about("The field Urgency of USER-A-1 is left out of its dev issue");
        assert_eq!(told.lines().count(), 1, "{}", house.about("USER-A-1"));
    });
}

#[test]
fn a_mapped_field_that_jira_refuses_after_all_does_not_cost_the_dev_issue() {
    on_a_paused_clock(async {
        let mut house = company(Flavour::Cloud, json!({"fieldMap": {"labels": "labels"}}), |_| {});
        let refused = Kind::ServerError { status: StatusCode::BAD_REQUEST, effect: Effect::Before };
        house.site.faults(Rule::on(Method::POST, &house.api("issue"), When::First(1), refused).into());
        let issue = house.reports_ticket();
        house.labels(CUSTOMER, &issue, &["fire"]);
        house.moves(CUSTOMER, &issue, "Will Do");
        house.cycles(2).await;
        assert_eq!(house.disagreements(), [""; 0], "{}", house.about("USER-A-1"));
        assert_eq!(house.events.about("is left out of its dev issue").lines().count(), 1);
    });
}

/// As long as Jira lets one be.
fn endless() -> String {
    "a".repeat(32_760)
}

/// The text is as it was, and a remote link leads to the dev issue.
fn is_linked_remotely(house: &House, when: &str) {
    let user = house.site.issue("USER-A-1").unwrap();
    assert_eq!(user.description, endless(), "{when}");
    let links: Vec<_> = user.remote_links.iter().map(|link| (&*link.title, &*link.url)).collect();
    assert_eq!(links, [("Dev Link: DEV-A-1", "https://jira.example.net/browse/DEV-A-1")], "{when}");
    assert_eq!((user.comments.len(), house.dev_count()), (1, 1), "{when}");
}

#[test]
fn a_remote_link_replaces_a_line_without_room_wherever_we_crash() {
    for flavour in FLAVOURS {
        let places = at_every_gate(async |gate| {
            let mut house = company(flavour, json!({}), |_| {});
            house.accepts(CUSTOMER, FIRE, &endless());
            let crash = Crash::at(gate);
            house.live(End::Crash(crash.clone(), 6 * MINUTE)).await;
            let place = crash.place()?;
            house.live_for(HOUR).await;
            is_linked_remotely(&house, &format!("{flavour:?}: after a crash at {place}"));
            Some(place)
        });
        assert!(places.iter().any(|place| place.ends_with("/remotelink")), "{places:#?}");
    }
}

/// A person saves another text right after the daemon has read the description that it is about to link.
fn is_saved_meanwhile(house: &mut House, text: &'static str) {
    let (site, done) = (Arc::clone(&house.site), AtomicBool::new(false));
    house.twist(move |_, path, answer| {
        let is_fresh_read = path.ends_with("/bulkfetch") || path.contains("/issue/1");
        let tells_text = answer.to_string().contains("The printer is on fire");
        if is_fresh_read && tells_text && site.issue("DEV-A-1").is_some() && !done.swap(true, Ordering::Relaxed) {
            site.describes(CUSTOMER, "USER-A-1", text);
        }
    });
}

#[test]
fn a_text_saved_while_we_linked_is_put_back_wherever_we_crash() {
    for flavour in FLAVOURS {
        let places = at_every_gate(async |gate| {
            let mut house = company(flavour, json!({}), |_| {});
            house.accepts_ticket(CUSTOMER);
            is_saved_meanwhile(&mut house, "It was the toaster.");
            let crash = Crash::at(gate);
            house.live(End::Crash(crash.clone(), cycles(2))).await;
            let place = crash.place()?;
            house.live_for(HOUR).await;
            let text = house.site.issue("USER-A-1").unwrap().description;
            let link = "Dev Link: https://jira.example.net/browse/DEV-A-1";
            let about = || house.about("USER-A-1");
            assert!(text.starts_with("It was the toaster."), "{flavour:?}: after a crash at {place}: {}", about());
            assert_eq!(text.matches("Dev Link").count(), 1, "{flavour:?}: after a crash at {place}: {text} {link}");
            assert_eq!(house.disagreements(), [""; 0], "{flavour:?}: after a crash at {place}");
            Some(place)
        });
        assert!(places.iter().filter(|place| place.contains("PUT")).count() >= 4, "linked and put back: {places:#?}");
    }
}
