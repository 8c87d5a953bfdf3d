//! What Jira, people and operators also do: odd answers, hidden and deleted issues, lost stores, shared projects.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::{Method, StatusCode};
use jira_sim::faults::{Effect, Kind, LateReply, Rule, When};
use jira_sim::{FaultPlan, Setup};
use lockstep::supervisor::Ended;
use serde_json::json;
use testing::house::{End, HOUR, House, MINUTE, on_a_paused_clock};
use testing::story::{CUSTOMER, DEV_PROJECT, DEVELOPER, FIRE, InJira as _, USER_PROJECT};

const SECOND: Duration = Duration::from_secs(1);
const ISSUE: &str = "/rest/api/3/issue";
const ONE_ISSUE: &str = "/rest/api/3/issue/{issueIdOrKey}";
const SEARCH: &str = "/rest/api/3/search/jql";

fn company() -> House {
    company_on(|_| {})
}

/// One flow on a fine site.
fn company_on(change: impl FnOnce(&mut Setup)) -> House {
    House::quiet_with(7, change)
}

/// Answers an error, and nothing happens.
fn error(status: u16) -> Kind {
    Kind::ServerError { status: StatusCode::from_u16(status).unwrap(), effect: Effect::Before }
}

fn change_state(house: &House, set: &str) {
    let database = house.data.database();
    assert_eq!(database.execute(&format!("UPDATE sync_state SET {set}"), []).unwrap(), 1);
}

/// The look for a create in doubt misses it, the search a moment later shows it, and a person has moved it already.
#[test]
fn a_dev_issue_that_appears_after_recovery_is_not_taken_as_unpaired() {
    on_a_paused_clock(async {
        let mut house = company_on(|jira| {
            jira.index_lag = 12 * SECOND..=12 * SECOND;
            jira.latency = Duration::from_millis(100)..=Duration::from_millis(100);
        });
        house.flow_fixture().interval(30 * SECOND).write();
        let (site, clock) = (Arc::clone(&house.site), house.clock.clone());
        let people = async move {
            clock.sleep(5 * SECOND).await;
            let late = Kind::LateEffect { from: 24 * SECOND, to: 24 * SECOND, reply: LateReply::Broken };
            site.faults(Rule::on(Method::POST, ISSUE, When::First(1), late).into());
            site.accepts(CUSTOMER, "x", "");
            clock.sleep(50 * SECOND).await;
            let slow = Kind::Latency { from: 15 * SECOND, to: 15 * SECOND };
            site.faults(Rule::on(Method::GET, "/rest/api/3/myself", When::First(1), slow).into());
            clock.sleep(5 * SECOND).await;
            site.moves(DEVELOPER, "DEV-A-1", "Closed");
        };
        futures::join!(house.live_for(HOUR), people);
        assert_eq!(house.dev_count(), 1);
        assert_eq!(house.status("USER-A-1"), "Resolved", "{}", house.about("USER-A-1"));
    });
}

#[test]
fn now_does_not_drift_while_recovery_can_not_search() {
    on_a_paused_clock(async {
        let mut house = company();
        house.live_for(2 * MINUTE).await;
        house.site.faults(Rule::on(Method::POST, ISSUE, When::First(1), error(503)).into());
        house.accepts_ticket(CUSTOMER);
        house.clock.sleep(MINUTE).await;
        house.live_for(2 * MINUTE).await;
        assert_eq!(house.events.audited("step.inDoubt"), 1);
        change_state(&house, "last_sync = NULL");
        house.site.faults(Rule::on(Method::POST, SEARCH, When::Chance(1.0), error(503)).into());
        house.live_for(10 * MINUTE).await;
        house.accepts_ticket(CUSTOMER);
        house.live_for(20 * MINUTE).await;
        house.site.faults(FaultPlan::none());
        house.live_for(2 * HOUR).await;
        assert_eq!(house.dev_count(), 2, "{}", house.events.about("sync state lost"));
    });
}

/// A 403 may come from one issue's security level or one workflow's own permission.
#[test]
fn one_issue_that_we_may_not_move_does_not_stop_the_flow() {
    on_a_paused_clock(async {
        let mut house = company_on(|jira| jira.page_cap = 1);
        let first = house.accepts_ticket(CUSTOMER);
        house.clock.sleep(MINUTE).await;
        house.cycles(2).await;
        let path = format!("{ISSUE}/{}/transitions*", house.id(&first));
        house.site.faults(Rule::on(Method::POST, &path, When::Chance(1.0), error(403)).into());
        house.moves(DEVELOPER, "DEV-A-1", "Closed");
        house.clock.sleep(MINUTE).await;
        house.accepts_ticket(CUSTOMER);
        house.live_for(5 * HOUR).await;
        assert_eq!(house.dev_count(), 2);
    });
}

#[test]
fn one_issue_that_we_may_not_edit_does_not_park_the_flow() {
    on_a_paused_clock(async {
        let mut house = company();
        let first = house.accepts_ticket(CUSTOMER);
        house.clock.sleep(MINUTE).await;
        let path = format!("{ISSUE}/{}*", house.id(&first));
        house.site.faults(Rule::on(Method::PUT, &path, When::Chance(1.0), error(403)).into());
        house.live_for(5 * HOUR).await;
        assert_eq!(house.events.about("refuses these credentials"), "");
    });
}

/// As where the description is not on the edit screen.
#[test]
fn a_link_that_jira_never_takes_does_not_stop_the_pairs_statuses() {
    on_a_paused_clock(async {
        let mut house = company();
        house.live_for(2 * MINUTE).await;
        house.site.faults(Rule::on(Method::PUT, ONE_ISSUE, When::Chance(1.0), error(400)).into());
        let ticket = house.accepts_ticket(CUSTOMER);
        house.live_for(HOUR).await;
        house.moves(DEVELOPER, "DEV-A-1", "Closed");
        house.live_for(5 * HOUR).await;
        assert_eq!(house.status(&ticket), "Resolved");
    });
}

/// By the time of the second try, its passage lies before what a search reaches back to.
#[test]
fn a_ticket_that_passed_through_is_not_forgotten_after_a_failed_create() {
    on_a_paused_clock(async {
        let mut house = company();
        house.live_for(2 * MINUTE).await;
        house.site.faults(Rule::on(Method::POST, ISSUE, When::First(1), error(409)).into());
        let ticket = house.accepts_ticket(CUSTOMER);
        house.moves(CUSTOMER, &ticket, "In Progress");
        house.clock.sleep(150 * SECOND).await;
        house.live_for(5 * HOUR).await;
        assert_eq!(house.dev_count(), 1, "{}", house.about(&ticket));
    });
}

#[test]
fn a_failed_issue_is_tried_again_by_its_backoff_and_not_by_every_search() {
    on_a_paused_clock(async {
        let mut house = company();
        house.flow_fixture().interval(2 * SECOND).write();
        house.live_for(2 * MINUTE).await;
        house.accepts_ticket(CUSTOMER);
        house.site.faults(Rule::on(Method::POST, ISSUE, When::Chance(1.0), error(400)).into());
        house.live_for(2 * MINUTE).await;
        let tries = house.site.counters().get("POST /rest/api/3/issue").copied().unwrap_or_default();
        // 30 s doubling, halved by jitter at most: after 15, 45, 105 s.
        assert!(tries <= 5, "{tries} tries in two minutes");
    });
}

/// A 408 says nothing of what happened behind the gateway.
#[test]
fn a_create_that_a_gateway_timed_out_is_in_doubt() {
    on_a_paused_clock(async {
        let mut house = company();
        house.live_for(2 * MINUTE).await;
        let kind = Kind::ServerError { status: StatusCode::REQUEST_TIMEOUT, effect: Effect::After };
        house.site.faults(Rule::on(Method::POST, ISSUE, When::First(1), kind).into());
        house.accepts_ticket(CUSTOMER);
        house.live_for(HOUR).await;
        assert_eq!(house.dev_count(), 1);
    });
}

#[test]
fn a_ticket_whose_text_names_its_own_page_gets_its_user_link_all_the_same() {
    on_a_paused_clock(async {
        let mut house = company();
        house.accepts(CUSTOMER, FIRE, "See\nhttps://jira.example.net/browse/USER-A-1\nand tell me more.");
        house.live_for(20 * MINUTE).await;
        assert_eq!(house.disagreements(), [""; 0]);
    });
}

#[test]
fn a_lost_store_does_not_recreate_a_dev_issue_that_people_deleted() {
    on_a_paused_clock(async {
        let mut house = company();
        house.accepts_ticket(CUSTOMER);
        house.live_for(20 * MINUTE).await;
        house.deletes(DEVELOPER, "DEV-A-1");
        house.live_for(20 * MINUTE).await;
        assert_eq!(house.dev_count(), 0, "not while the pair is known");
        house.data.lose();
        house.live_for(20 * MINUTE).await;
        assert_eq!(house.dev_count(), 0, "nor when it is not");
    });
}

#[test]
fn two_flows_with_one_user_project_rebuild_a_lost_store_without_twins() {
    on_a_paused_clock(async {
        let mut house = company();
        house.flow_fixture().replace("sync-ab", "sync-ac").replace(DEV_PROJECT, "DEV-C").write_as("sync-ac.json");
        house.accepts_ticket(CUSTOMER);
        house.live_for(20 * MINUTE).await;
        assert_eq!((house.dev_count(), house.site.issues("DEV-C").len()), (1, 1));
        house.data.lose();
        house.live_for(20 * MINUTE).await;
        assert_eq!((house.dev_count(), house.site.issues("DEV-C").len()), (1, 1));
    });
}

#[test]
fn two_flows_that_share_a_user_project_say_each_thing_once() {
    on_a_paused_clock(async {
        let mut house = company();
        house.flow_fixture().replace("sync-ab", "sync-ac").replace(DEV_PROJECT, "DEV-C").write_as("sync-ac.json");
        house.accepts_ticket(CUSTOMER);
        house.site.faults(Rule::on(Method::PUT, ONE_ISSUE, When::First(1), Kind::LostReply).into());
        house.live_for(HOUR).await;
        assert_eq!(house.count_comments("USER-A-1", "Dev issue: DEV-A-1"), 1);
        assert_eq!(house.count_comments("USER-A-1", "Dev issue: DEV-C-1"), 1);
    });
}

#[test]
fn changes_of_an_adopted_pair_before_a_start_from_now_are_ignored() {
    on_a_paused_clock(async {
        let mut house = company();
        let ticket = house.accepts_ticket(CUSTOMER);
        house.cycles(2).await;
        house.moves(DEVELOPER, "DEV-A-1", "Closed");
        house.clock.sleep(24 * HOUR).await;
        house.data.lose();
        house.flow_fixture().initial_sync(false).write();
        house.live_for(7 * MINUTE).await;
        house.comments(DEVELOPER, "DEV-A-1", "by the way");
        house.live_for(HOUR).await;
        assert_eq!(house.status(&ticket), "Will Do");
    });
}

#[test]
fn a_ticket_that_passed_through_before_a_start_from_now_gets_no_dev_issue() {
    on_a_paused_clock(async {
        let mut house = company();
        house.flow_fixture().initial_sync(false).write();
        let ticket = house.accepts_ticket(CUSTOMER);
        house.moves(CUSTOMER, &ticket, "Declined");
        house.clock.sleep(MINUTE).await;
        house.live_for(HOUR).await;
        assert_eq!(house.dev_count(), 0);
    });
}

#[test]
fn a_walk_through_many_pages_of_known_issues_can_be_stopped() {
    on_a_paused_clock(async {
        let mut house = company_on(|jira| jira.page_cap = 1);
        for _ in 0..400 {
            house.reports(FIRE, "");
        }
        house.live_for(30 * MINUTE).await;
        change_state(&house, "last_sync = NULL, initial_sync_completed = NULL");
        assert_eq!(house.live(End::At(10 * SECOND)).await, Some(Ended::Drained));
    });
}

#[test]
fn one_issue_that_can_not_be_understood_does_not_stop_the_flow() {
    on_a_paused_clock(async {
        let mut house = company();
        house.live_for(2 * MINUTE).await;
        let odd = house.accepts_ticket(CUSTOMER);
        let odd_id = house.id(&odd);
        house.twist(move |_, path, answer| {
            if path.ends_with("bulkfetch") {
                let issues = answer["issues"].as_array_mut().into_iter().flatten();
                for issue in issues.filter(|issue| issue["id"] == odd_id.as_str()) {
                    // An account that was deleted, or an app that was removed.
                    issue["changelog"]["histories"][0]["author"]["accountId"] = "".into();
                }
            }
        });
        house.accepts_ticket(CUSTOMER);
        house.live_for(5 * HOUR).await;
        assert!(house.dev_count() >= 1, "{}", house.events.about("WorkerFailed"));
    });
}

#[test]
fn a_transition_by_name_in_doubt_is_found_where_it_led() {
    on_a_paused_clock(async {
        let mut house = company_on(|jira| {
            let workflow = &mut jira.projects.iter_mut().find(|it| it.key == USER_PROJECT).unwrap().workflow;
            let closed = workflow.status_named("Closed").unwrap().id.clone();
            let resolve = workflow.transitions.iter_mut().find(|it| it.name == "Resolve").unwrap();
            (resolve.name, resolve.to) = ("Resolved".to_owned(), closed);
        });
        let ticket = house.accepts_ticket(CUSTOMER);
        house.cycles(2).await;
        let rule =
            Rule::on(Method::POST, "/rest/api/3/issue/{issueIdOrKey}/transitions", When::First(1), Kind::LostReply);
        house.site.faults(rule.into());
        house.moves(DEVELOPER, "DEV-A-1", "Closed");
        house.live_for(3 * HOUR).await;
        assert_eq!(house.status(&ticket), "Closed");
        assert_eq!(house.count_comments(&ticket, "Fixed in DEV-A-1"), 1, "{}", house.about(&ticket));
    });
}

#[test]
fn an_issue_that_has_left_the_project_gets_no_dev_issue() {
    on_a_paused_clock(async {
        let mut house = company();
        house.accepts_ticket(CUSTOMER);
        house.twist(|_, path, answer| {
            if path.ends_with("bulkfetch") {
                for issue in answer["issues"].as_array_mut().into_iter().flatten() {
                    issue["key"] = "ELSEWHERE-1".into();
                    issue["fields"]["project"] = serde_json::json!({"id": "19999", "key": "ELSEWHERE"});
                }
            }
        });
        house.live_for(HOUR).await;
        assert_eq!(house.dev_count(), 0);
    });
}

/// As in a store that was taken over.
#[test]
fn a_flag_set_without_a_full_sync_does_not_end_the_search_for_marks() {
    on_a_paused_clock(async {
        let mut house = company();
        // A dev issue without its back-mark; then the store is lost.
        house.site.faults(Rule::on(Method::PUT, ONE_ISSUE, When::Chance(1.0), error(503)).into());
        let ticket = house.accepts_ticket(CUSTOMER);
        house.clock.sleep(MINUTE).await;
        house.live_for(MINUTE).await;
        assert_eq!(house.dev_count(), 1);
        house.site.faults(FaultPlan::none());
        house.data.lose();
        house.clock.sleep(24 * HOUR).await;
        house.flow_fixture().initial_sync(false).write();
        house.cycles(2).await;
        house.flow_fixture().initial_sync(true).write();
        house.cycles(2).await;
        house.comments(CUSTOMER, &ticket, "any news?");
        house.live_for(HOUR).await;
        assert_eq!(house.dev_count(), 1);
    });
}

#[test]
fn a_read_that_fails_before_a_create_puts_nothing_in_doubt() {
    on_a_paused_clock(async {
        let mut house = company();
        house.live_for(2 * MINUTE).await;
        let path = "/rest/api/3/issue/createmeta/{projectIdOrKey}/issuetypes";
        house.site.faults(Rule::on(Method::GET, path, When::First(4), error(503)).into());
        house.accepts_ticket(CUSTOMER);
        house.live_for(20 * MINUTE).await;
        assert_eq!(house.events.audited("step.inDoubt"), 0);
    });
}

#[test]
fn an_empty_index_is_not_healthy_because_the_newest_dev_issue_was_deleted() {
    empty_index(true);
}

fn empty_index(delete_newest: bool) {
    on_a_paused_clock(async {
        let mut house = company();
        house.accepts_ticket(CUSTOMER);
        house.accepts_ticket(CUSTOMER);
        house.cycles(2).await;
        let newest = house.dev_issues().last().unwrap().key.clone();
        if delete_newest {
            house.deletes(DEVELOPER, &newest);
        }
        house.accepts_ticket(CUSTOMER);
        house.clock.sleep(MINUTE).await;
        house.site.faults(Rule::on(Method::POST, ISSUE, When::First(1), Kind::LostReply).into());
        let out = Arc::new(AtomicBool::new(false));
        let down = Arc::clone(&out);
        house.twist(move |_, path, answer| {
            if path.ends_with("search/jql") && down.load(Ordering::Relaxed) {
                *answer = serde_json::json!({"issues": [], "isLast": true});
            }
        });
        let clock = house.clock.clone();
        let index = async move {
            clock.sleep(2 * MINUTE).await;
            out.store(true, Ordering::Relaxed);
            clock.sleep(HOUR).await;
            out.store(false, Ordering::Relaxed);
        };
        futures::join!(house.live_for(2 * HOUR), index);
        assert_eq!(house.dev_count(), if delete_newest { 2 } else { 3 });
    });
}

#[test]
fn a_ticket_that_could_not_be_read_for_a_while_is_not_forgotten() {
    on_a_paused_clock(async {
        let mut house = company();
        house.live_for(2 * MINUTE).await;
        house.accepts_ticket(CUSTOMER);
        house.clock.sleep(MINUTE).await;
        let (clock, until) = (house.clock.clone(), house.clock.now() + 20 * MINUTE);
        house.twist(move |_, path, answer| {
            if path.ends_with("bulkfetch") && clock.now() < until {
                answer["issues"] = serde_json::json!([]);
            }
        });
        house.live_for(5 * HOUR).await;
        assert_eq!(house.dev_count(), 1);
    });
}

#[test]
fn a_link_is_still_owed_when_the_user_issue_was_hidden_for_a_moment() {
    on_a_paused_clock(async {
        let mut house = company();
        house.accepts_ticket(CUSTOMER);
        house.clock.sleep(MINUTE).await;
        let hidden = AtomicBool::new(false);
        house.twist(move |method, path, answer| {
            if method == "POST" && path == ISSUE {
                hidden.store(true, Ordering::Relaxed);
            } else if path.ends_with("bulkfetch") && hidden.swap(false, Ordering::Relaxed) {
                answer["issues"] = serde_json::json!([]);
            }
        });
        house.live_for(2 * HOUR).await;
        assert_eq!(house.disagreements(), [""; 0]);
    });
}

#[test]
fn an_empty_index_is_not_healthy() {
    empty_index(false);
}

/// Hours have passed, and its reason is gone.
#[test]
fn a_mirror_that_did_not_happen_is_planned_anew() {
    on_a_paused_clock(async {
        let mut house = company();
        let ticket = house.accepts_ticket(CUSTOMER);
        house.clock.sleep(MINUTE).await;
        house.cycles(2).await;
        let path = "/rest/api/3/issue/{issueIdOrKey}/transitions";
        house.site.faults(Rule::on(Method::POST, path, When::First(1), error(503)).into());
        house.moves(DEVELOPER, "DEV-A-1", "Closed");
        house.clock.sleep(MINUTE).await;
        house.live_for(MINUTE).await;
        assert_eq!(house.events.audited("step.inDoubt"), 1);
        house.moves(DEVELOPER, "DEV-A-1", "Reopened");
        house.clock.sleep(3 * HOUR).await;
        house.live_for(3 * HOUR).await;
        assert_eq!(
            (house.status(&ticket), house.count_comments(&ticket, "Fixed in DEV-A-1")),
            ("Will Do".to_owned(), 0)
        );
    });
}

#[test]
fn issue_types_are_asked_again_when_jira_refuses_one() {
    on_a_paused_clock(async {
        let mut house = company();
        house.live_for(2 * MINUTE).await;
        let (clock, until) = (house.clock.clone(), house.clock.now() + 20 * MINUTE);
        house.twist(move |_, path, answer| {
            if path.contains("createmeta") && clock.now() < until {
                let another = serde_json::json!({"id": "1", "name": "Support request", "subtask": false});
                answer["issueTypes"].as_array_mut().unwrap().push(another);
            }
        });
        house.accepts_ticket(CUSTOMER);
        house.live_for(5 * HOUR).await;
        assert_eq!(house.dev_count(), 1);
    });
}

#[test]
fn a_comment_that_jira_never_takes_does_not_stop_the_pairs_statuses() {
    on_a_paused_clock(async {
        let mut house = company();
        let ticket = house.accepts_ticket(CUSTOMER);
        house.clock.sleep(MINUTE).await;
        house.cycles(2).await;
        let path = "/rest/api/3/issue/{issueIdOrKey}/comment";
        house.site.faults(Rule::on(Method::POST, path, When::Chance(1.0), error(400)).into());
        house.moves(DEVELOPER, "DEV-A-1", "Closed");
        house.live_for(HOUR).await;
        assert_eq!(house.status(&ticket), "Resolved");
        house.moves(CUSTOMER, &ticket, "Reopened");
        house.live_for(5 * HOUR).await;
        assert_eq!(house.status("DEV-A-1"), "Reopened");
    });
}

/// The index shows it late, once.
#[test]
fn one_search_that_lacks_a_created_issue_is_not_enough() {
    on_a_paused_clock(async {
        let mut house = company();
        house.accepts_ticket(CUSTOMER);
        house.clock.sleep(MINUTE).await;
        house.site.faults(Rule::on(Method::POST, ISSUE, When::First(1), Kind::LostReply).into());
        let (clock, until) = (house.clock.clone(), house.clock.now() + 7 * MINUTE);
        house.twist(move |_, path, answer| {
            if path.ends_with("search/jql") && clock.now() < until {
                let rows = answer["issues"].as_array_mut().unwrap();
                rows.retain(|row| !row["key"].as_str().unwrap().starts_with("DEV-"));
            }
        });
        house.live_for(2 * HOUR).await;
        assert_eq!(house.dev_count(), 1);
        assert_eq!(house.disagreements(), [""; 0]);
    });
}

/// No two of the shipped rules could ever answer each other; these two can.
#[test]
fn our_own_move_is_no_news_even_where_a_rule_would_answer_it() {
    on_a_paused_clock(async {
        let mut house = company();
        let echoing = json!({
            "id": "user-resolved", "sourceStatus": "Resolved", "syncDirection": "user_to_dev", "enabled": true,
            "conditions": { "requireMapping": true, "onStatusChange": true },
            "actions": { "syncStatus": true, "targetStatus": "Cancelled" },
        });
        house.flow_fixture().change(|flow| flow["rules"].as_array_mut().unwrap().insert(0, echoing)).write();
        let ticket = house.accepts_ticket(CUSTOMER);
        house.clock.sleep(MINUTE).await;
        house.cycles(2).await;
        house.moves(DEVELOPER, "DEV-A-1", "Closed");
        house.live_for(HOUR).await;
        assert_eq!((house.status(&ticket), house.status("DEV-A-1")), ("Resolved".to_owned(), "Closed".to_owned()));
    });
}

/// The later word is the customer's.
#[test]
fn a_target_that_a_person_moved_meanwhile_is_planned_anew() {
    on_a_paused_clock(async {
        let mut house = company();
        let ticket = house.accepts_ticket(CUSTOMER);
        house.clock.sleep(MINUTE).await;
        house.cycles(2).await;
        let slow = Kind::Latency { from: 20 * SECOND, to: 20 * SECOND };
        house.site.faults(Rule::on(Method::GET, ONE_ISSUE, When::First(1), slow).into());
        house.moves(DEVELOPER, "DEV-A-1", "Closed");
        house.clock.sleep(MINUTE).await;
        let (site, clock) = (Arc::clone(&house.site), house.clock.clone());
        let person = async {
            clock.sleep(10 * SECOND).await;
            site.moves(CUSTOMER, &ticket, "Declined");
        };
        futures::join!(house.live_for(HOUR), person);
        assert_eq!((house.status(&ticket), house.status("DEV-A-1")), ("Declined".to_owned(), "Cancelled".to_owned()));
    });
}

#[test]
fn what_happens_during_a_long_cycle_is_seen_by_the_next() {
    on_a_paused_clock(async {
        let mut house = company();
        house.live_for(MINUTE).await;
        house.accepts_ticket(CUSTOMER);
        house.clock.sleep(MINUTE).await;
        let slow =
            |method, path| Rule::on(method, path, When::First(2), Kind::Latency { from: 40 * SECOND, to: 40 * SECOND });
        let rules = [
            slow(Method::POST, "/rest/api/3/issue/bulkfetch"),
            slow(Method::GET, "/rest/api/3/issue/createmeta/{projectIdOrKey}/issuetypes"),
            slow(Method::POST, ISSUE),
            slow(Method::PUT, ONE_ISSUE),
        ];
        house.site.faults(FaultPlan { rules: rules.into() });
        let (site, clock) = (Arc::clone(&house.site), house.clock.clone());
        let person = async move {
            clock.sleep(10 * SECOND).await;
            site.accepts(CUSTOMER, "x", "");
        };
        futures::join!(house.live_for(HOUR), person);
        assert_eq!(house.dev_count(), 2);
    });
}

#[test]
fn a_write_with_a_late_effect_is_made_once_despite_frequent_cycles() {
    const COMMENTS: &str = "/rest/api/3/issue/{issueIdOrKey}/comment";
    for (method, path) in [(Method::PUT, ONE_ISSUE), (Method::POST, COMMENTS)] {
        on_a_paused_clock(async {
            let mut house = company();
            house.flow_fixture().interval(10 * SECOND).write();
            let late = Kind::LateEffect { from: MINUTE, to: MINUTE, reply: LateReply::Unavailable };
            house.site.faults(Rule::on(method.clone(), path, When::First(1), late).into());
            let ticket = house.accepts_ticket(CUSTOMER);
            house.live_for(10 * MINUTE).await;
            house.moves(DEVELOPER, "DEV-A-1", "Closed");
            house.live_for(10 * MINUTE).await;
            assert_eq!(house.count_comments(&ticket, "Dev issue: DEV-A-1"), 1, "{method} {path}");
            assert_eq!(house.count_comments(&ticket, "Fixed in DEV-A-1"), 1, "{method} {path}");
            assert_eq!(house.disagreements(), [""; 0], "{method} {path}");
        });
    }
}
