//! Transitions: which of several is taken, what is sent of the resolution, and what a refusal leads to.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::{Method, StatusCode};
use jira_sim::faults::{Effect, Kind, Rule, When};
use jira_sim::fields::FieldKind;
use jira_sim::{Action, CustomField, Flavour, Screen, Setup, Transition, Workflow};
use serde_json::{Value, json};
use testing::house::{Crash, End, FLAVOURS, HOUR, House, MINUTE, at_every_gate, on_a_paused_clock};
use testing::story::{CUSTOMER, InJira as _, USER_PROJECT};

const SECOND: Duration = Duration::from_secs(1);
const TEAM: &str = "customfield_10010";
const TRANSITIONS: &str = "issue/{issueIdOrKey}/transitions";

/// One flow whose file says these members besides, on a site whose customers' issues go these ways.
fn company(flavour: Flavour, members: Value, ways: impl Fn(Workflow) -> Workflow, set: impl Fn(&mut Setup)) -> House {
    let house = House::quiet_with(7, |jira| {
        jira.flavour = flavour;
        jira.custom_fields.push(CustomField::new(10010, "Team", FieldKind::Text));
        let project = jira.projects.iter_mut().find(|project| project.key == USER_PROJECT).unwrap();
        project.workflow = ways(project.workflow.clone());
        set(jira);
    });
    house.flow_fixture().with(members).write();
    house
}

/// The way into Resolved demands a team; so do so many others that lead there.
fn demanding(others: usize) -> impl Fn(Workflow) -> Workflow {
    move |workflow| {
        let team = || Screen::of(&["customfield_10010!"]);
        let first = workflow.changing("Resolve", |it| it.screen(team()));
        (0..others).fold(first, |ways, n| ways.with(Transition::to(&format!("Fix {n}"), "Resolved").screen(team())))
    }
}

/// One more way into Resolved that demands nothing.
fn free(workflow: Workflow) -> Workflow {
    workflow.with(Transition::to("Finish", "Resolved"))
}

/// A pair whose dev issue was closed just now.
async fn closed(house: &mut House) {
    accepted(house).await;
    house.moves(CUSTOMER, "DEV-A-1", "Closed");
    // Until searches know.
    house.clock.sleep(MINUTE).await;
}

async fn accepted(house: &mut House) {
    house.accepts_ticket(CUSTOMER);
    house.live_for(6 * MINUTE).await;
}

fn resolution(house: &House) -> Option<String> {
    house.site.issue("USER-A-1").unwrap().fields.get("resolution").cloned()
}

#[test]
fn of_several_transitions_the_one_that_demands_nothing_is_taken() {
    for flavour in FLAVOURS {
        on_a_paused_clock(async {
            let mut house = company(flavour, json!({}), |workflow| free(demanding(1)(workflow)), |_| {});
            closed(&mut house).await;
            house.live_for(6 * MINUTE).await;
            assert_eq!(
                (house.status("USER-A-1").as_str(), house.requests_to("POST", TRANSITIONS)),
                ("Resolved", 1),
                "{}",
                house.about("USER-A-1")
            );
            assert_eq!(house.disagreements(), [""; 0]);
        });
    }
}

#[test]
fn after_a_refusal_the_next_transition_is_tried() {
    for flavour in FLAVOURS {
        on_a_paused_clock(async {
            let hiding = |jira: &mut Setup| jira.under_reported_fields = true;
            let mut house = company(flavour, json!({}), |workflow| free(demanding(0)(workflow)), hiding);
            closed(&mut house).await;
            house.live_for(6 * MINUTE).await;
            assert_eq!(
                (house.status("USER-A-1").as_str(), house.requests_to("POST", TRANSITIONS)),
                ("Resolved", 2),
                "{}",
                house.about("USER-A-1")
            );
            assert_eq!((house.events.audited("issue.failed"), house.disagreements()), (0, vec![]));
        });
    }
}

#[test]
fn at_most_three_transitions_are_tried_and_each_refusal_is_told() {
    on_a_paused_clock(async {
        let hiding = |jira: &mut Setup| jira.under_reported_fields = true;
        let mut house = company(Flavour::Cloud, json!({}), |workflow| free(demanding(3)(workflow)), hiding);
        closed(&mut house).await;
        house.live_for(10 * SECOND).await;
        assert_eq!(
            (house.status("USER-A-1").as_str(), house.requests_to("POST", TRANSITIONS)),
            ("Will Do", 3),
            "{}",
            house.about("USER-A-1")
        );
        let told = house.events.about("Team is required");
        assert!(["Resolve: ", "Fix 0: ", "Fix 1: "].iter().all(|name| told.contains(name)), "{told}");
        assert!(!told.contains("demands a resolution"), "{told}");
    });
}

#[test]
fn no_other_transition_is_tried_where_jira_did_not_clearly_refuse() {
    for (code, effect) in [
        (StatusCode::CONFLICT, Effect::Before),
        (StatusCode::SERVICE_UNAVAILABLE, Effect::Before),
        (StatusCode::INTERNAL_SERVER_ERROR, Effect::After),
    ] {
        on_a_paused_clock(async {
            let mut house = company(Flavour::DataCenter, json!({}), |workflow| free(free(workflow)), |_| {});
            let fault = Kind::ServerError { status: code, effect };
            house.site.add_fault(Rule::on(Method::POST, &house.api(TRANSITIONS), When::First(1), fault));
            closed(&mut house).await;
            house.live_for(10 * SECOND).await;
            assert_eq!(house.requests_to("POST", TRANSITIONS), 1, "{code}: {}", house.about("USER-A-1"));
            house.live_for(HOUR).await;
            let changes = house.site.issue("USER-A-1").unwrap().history;
            let resolved = changes.iter().filter(|change| change.to == "Resolved").count();
            assert_eq!(
                (house.status("USER-A-1").as_str(), resolved),
                ("Resolved", 1),
                "{code}: {}",
                house.about("USER-A-1")
            );
            assert_eq!(house.disagreements(), [""; 0], "{code}");
        });
    }
}

#[test]
fn after_a_refusal_nothing_is_tried_for_an_issue_that_a_person_moved() {
    on_a_paused_clock(async {
        let hiding = |jira: &mut Setup| jira.under_reported_fields = true;
        let mut house = company(Flavour::Cloud, json!({}), |workflow| free(demanding(0)(workflow)), hiding);
        let (site, done) = (Arc::clone(&house.site), AtomicBool::new(false));
        house.twist(move |_, path, answer| {
            let refused = path.ends_with("/transitions") && answer["errors"].is_object();
            if refused && !done.swap(true, Ordering::Relaxed) {
                site.moves(CUSTOMER, "USER-A-1", "Declined");
            }
        });
        closed(&mut house).await;
        house.live_for(10 * SECOND).await;
        let history = house.site.issue("USER-A-1").unwrap().history;
        let resolved = history.iter().filter(|change| change.to == "Resolved").count();
        assert_eq!((house.status("USER-A-1").as_str(), resolved), ("Declined", 0), "{}", house.about("USER-A-1"));
        assert!(!house.events.about("movedMeanwhile").is_empty(), "{}", house.about("USER-A-1"));
    });
}

#[test]
fn a_crash_at_any_gate_of_several_tries_moves_and_tells_once() {
    let places = at_every_gate(async |gate| {
        let hiding = |jira: &mut Setup| jira.under_reported_fields = true;
        let mut house = company(Flavour::Cloud, json!({}), |workflow| free(demanding(0)(workflow)), hiding);
        closed(&mut house).await;
        let crash = Crash::at(gate);
        house.live(End::Crash(crash.clone(), 6 * MINUTE)).await;
        let place = crash.place()?;
        house.live_for(20 * MINUTE).await;
        let user = house.site.issue("USER-A-1").unwrap();
        let resolved = user.history.iter().filter(|change| change.to == "Resolved").count();
        let said = user.comments.iter().filter(|comment| comment.text == "Fixed in DEV-A-1").count();
        assert_eq!((resolved, said), (1, 1), "after a crash at {place}: {}", house.about("USER-A-1"));
        assert_eq!(house.disagreements(), [""; 0], "after a crash at {place}");
        Some(place)
    });
    assert!(places.iter().filter(|place| place.contains("/transitions")).count() >= 4, "{places:#?}");
}

/// Whether the screens into and out of Resolved show the resolution, and whether they demand it.
fn showing(field: &'static str) -> impl Fn(Workflow) -> Workflow {
    move |workflow| {
        let shown = |it: Transition| it.screen(Screen::of(&[field]));
        workflow.changing("Resolve", shown).changing("Start progress", shown)
    }
}

fn resolved_as(house: &House, name: &str) {
    let value = json!({"name": name});
    house.act(CUSTOMER, Action::Fill { issue: "USER-A-1".to_owned(), field: "resolution".to_owned(), value });
}

/// Closed at the dev side, then opened again there.
async fn there_and_back(house: &mut House) -> [Option<String>; 2] {
    closed(house).await;
    house.live_for(6 * MINUTE).await;
    assert_eq!(house.status("USER-A-1"), "Resolved", "{}", house.about("USER-A-1"));
    let there = resolution(house);
    house.moves(CUSTOMER, "DEV-A-1", "Reopened");
    house.moves(CUSTOMER, "DEV-A-1", "In Progress");
    house.live_for(6 * MINUTE).await;
    assert_eq!(house.status("USER-A-1"), "In Progress", "{}", house.about("USER-A-1"));
    [there, resolution(house)]
}

#[test]
fn a_resolution_is_given_on_the_way_into_done_and_emptied_on_the_way_out() {
    for flavour in FLAVOURS {
        on_a_paused_clock(async {
            let mut house = company(flavour, json!({"resolution": "Done"}), showing("resolution"), |_| {});
            assert_eq!(there_and_back(&mut house).await, [Some("Done".to_owned()), None]);
            assert_eq!(house.events.audited("issue.failed"), 0);
        });
    }
}

#[test]
fn a_resolution_that_can_not_be_emptied_stays_and_that_is_told() {
    on_a_paused_clock(async {
        let set = |jira: &mut Setup| jira.resolutions_cannot_be_emptied = true;
        let mut house = company(Flavour::DataCenter, json!({"resolution": "Done"}), showing("resolution"), set);
        let done = || Some("Done".to_owned());
        assert_eq!(there_and_back(&mut house).await, [done(), done()]);
        let told = house.events.about("Jira refuses the resolution for USER-A-1");
        assert_eq!((told.lines().count(), told.contains("it stays")), (1, true), "{told}");
    });
}

#[test]
fn a_resolution_that_a_person_chose_is_kept_unless_a_rule_names_another() {
    for (members, of_rule, kept) in
        [(json!({"resolution": "Done"}), None, "Duplicate"), (json!({}), Some("Done"), "Done")]
    {
        for screen in ["resolution", "resolution!"] {
            on_a_paused_clock(async {
                let set = |jira: &mut Setup| jira.transitions_want_values_again = true;
                let mut house = company(Flavour::Cloud, members.clone(), showing(screen), set);
                if let Some(resolution) = of_rule {
                    let closed = |flow: &mut Value| flow["rules"][2]["actions"]["resolution"] = resolution.into();
                    house.flow_fixture().change(closed).write();
                }
                accepted(&mut house).await;
                resolved_as(&house, "Duplicate");
                house.moves(CUSTOMER, "DEV-A-1", "Closed");
                house.live_for(6 * MINUTE).await;
                let about = house.about("USER-A-1");
                assert_eq!(
                    (house.status("USER-A-1").as_str(), resolution(&house).as_deref()),
                    ("Resolved", Some(kept)),
                    "{about}"
                );
            });
        }
    }
}

#[test]
fn the_flows_resolution_is_not_sent_with_a_status_that_is_not_done() {
    for (screen, expected) in [("resolution", None), ("resolution!", Some("Done"))] {
        on_a_paused_clock(async {
            let mut house = company(Flavour::Cloud, json!({"resolution": "Done"}), showing(screen), |_| {});
            accepted(&mut house).await;
            house.moves(CUSTOMER, "DEV-A-1", "In Progress");
            house.live_for(6 * MINUTE).await;
            let about = house.about("USER-A-1");
            assert_eq!(
                (house.status("USER-A-1").as_str(), resolution(&house).as_deref()),
                ("In Progress", expected),
                "{about}"
            );
        });
    }
}

#[test]
fn what_another_field_demands_is_not_told_as_a_lack_of_a_resolution() {
    on_a_paused_clock(async {
        let screen = |it: Transition| it.screen(Screen::of(&["resolution!", "customfield_10010!"]));
        let mut house =
            company(Flavour::Cloud, json!({"resolution": "Done"}), |ways| ways.changing("Resolve", screen), |_| {});
        closed(&mut house).await;
        house.live_for(6 * MINUTE).await;
        let told = house.events.about("Team is required");
        assert!(!told.is_empty() && !told.contains("demands a resolution"), "{told}");
        let value = Value::from("Red");
        house.act(CUSTOMER, Action::Fill { issue: "USER-A-1".to_owned(), field: TEAM.to_owned(), value });
        house.live_for(2 * HOUR).await;
        assert_eq!((house.status("USER-A-1").as_str(), resolution(&house).as_deref()), ("Resolved", Some("Done")));
    });
}
