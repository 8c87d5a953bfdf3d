//! What an open list of writes still owes: while its pair is not synced, and until it is in doubt no more.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use http::{Method, StatusCode};
use jira_sim::faults::{Effect, Kind, LateReply, Rule, When};
use jira_sim::{Flavour, Rows};
use serde_json::json;
use testing::house::{HOUR, House, MINUTE, on_a_paused_clock, on_both};
use testing::story::{CUSTOMER, DEV_PROJECT, DEVELOPER, InJira as _, USER_PROJECT};

const SECOND: Duration = Duration::from_secs(1);

/// The first request to this resource fails so, and nothing happens.
fn fails_once(house: &House, method: Method, resource: &str, status: StatusCode) {
    let kind = Kind::ServerError { status, effect: Effect::Before };
    house.site.add_fault(Rule::on(method, &house.api(resource), When::First(1), kind));
}

/// A dev issue was closed, its customer's issue moved, and the comment on it is owed.
async fn with_a_comment_owed(house: &mut House) {
    house.accepts_ticket(DEVELOPER);
    house.cycles(2).await;
    fails_once(house, Method::POST, "issue/{issueIdOrKey}/comment", StatusCode::CONFLICT);
    house.moves(DEVELOPER, "DEV-A-1", "Closed");
    house.clock.sleep(MINUTE).await;
    house.live_for(10 * SECOND).await;
    assert_eq!(house.events.audited("issue.failed"), 1, "the comment is owed");
}

#[test]
fn an_owed_comment_is_not_made_on_an_issue_that_left_unnoticed() {
    on_both(7, async |mut house| {
        with_a_comment_owed(&mut house).await;
        house.moves_to_project(DEVELOPER, "USER-A-1", "USER-N");
        house.clock.sleep(2 * MINUTE).await;
        let writes = house.writes();
        house.live_for(3 * HOUR).await;
        assert_eq!((house.comment_texts("USER-N-1").len(), house.writes()), (1, writes), "{}", house.about("USER-N-1"));
        assert_eq!(house.events.audited("pair.suspended"), 1);
        house.moves_to_project(DEVELOPER, "USER-N-1", USER_PROJECT);
        house.live_for(2 * HOUR).await;
        assert_eq!(house.comment_texts("USER-A-1"), ["Dev issue: DEV-A-1", "Fixed in DEV-A-1"]);
        assert_eq!(house.events.audited("pair.mended"), 1);
    });
}

#[test]
fn an_owed_comment_waits_for_a_dev_issue_that_left_unnoticed() {
    on_both(7, async |mut house| {
        with_a_comment_owed(&mut house).await;
        house.moves_to_project(DEVELOPER, "DEV-A-1", "DEV-N");
        house.clock.sleep(2 * MINUTE).await;
        house.live_for(3 * HOUR).await;
        assert_eq!(house.comment_texts("USER-A-1").len(), 1, "{}", house.about("USER-A-1"));
        house.moves_to_project(DEVELOPER, "DEV-N-1", DEV_PROJECT);
        house.live_for(2 * HOUR).await;
        assert_eq!(house.comment_texts("USER-A-1"), ["Dev issue: DEV-A-1", "Fixed in DEV-A-1"]);
    });
}

#[test]
fn an_owed_link_is_not_set_on_an_issue_that_left_unnoticed() {
    on_both(7, async |mut house| {
        fails_once(&house, Method::PUT, "issue/{issueIdOrKey}", StatusCode::CONFLICT);
        house.accepts_ticket(DEVELOPER);
        house.clock.sleep(MINUTE).await;
        house.live_for(10 * SECOND).await;
        assert_eq!(house.events.audited("issue.failed"), 1, "the link is owed");
        house.moves_to_project(DEVELOPER, "USER-A-1", "USER-N");
        house.clock.sleep(2 * MINUTE).await;
        house.live_for(3 * HOUR).await;
        assert_eq!(house.comment_texts("USER-N-1"), [""; 0], "{}", house.about("USER-N-1"));
        house.moves_to_project(DEVELOPER, "USER-N-1", USER_PROJECT);
        house.live_for(2 * HOUR).await;
        assert_eq!(house.comment_texts("USER-A-1"), ["Dev issue: DEV-A-1"]);
    });
}

#[test]
fn a_failed_create_is_not_repeated_for_an_issue_that_left_meanwhile() {
    on_both(7, async |mut house| {
        fails_once(&house, Method::POST, "issue", StatusCode::SERVICE_UNAVAILABLE);
        house.accepts_ticket(DEVELOPER);
        house.clock.sleep(MINUTE).await;
        house.live_for(10 * SECOND).await;
        assert_eq!(house.events.audited("step.inDoubt"), 1);
        house.moves_to_project(DEVELOPER, "USER-A-1", "USER-N");
        house.live_for(3 * HOUR).await;
        assert!(house.dev_issues().is_empty(), "{}", house.about("USER-A-1"));
        house.moves_to_project(DEVELOPER, "USER-N-1", USER_PROJECT);
        house.live_for(2 * HOUR).await;
        assert_eq!(house.dev_count(), 1, "{}", house.about("USER-A-1"));
    });
}

/// Until then no search shows an issue of the dev project that is known, so that nothing is concluded from absence.
fn index_lacks_a_known_issue(house: &House, until: DateTime<Utc>) {
    let key = house.creates(DEVELOPER, DEV_PROJECT, "Put it out", "");
    house.site.freeze_index(&Rows::Of(key.clone()), until).unwrap();
    let id = house.id(&key);
    let database = house.data.database();
    let sql = "INSERT INTO dev_project_issue_state (issue_id, issue_key, status, status_id, seen_updated, updated_at)
                   VALUES (?1, ?2, 'To Do', '1', '2026-03-01T00:00:00.000Z', '2026-03-01T00:00:00.000Z')";
    assert_eq!(database.execute(sql, [id, key]).unwrap(), 1);
}

#[test]
fn a_doubt_is_told_again_once_an_hour_until_it_is_settled() {
    on_both(7, async |mut house| {
        house.live_for(MINUTE).await;
        index_lacks_a_known_issue(&house, house.clock.wall() + TimeDelta::minutes(200));
        fails_once(&house, Method::POST, "issue", StatusCode::SERVICE_UNAVAILABLE);
        house.accepts_ticket(DEVELOPER);
        house.live_for(57 * MINUTE).await;
        assert_eq!(house.events.audited("step.inDoubt"), 1);
        house.live_for(140 * MINUTE).await;
        assert_eq!(house.events.audited("step.inDoubt"), 1 + 3, "{}", house.events.about("doubt"));
        house.live_for(5 * HOUR).await;
        assert_eq!(house.events.audited("step.inDoubt"), 1 + 3, "it is settled");
        assert_eq!((house.events.audited("step.doubtSettled"), house.dev_count()), (1, 2));
    });
}

#[test]
fn a_doubt_of_a_pair_that_waits_is_told_again_as_well() {
    on_both(7, async |mut house| {
        house.accepts_ticket(DEVELOPER);
        house.cycles(2).await;
        let transitions = "issue/{issueIdOrKey}/transitions";
        fails_once(&house, Method::POST, transitions, StatusCode::SERVICE_UNAVAILABLE);
        house.moves(DEVELOPER, "DEV-A-1", "Closed");
        house.clock.sleep(MINUTE).await;
        house.live_for(10 * SECOND).await;
        assert_eq!(house.events.audited("step.inDoubt"), 1);
        house.moves_to_project(DEVELOPER, "USER-A-1", "USER-N");
        house.comments(DEVELOPER, "DEV-A-1", "hm");
        house.live_for(200 * MINUTE).await;
        assert_eq!(house.events.audited("pair.suspended"), 1);
        assert_eq!(house.events.audited("step.inDoubt"), 1 + 3);
        house.moves_to_project(DEVELOPER, "USER-N-1", USER_PROJECT);
        house.live_for(HOUR).await;
        assert_eq!(house.status("USER-A-1"), "Resolved");
    });
}

/// The newest issue that was known is the witness of a healthy index; here it can't be read any more, nor any other. They
/// may be hidden from us, and what was created in doubt with them.
#[test]
fn nothing_is_concluded_from_absence_until_a_dev_issue_can_be_seen_again() {
    on_both(7, async |mut house| {
        house.accepts_ticket(DEVELOPER);
        house.cycles(2).await;
        house.deletes(DEVELOPER, "DEV-A-1");
        fails_once(&house, Method::POST, "issue", StatusCode::SERVICE_UNAVAILABLE);
        house.accepts_ticket(DEVELOPER);
        house.live_for(HOUR).await;
        assert_eq!((house.events.audited("step.doubtSettled"), house.dev_count()), (0, 0));
        house.creates(DEVELOPER, DEV_PROJECT, "Tidy up", "");
        house.live_for(HOUR).await;
        let devs = house.dev_issues();
        assert_eq!((house.events.audited("step.doubtSettled"), devs.len()), (1, 2), "{}", house.about("USER-A-2"));
    });
}

/// By the time that its create is known not to have happened, no search reaches back to when it was accepted.
#[test]
fn a_ticket_that_passed_through_is_not_forgotten_after_a_doubt() {
    on_both(7, async |mut house| {
        house.live_for(2 * MINUTE).await;
        fails_once(&house, Method::POST, "issue", StatusCode::SERVICE_UNAVAILABLE);
        let conflict = Kind::ServerError { status: StatusCode::CONFLICT, effect: Effect::Before };
        house.site.add_fault(Rule::on(Method::POST, &house.api("issue"), When::Nth(1), conflict));
        house.accepts_ticket(DEVELOPER);
        house.moves(DEVELOPER, "USER-A-1", "In Progress");
        house.clock.sleep(MINUTE).await;
        house.live_for(5 * HOUR).await;
        assert_eq!(house.events.audited("issue.failed"), 1, "{}", house.about("USER-A-1"));
        assert_eq!(house.dev_count(), 1, "{}", house.about("USER-A-1"));
    });
}

#[test]
fn a_failed_create_is_not_repeated_for_an_issue_paired_meanwhile() {
    on_both(7, async |mut house| {
        house.live_for(MINUTE).await;
        fails_once(&house, Method::POST, "issue", StatusCode::SERVICE_UNAVAILABLE);
        house.accepts_ticket(DEVELOPER);
        house.clock.sleep(MINUTE).await;
        house.live_for(10 * SECOND).await;
        assert_eq!(house.events.audited("step.inDoubt"), 1);
        let dev = house.creates(DEVELOPER, DEV_PROJECT, "by hand", "");
        let ids = ["USER-A-1", &dev].map(|key| house.id(key));
        let database = house.data.database();
        let sql = "INSERT INTO jira_mapping (user_issue_id, user_issue_key, dev_issue_id, dev_issue_key, origin, state,
                       created_at) VALUES (?1, 'USER-A-1', ?2, 'DEV-A-1', 'adopted', 'active', '')";
        assert_eq!(database.execute(sql, ids).unwrap(), 1);
        house.live_for(2 * HOUR).await;
        assert_eq!((house.events.audited("step.doubtSettled"), house.dev_count()), (1, 1));
    });
}

#[test]
fn a_create_whose_effect_comes_as_late_as_can_be_is_not_repeated() {
    on_both(7, async |mut house| {
        house.flow_fixture().interval(10 * SECOND).write();
        house.accepts_ticket(DEVELOPER);
        house.live_for(2 * MINUTE).await;
        let late = Kind::LateEffect { from: 115 * SECOND, to: 115 * SECOND, reply: LateReply::Broken };
        house.site.add_fault(Rule::on(Method::POST, &house.api("issue"), When::First(1), late));
        house.accepts_ticket(DEVELOPER);
        house.live_for(HOUR).await;
        assert_eq!((house.events.audited("step.doubtSettled"), house.dev_count()), (1, 2));
    });
}

/// While it is indexed anew, an issue can be missing from a search for a moment.
#[test]
fn one_look_that_lacks_a_created_issue_is_not_enough() {
    on_both(7, async |mut house| {
        house.flow_fixture().interval(10 * SECOND).write();
        house.accepts_ticket(DEVELOPER);
        house.live_for(2 * MINUTE).await;
        house.site.add_fault(Rule::on(Method::POST, &house.api("issue"), When::First(1), Kind::LostReply));
        house.accepts_ticket(DEVELOPER);
        house.clock.sleep(30 * SECOND).await;
        house.site.freeze_index(&Rows::All, house.clock.wall() + TimeDelta::seconds(215)).unwrap();
        house.live_for(HOUR).await;
        assert_eq!((house.events.audited("step.doubtSettled"), house.dev_count()), (1, 2));
    });
}

/// Between the fresh read of a pair and the transition.
#[test]
fn a_person_who_moves_an_issue_a_moment_before_us_is_not_overruled() {
    on_a_paused_clock(async {
        let mut house = House::quiet(Flavour::Cloud, 7);
        house.accepts_ticket(DEVELOPER);
        house.cycles(2).await;
        let slow = Kind::Latency { from: 20 * SECOND, to: 20 * SECOND };
        house.site.add_fault(Rule::on(Method::GET, &house.api("issue/{issueIdOrKey}"), When::First(1), slow));
        house.moves(DEVELOPER, "DEV-A-1", "Closed");
        house.clock.sleep(MINUTE).await;
        let (site, clock) = (house.site.clone(), house.clock.clone());
        let person = async move {
            clock.sleep(10 * SECOND).await;
            site.moves(CUSTOMER, "USER-A-1", "Declined");
        };
        futures::join!(house.live_for(HOUR), person);
        assert_eq!(house.status("USER-A-1"), "Declined", "{}", house.about("USER-A-1"));
        assert!(!house.events.about("movedMeanwhile").is_empty(), "{}", house.about("USER-A-1"));
        assert_eq!(house.comment_texts("USER-A-1"), ["Dev issue: DEV-A-1"], "nothing is told that is not so");
    });
}

#[test]
fn no_comment_is_made_when_a_person_did_what_the_rule_wants_just_before() {
    on_a_paused_clock(async {
        let mut house = House::quiet(Flavour::Cloud, 7);
        house.accepts_ticket(DEVELOPER);
        house.cycles(2).await;
        let slow = Kind::Latency { from: 20 * SECOND, to: 20 * SECOND };
        house.site.add_fault(Rule::on(Method::GET, &house.api("issue/{issueIdOrKey}"), When::First(1), slow));
        house.moves(DEVELOPER, "DEV-A-1", "Closed");
        house.clock.sleep(MINUTE).await;
        let (site, clock) = (house.site.clone(), house.clock.clone());
        let person = async move {
            clock.sleep(10 * SECOND).await;
            site.moves(CUSTOMER, "USER-A-1", "Resolved");
        };
        futures::join!(house.live_for(HOUR), person);
        assert_eq!(house.comment_texts("USER-A-1"), ["Dev issue: DEV-A-1"], "{}", house.about("USER-A-1"));
        assert_eq!(house.events.audited("issue.failed"), 0);
    });
}

/// A rule looks at the very status into which another one brings the user issue.
#[test]
fn what_a_rule_did_is_no_news_to_a_rule_of_the_other_side() {
    on_both(7, async |mut house| {
        let answer = json!({ "id": "answer", "sourceStatus": "Resolved", "syncDirection": "user_to_dev", "enabled": true,
                             "conditions": { "requireMapping": true, "onStatusChange": true },
                             "actions": { "syncStatus": true, "targetStatus": "Reopened" } });
        house.flow_fixture().rule(answer).write();
        house.accepts_ticket(DEVELOPER);
        house.cycles(2).await;
        house.moves(DEVELOPER, "DEV-A-1", "Closed");
        house.live_for(HOUR).await;
        let now = ["USER-A-1", "DEV-A-1"].map(|key| house.status(key));
        assert_eq!(now, ["Resolved", "Closed"]);
    });
}

#[test]
fn what_is_owed_is_tried_again_ever_less_often() {
    on_both(7, async |mut house| {
        house.flow_fixture().interval(10 * SECOND).write();
        house.accepts_ticket(DEVELOPER);
        house.live_for(2 * MINUTE).await;
        let comment = house.api("issue/{issueIdOrKey}/comment");
        let no = Kind::ServerError { status: StatusCode::CONFLICT, effect: Effect::Before };
        house.site.add_fault(Rule::on(Method::POST, &comment, When::Always, no));
        house.moves(DEVELOPER, "DEV-A-1", "Closed");
        house.live_for(10 * MINUTE).await;
        let tries = house.site.counters()[&format!("POST {comment}")];
        // 30 s doubling, each time half of it at least.
        assert!((3..=7).contains(&tries), "{tries} tries in ten minutes");
    });
}
