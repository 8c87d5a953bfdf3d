//! What an open list of writes still owes: while its pair is not kept in step, and until nobody doubts it any more.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use http::{Method, StatusCode};
use jira_sim::faults::{Effect, Kind, LateReply, Rule, When};
use jira_sim::{Action, Flavour, Rows};
use lockstep::demo::world;
use serde_json::{Value, json};
use testing::house::{FLAVOURS, HOUR, House, MINUTE, on_a_paused_clock};

const SECOND: Duration = Duration::from_secs(1);

/// A story on each kind of Jira.
fn on_both(story: impl AsyncFn(House)) {
    for flavour in FLAVOURS {
        on_a_paused_clock(story(House::quiet(flavour, 7)));
    }
}

fn accepted(house: &House) {
    let (project, summary, text) = ("USER-A".to_owned(), "The printer is on fire".to_owned(), "Again.".to_owned());
    let issue = house.act("customer-ines", Action::Create { project, summary, text });
    moves(house, &issue, "Will Do");
}

fn moves(house: &House, issue: &str, status: &str) {
    house.act("dev-bea", Action::Move { issue: issue.to_owned(), status: status.to_owned() });
}

fn goes_to(house: &House, issue: &str, project: &str) {
    house.act("dev-bea", Action::MoveToProject { issue: issue.to_owned(), project: project.to_owned() });
}

/// The first request to this resource fails so, and nothing happens.
fn fails_once(house: &House, method: Method, resource: &str, status: StatusCode) {
    let kind = Kind::ServerError { status, effect: Effect::Before };
    house.site.add_fault(Rule::on(method, &house.api(resource), When::First(1), kind));
}

fn said(house: &House, issue: &str) -> Vec<String> {
    house.site.issue(issue).unwrap().comments.into_iter().map(|comment| comment.text).collect()
}

/// A dev issue was closed, its customer's issue moved, and the comment on it is owed.
async fn with_a_comment_owed(house: &mut House) {
    accepted(house);
    house.live_for(12 * MINUTE).await;
    fails_once(house, Method::POST, "issue/{issueIdOrKey}/comment", StatusCode::CONFLICT);
    moves(house, "DEV-A-1", "Closed");
    house.clock.sleep(MINUTE).await;
    house.live_for(10 * SECOND).await;
    assert_eq!(house.events.audited("issue.failed"), 1, "the comment is owed");
}

#[test]
fn a_comment_that_is_owed_is_not_made_on_an_issue_that_left_before_anybody_noticed() {
    on_both(async |mut house| {
        with_a_comment_owed(&mut house).await;
        goes_to(&house, "USER-A-1", "USER-N");
        house.clock.sleep(2 * MINUTE).await;
        let writes = house.writes();
        house.live_for(3 * HOUR).await;
        assert_eq!((said(&house, "USER-N-1").len(), house.writes()), (1, writes), "{}", house.about("USER-N-1"));
        assert_eq!(house.events.audited("pair.suspended"), 1);
        goes_to(&house, "USER-N-1", "USER-A");
        house.live_for(2 * HOUR).await;
        assert_eq!(said(&house, "USER-A-1"), ["Dev issue: DEV-A-1", "Fixed in DEV-A-1"]);
        assert_eq!(house.events.audited("pair.mended"), 1);
    });
}

#[test]
fn a_comment_that_is_owed_waits_for_a_dev_issue_that_left_before_anybody_noticed() {
    on_both(async |mut house| {
        with_a_comment_owed(&mut house).await;
        goes_to(&house, "DEV-A-1", "DEV-N");
        house.clock.sleep(2 * MINUTE).await;
        house.live_for(3 * HOUR).await;
        assert_eq!(said(&house, "USER-A-1").len(), 1, "{}", house.about("USER-A-1"));
        goes_to(&house, "DEV-N-1", "DEV-A");
        house.live_for(2 * HOUR).await;
        assert_eq!(said(&house, "USER-A-1"), ["Dev issue: DEV-A-1", "Fixed in DEV-A-1"]);
    });
}

#[test]
fn a_link_that_is_owed_is_not_set_on_an_issue_that_left_before_anybody_noticed() {
    on_both(async |mut house| {
        fails_once(&house, Method::PUT, "issue/{issueIdOrKey}", StatusCode::CONFLICT);
        accepted(&house);
        house.clock.sleep(MINUTE).await;
        house.live_for(10 * SECOND).await;
        assert_eq!(house.events.audited("issue.failed"), 1, "the link is owed");
        goes_to(&house, "USER-A-1", "USER-N");
        house.clock.sleep(2 * MINUTE).await;
        house.live_for(3 * HOUR).await;
        assert_eq!(said(&house, "USER-N-1"), [""; 0], "{}", house.about("USER-N-1"));
        goes_to(&house, "USER-N-1", "USER-A");
        house.live_for(2 * HOUR).await;
        assert_eq!(said(&house, "USER-A-1"), ["Dev issue: DEV-A-1"]);
    });
}

#[test]
fn a_create_that_did_not_happen_is_not_repeated_for_an_issue_that_left_meanwhile() {
    on_both(async |mut house| {
        fails_once(&house, Method::POST, "issue", StatusCode::SERVICE_UNAVAILABLE);
        accepted(&house);
        house.clock.sleep(MINUTE).await;
        house.live_for(10 * SECOND).await;
        assert_eq!(house.events.audited("step.inDoubt"), 1);
        goes_to(&house, "USER-A-1", "USER-N");
        house.live_for(3 * HOUR).await;
        assert!(house.site.issues("DEV-A").is_empty(), "{}", house.about("USER-A-1"));
        goes_to(&house, "USER-N-1", "USER-A");
        house.live_for(2 * HOUR).await;
        assert_eq!(house.site.issues("DEV-A").len(), 1, "{}", house.about("USER-A-1"));
    });
}

/// Until then no search shows an issue of the dev project that is known, so that nothing is concluded from absence.
fn index_lacks_a_known_issue(house: &House, until: DateTime<Utc>) {
    let (project, summary, text) = ("DEV-A".to_owned(), "Put it out".to_owned(), String::new());
    let key = house.act("dev-bea", Action::Create { project, summary, text });
    house.site.freeze_index(&Rows::Of(key.clone()), until).unwrap();
    let id = house.site.issue(&key).unwrap().id;
    let database = rusqlite::Connection::open(house.data.file()).unwrap();
    let sql = "INSERT INTO dev_project_issue_state (issue_id, issue_key, status, status_id, seen_updated, updated_at)
                   VALUES (?1, ?2, 'To Do', '1', '2026-03-01T00:00:00.000Z', '2026-03-01T00:00:00.000Z')";
    assert_eq!(database.execute(sql, [id, key]).unwrap(), 1);
}

#[test]
fn a_doubt_is_told_again_once_an_hour_until_it_is_settled() {
    on_both(async |mut house| {
        house.live_for(MINUTE).await;
        index_lacks_a_known_issue(&house, house.clock.wall() + TimeDelta::minutes(200));
        fails_once(&house, Method::POST, "issue", StatusCode::SERVICE_UNAVAILABLE);
        accepted(&house);
        house.live_for(57 * MINUTE).await;
        assert_eq!(house.events.audited("step.inDoubt"), 1);
        house.live_for(140 * MINUTE).await;
        assert_eq!(house.events.audited("step.inDoubt"), 1 + 3, "{}", house.events.about("doubt"));
        house.live_for(5 * HOUR).await;
        assert_eq!(house.events.audited("step.inDoubt"), 1 + 3, "it is settled");
        assert_eq!((house.events.audited("step.doubtSettled"), house.site.issues("DEV-A").len()), (1, 2));
    });
}

#[test]
fn a_doubt_of_a_pair_that_waits_is_told_again_as_well() {
    on_both(async |mut house| {
        accepted(&house);
        house.live_for(12 * MINUTE).await;
        let transitions = "issue/{issueIdOrKey}/transitions";
        fails_once(&house, Method::POST, transitions, StatusCode::SERVICE_UNAVAILABLE);
        moves(&house, "DEV-A-1", "Closed");
        house.clock.sleep(MINUTE).await;
        house.live_for(10 * SECOND).await;
        assert_eq!(house.events.audited("step.inDoubt"), 1);
        goes_to(&house, "USER-A-1", "USER-N");
        house.act("dev-bea", Action::Comment { issue: "DEV-A-1".to_owned(), text: "hm".to_owned() });
        house.live_for(200 * MINUTE).await;
        assert_eq!(house.events.audited("pair.suspended"), 1);
        assert_eq!(house.events.audited("step.inDoubt"), 1 + 3);
        goes_to(&house, "USER-N-1", "USER-A");
        house.live_for(HOUR).await;
        assert_eq!(house.site.issue("USER-A-1").unwrap().status, "Resolved");
    });
}

/// The newest issue that was known is the witness of a healthy index; here it can't be read any more, nor any other. They
/// may be hidden from us, and what was created in doubt with them.
#[test]
fn nothing_is_concluded_from_absence_until_a_dev_issue_can_be_seen_again() {
    on_both(async |mut house| {
        accepted(&house);
        house.live_for(12 * MINUTE).await;
        house.act("dev-bea", Action::Delete { issue: "DEV-A-1".to_owned() });
        fails_once(&house, Method::POST, "issue", StatusCode::SERVICE_UNAVAILABLE);
        accepted(&house);
        house.live_for(HOUR).await;
        assert_eq!((house.events.audited("step.doubtSettled"), house.site.issues("DEV-A").len()), (0, 0));
        let (project, summary, text) = ("DEV-A".to_owned(), "Tidy up".to_owned(), String::new());
        house.act("dev-bea", Action::Create { project, summary, text });
        house.live_for(HOUR).await;
        let devs = house.site.issues("DEV-A");
        assert_eq!((house.events.audited("step.doubtSettled"), devs.len()), (1, 2), "{}", house.about("USER-A-2"));
    });
}

/// By the time that its create is known not to have happened, no search reaches back to when it was accepted.
#[test]
fn a_ticket_that_passed_through_is_not_forgotten_after_a_doubt() {
    on_both(async |mut house| {
        house.live_for(2 * MINUTE).await;
        fails_once(&house, Method::POST, "issue", StatusCode::SERVICE_UNAVAILABLE);
        let conflict = Kind::ServerError { status: StatusCode::CONFLICT, effect: Effect::Before };
        house.site.add_fault(Rule::on(Method::POST, &house.api("issue"), When::Nth(1), conflict));
        accepted(&house);
        moves(&house, "USER-A-1", "In Progress");
        house.clock.sleep(MINUTE).await;
        house.live_for(5 * HOUR).await;
        assert_eq!(house.events.audited("issue.failed"), 1, "{}", house.about("USER-A-1"));
        assert_eq!(house.site.issues("DEV-A").len(), 1, "{}", house.about("USER-A-1"));
    });
}

#[test]
fn a_create_that_did_not_happen_is_not_repeated_for_an_issue_that_was_paired_meanwhile() {
    on_both(async |mut house| {
        house.live_for(MINUTE).await;
        fails_once(&house, Method::POST, "issue", StatusCode::SERVICE_UNAVAILABLE);
        accepted(&house);
        house.clock.sleep(MINUTE).await;
        house.live_for(10 * SECOND).await;
        assert_eq!(house.events.audited("step.inDoubt"), 1);
        let (project, summary, text) = ("DEV-A".to_owned(), "by hand".to_owned(), String::new());
        let dev = house.act("dev-bea", Action::Create { project, summary, text });
        let ids = ["USER-A-1", &dev].map(|key| house.site.issue(key).unwrap().id);
        let database = rusqlite::Connection::open(house.data.file()).unwrap();
        let sql = "INSERT INTO jira_mapping (user_issue_id, user_issue_key, dev_issue_id, dev_issue_key, origin, state,
                       created_at) VALUES (?1, 'USER-A-1', ?2, 'DEV-A-1', 'adopted', 'active', '')";
        assert_eq!(database.execute(sql, ids).unwrap(), 1);
        house.live_for(2 * HOUR).await;
        assert_eq!((house.events.audited("step.doubtSettled"), house.site.issues("DEV-A").len()), (1, 1));
    });
}

/// Looks every ten seconds, so that whatever may be concluded is concluded at once.
fn looks_all_the_time(house: &House) {
    let text = world::paced(&house.flow_text("sync-ab.json"), 10 * SECOND, MINUTE);
    house.write_flow("sync-ab.json", &text);
}

#[test]
fn a_create_whose_effect_comes_as_late_as_can_be_is_not_repeated() {
    on_both(async |mut house| {
        looks_all_the_time(&house);
        accepted(&house);
        house.live_for(2 * MINUTE).await;
        let late = Kind::LateEffect { from: 115 * SECOND, to: 115 * SECOND, reply: LateReply::Broken };
        house.site.add_fault(Rule::on(Method::POST, &house.api("issue"), When::First(1), late));
        accepted(&house);
        house.live_for(HOUR).await;
        assert_eq!((house.events.audited("step.doubtSettled"), house.site.issues("DEV-A").len()), (1, 2));
    });
}

/// While it is indexed anew, an issue can be missing from a search for a moment.
#[test]
fn one_look_that_lacks_a_created_issue_is_not_enough() {
    on_both(async |mut house| {
        looks_all_the_time(&house);
        accepted(&house);
        house.live_for(2 * MINUTE).await;
        house.site.add_fault(Rule::on(Method::POST, &house.api("issue"), When::First(1), Kind::LostReply));
        accepted(&house);
        house.clock.sleep(30 * SECOND).await;
        house.site.freeze_index(&Rows::All, house.clock.wall() + TimeDelta::seconds(215)).unwrap();
        house.live_for(HOUR).await;
        assert_eq!((house.events.audited("step.doubtSettled"), house.site.issues("DEV-A").len()), (1, 2));
    });
}

/// Between the fresh read of a pair and the transition.
#[test]
fn a_person_who_moves_an_issue_a_moment_before_us_is_not_overruled() {
    on_a_paused_clock(async {
        let mut house = House::quiet(Flavour::Cloud, 7);
        accepted(&house);
        house.live_for(12 * MINUTE).await;
        let slow = Kind::Latency { from: 20 * SECOND, to: 20 * SECOND };
        house.site.add_fault(Rule::on(Method::GET, &house.api("issue/{issueIdOrKey}"), When::First(1), slow));
        moves(&house, "DEV-A-1", "Closed");
        house.clock.sleep(MINUTE).await;
        let (site, clock) = (house.site.clone(), house.clock.clone());
        let person = async move {
            clock.sleep(10 * SECOND).await;
            let (issue, status) = ("USER-A-1".to_owned(), "Declined".to_owned());
            site.act("customer-ines", Action::Move { issue, status }).unwrap();
        };
        futures::join!(house.live_for(HOUR), person);
        assert_eq!(house.site.issue("USER-A-1").unwrap().status, "Declined", "{}", house.about("USER-A-1"));
        assert!(!house.events.about("movedMeanwhile").is_empty(), "{}", house.about("USER-A-1"));
        assert_eq!(said(&house, "USER-A-1"), ["Dev issue: DEV-A-1"], "nothing is told that is not so");
    });
}

#[test]
fn a_person_who_does_what_a_rule_wants_a_moment_before_us_gets_no_comment_about_it() {
    on_a_paused_clock(async {
        let mut house = House::quiet(Flavour::Cloud, 7);
        accepted(&house);
        house.live_for(12 * MINUTE).await;
        let slow = Kind::Latency { from: 20 * SECOND, to: 20 * SECOND };
        house.site.add_fault(Rule::on(Method::GET, &house.api("issue/{issueIdOrKey}"), When::First(1), slow));
        moves(&house, "DEV-A-1", "Closed");
        house.clock.sleep(MINUTE).await;
        let (site, clock) = (house.site.clone(), house.clock.clone());
        let person = async move {
            clock.sleep(10 * SECOND).await;
            let (issue, status) = ("USER-A-1".to_owned(), "Resolved".to_owned());
            site.act("customer-ines", Action::Move { issue, status }).unwrap();
        };
        futures::join!(house.live_for(HOUR), person);
        assert_eq!(said(&house, "USER-A-1"), ["Dev issue: DEV-A-1"], "{}", house.about("USER-A-1"));
        assert_eq!(house.events.audited("issue.failed"), 0);
    });
}

/// A rule looks at the very status into which another one brings the user issue.
#[test]
fn what_a_rule_did_is_no_news_to_a_rule_of_the_other_side() {
    on_both(async |mut house| {
        let mut flow: Value = serde_json::from_str(&house.flow_text("sync-ab.json")).unwrap();
        let answer = json!({ "id": "answer", "sourceStatus": "Resolved", "syncDirection": "user_to_dev", "enabled": true,
                             "conditions": { "requireMapping": true, "onStatusChange": true },
                             "actions": { "syncStatus": true, "targetStatus": "Reopened" } });
        flow["rules"].as_array_mut().unwrap().push(answer);
        house.write_flow("sync-ab.json", &flow.to_string());
        accepted(&house);
        house.live_for(12 * MINUTE).await;
        moves(&house, "DEV-A-1", "Closed");
        house.live_for(HOUR).await;
        let now = ["USER-A-1", "DEV-A-1"].map(|key| house.site.issue(key).unwrap().status);
        assert_eq!(now, ["Resolved", "Closed"]);
    });
}

#[test]
fn what_is_owed_is_tried_again_ever_less_often() {
    on_both(async |mut house| {
        looks_all_the_time(&house);
        accepted(&house);
        house.live_for(2 * MINUTE).await;
        let comment = house.api("issue/{issueIdOrKey}/comment");
        let no = Kind::ServerError { status: StatusCode::CONFLICT, effect: Effect::Before };
        house.site.add_fault(Rule::on(Method::POST, &comment, When::Always, no));
        moves(&house, "DEV-A-1", "Closed");
        house.live_for(10 * MINUTE).await;
        let tries = house.site.counters()[&format!("POST {comment}")];
        // 30 s doubling, each time half of it at least.
        assert!((3..=7).contains(&tries), "{tries} tries in ten minutes");
    });
}
