//! Pairs that are not kept in step: one half moved away, was deleted or is hidden, rules answer each other, an operator
//! took them apart. And the patrol, which finds what no search names.

use std::time::Duration;

use chrono::TimeDelta;
use http::{Method, StatusCode};
use jira_sim::faults::{Effect, Kind, Rule, When};
use jira_sim::{ChangeView, Rows};
use lockstep::flow::Order;
use lockstep::supervisor::{Handle, OrderOutcome};
use serde_json::json;
use testing::house::{Crash, End, FLAVOURS, HOUR, House, MINUTE, at_every_gate, on_a_paused_clock};
use testing::story::{CUSTOMER, DEV_PROJECT, DEVELOPER, FIRE, InJira as _, USER_PROJECT};

/// Lives a story on both kinds of Jira, beginning with one pair that is in step: `USER-A-1` and `DEV-A-1`.
fn with_a_pair(story: impl AsyncFn(House)) {
    for flavour in FLAVOURS {
        on_a_paused_clock(async {
            let mut house = House::quiet(flavour, 7);
            house.accepts(CUSTOMER, FIRE, "");
            house.cycles(2).await;
            assert_eq!(house.status("DEV-A-1"), "To Do");
            story(house).await;
        });
    }
}

/// How often a pair was suspended, broken, held and mended.
fn told(house: &House) -> [usize; 4] {
    ["pair.suspended", "pair.broken", "pair.held", "pair.mended"].map(|event| house.events.audited(event))
}

fn skipped(house: &House, reason: &str) -> bool {
    !house.events.about(&format!("Nothing to do for USER-A-1: {reason}")).is_empty()
}

/// Lines of history of that name: what was told is also kept.
fn kept_in_history(house: &House, event: &str) -> i64 {
    let sql = "SELECT count(*) FROM history WHERE event = ?1";
    house.data.database().query_row(sql, [event], |row| row.get(0)).unwrap()
}

/// Changes a stored thing, as an operator with a database shell could.
fn change(house: &House, sql: &str) {
    assert_eq!(house.data.database().execute(sql, []).unwrap(), 1, "{sql}");
}

/// The last patrol began more than a day ago.
fn patrol_is_due(house: &House) {
    let begun = (house.clock.wall() - TimeDelta::hours(25)).to_rfc3339();
    change(house, &format!("UPDATE sync_state SET patrol_begun = '{begun}'"));
}

#[test]
fn a_pair_whose_dev_issue_left_is_suspended_without_loss_until_it_returns() {
    with_a_pair(async |mut house| {
        house.moves_to_project(DEVELOPER, "DEV-A-1", "DEV-N");
        house.moves(CUSTOMER, "USER-A-1", "Declined");
        let writes = house.writes();
        house.live_for(3 * HOUR).await;
        assert_eq!(told(&house), [1, 0, 0, 0]);
        assert!(!house.events.about("DEV-A-1 left DEV-A and is now DEV-N-1").is_empty(), "{}", house.about("USER-A-1"));
        assert!(skipped(&house, "suspended"));
        assert_eq!(house.writes(), writes, "nothing is written");
        house.moves_to_project(DEVELOPER, "DEV-N-1", DEV_PROJECT);
        house.cycles(2).await;
        assert_eq!(told(&house), [1, 0, 0, 1]);
        assert_eq!(house.status("DEV-A-1"), "Cancelled", "what happened meanwhile is news");
        assert_eq!((kept_in_history(&house, "pair.suspended"), kept_in_history(&house, "pair.mended")), (1, 1));
    });
}

#[test]
fn an_issue_moved_to_the_other_side_suspends_its_pair_and_stays_unpaired() {
    with_a_pair(async |mut house| {
        house.moves_to_project(DEVELOPER, "USER-A-1", DEV_PROJECT);
        house.live_for(HOUR).await;
        assert_eq!(told(&house), [1, 0, 0, 0]);
        assert!(!house.events.about("is now DEV-A-2, on the dev side").is_empty());
        house.moves(CUSTOMER, "DEV-A-1", "Closed");
        house.live_for(HOUR).await;
        house.moves_to_project(DEVELOPER, "DEV-A-2", USER_PROJECT);
        house.cycles(2).await;
        assert_eq!(told(&house), [1, 0, 0, 1]);
        assert_eq!(house.status("USER-A-1"), "Resolved");
    });
}

#[test]
fn a_deleted_dev_issue_breaks_its_pair_once_and_costs_nothing_for_ever() {
    with_a_pair(async |mut house| {
        house.deletes(DEVELOPER, "DEV-A-1");
        house.comments(CUSTOMER, "USER-A-1", "any news?");
        house.live_for(30 * HOUR).await;
        assert_eq!(told(&house), [0, 1, 0, 0]);
        assert!(skipped(&house, "broken"));
        assert!(house.dev_issues().is_empty(), "nothing is created unasked");
        let before = house.requests();
        house.live_for(10 * HOUR).await;
        // Who we are, the site, two projects and their statuses; then a search every five minutes, and Jira's clock hourly.
        assert_eq!(house.requests() - before, 6 + 10 * 12 + 9);
        assert_eq!((told(&house), kept_in_history(&house, "pair.broken")), ([0, 1, 0, 0], 1));
    });
}

#[test]
fn a_dev_issue_that_is_shown_again_is_mended_and_gets_missed_changes() {
    with_a_pair(async |mut house| {
        house.hides("DEV-A-1");
        house.moves(CUSTOMER, "USER-A-1", "Declined");
        house.live_for(2 * HOUR).await;
        assert_eq!(told(&house), [0, 1, 0, 0]);
        // Nothing that a search shows changes by it.
        let rows = Rows::Of("DEV-A-1".to_owned());
        house.site.freeze_index(&rows, house.clock.wall() + TimeDelta::days(2)).unwrap();
        house.shows("DEV-A-1");
        house.live_for(70 * MINUTE).await;
        assert_eq!(told(&house), [0, 1, 0, 1], "{}", house.about("USER-A-1"));
        assert_eq!(house.status("DEV-A-1"), "Cancelled");
    });
}

#[test]
fn both_halves_tell_where_they_are() {
    with_a_pair(async |mut house| {
        house.moves_to_project(DEVELOPER, "DEV-A-1", "DEV-N");
        house.comments(CUSTOMER, "USER-A-1", "any news?");
        house.cycles(2).await;
        house.deletes(DEVELOPER, "DEV-N-1");
        house.comments(CUSTOMER, "USER-A-1", "any news?");
        house.cycles(2).await;
        assert_eq!(told(&house), [1, 1, 0, 0], "first suspended, then broken");
    });
}

#[test]
fn the_patrol_finds_what_no_search_names() {
    with_a_pair(async |mut house| {
        house.deletes(DEVELOPER, "DEV-A-1");
        house.live_for(20 * HOUR).await;
        assert_eq!(told(&house), [0; 4], "no patrol on the first day");
        house.live_for(5 * HOUR).await;
        assert_eq!(told(&house), [0, 1, 0, 0]);
        assert_eq!(house.events.told("Read 1 known pairs again"), 1);
        assert!(!house.events.about("(\"broken\", Number(1))").is_empty());
    });
}

#[test]
fn the_patrol_finds_a_status_that_no_search_showed() {
    with_a_pair(async |mut house| {
        let rows = Rows::Of("DEV-A-1".to_owned());
        house.site.freeze_index(&rows, house.clock.wall() + TimeDelta::days(9)).unwrap();
        house.moves(CUSTOMER, "DEV-A-1", "Closed");
        house.live_for(20 * HOUR).await;
        assert_eq!(house.status("USER-A-1"), "Will Do");
        house.live_for(5 * HOUR).await;
        assert_eq!(house.status("USER-A-1"), "Resolved");
    });
}

#[test]
fn a_pair_hidden_past_all_retries_is_mended_by_the_patrol() {
    with_a_pair(async |mut house| {
        house.hides("DEV-A-1");
        house.moves(CUSTOMER, "USER-A-1", "Declined");
        house.live_for(30 * HOUR).await;
        let rows = Rows::Of("DEV-A-1".to_owned());
        house.site.freeze_index(&rows, house.clock.wall() + TimeDelta::days(9)).unwrap();
        house.shows("DEV-A-1");
        house.live_for(25 * HOUR).await;
        assert_eq!(told(&house), [0, 1, 0, 1]);
        assert_eq!(house.status("DEV-A-1"), "Cancelled");
    });
}

/// So many pairs as a flow may have that nothing was heard of for long: each with issues of their own.
fn many_pairs(house: &House, count: u32) {
    let mut database = house.data.database();
    let transaction = database.transaction().unwrap();
    for number in 0..count {
        let ids = [USER_PROJECT, DEV_PROJECT].map(|project| {
            let key = house.creates(DEVELOPER, project, &format!("pair {number}"), "");
            (house.id(&key), key)
        });
        let [(user_id, user_key), (dev_id, dev_key)] = &ids;
        let sql = "INSERT INTO jira_mapping (user_issue_id, user_issue_key, dev_issue_id, dev_issue_key, origin, state,
                       created_at) VALUES (?1, ?2, ?3, ?4, 'created', 'active', '2026-03-01T00:00:00.000Z')";
        transaction.execute(sql, [user_id, user_key, dev_id, dev_key]).unwrap();
    }
    transaction.commit().unwrap();
}

#[test]
fn a_patrol_of_many_pairs_is_spread_over_cycles_and_goes_on_after_a_crash() {
    on_a_paused_clock(async {
        let mut house = House::quiet(FLAVOURS[0], 7);
        house.live_for(MINUTE).await;
        many_pairs(&house, 600);
        house.cycles(2).await;
        let last = house.dev_issues().last().unwrap().key.clone();
        house.deletes(DEVELOPER, &last);
        house.clock.sleep(25 * HOUR).await;
        patrol_is_due(&house);
        let before = house.requests();
        house.live_for(4 * MINUTE).await;
        // Who we are, the site, two projects and their statuses; a search of 13 pages; and no more than five batches.
        assert!(house.requests() - before <= 6 + 14 + 5, "{}", house.requests() - before);
        house.live(End::Crash(Crash::at(60), HOUR)).await;
        house.live_for(4 * MINUTE).await;
        assert_eq!(told(&house), [0; 4], "not yet");
        house.cycles(2).await;
        assert_eq!(told(&house), [0, 1, 0, 0]);
        assert_eq!(house.events.told("Read 600 known pairs again"), 1);
    });
}

#[test]
fn what_an_operator_took_apart_is_left_alone_and_costs_nothing() {
    with_a_pair(async |mut house| {
        change(&house, "UPDATE jira_mapping SET state = 'unpaired'");
        house.moves(CUSTOMER, "DEV-A-1", "Closed");
        house.comments(CUSTOMER, "USER-A-1", "any news?");
        house.clock.sleep(MINUTE).await;
        let writes = house.writes();
        house.cycles(2).await;
        assert!(skipped(&house, "unpaired"));
        let before = house.requests();
        house.live_for(2 * HOUR - Duration::from_secs(1)).await;
        assert_eq!(house.requests() - before, 6 + 24 + 1, "what was seen needs no second look");
        patrol_is_due(&house);
        house.live_for(2 * HOUR - Duration::from_secs(1)).await;
        assert_eq!(house.requests() - before, 2 * (6 + 24 + 1), "not even the patrol's");
        assert_eq!((house.status("USER-A-1"), house.writes()), ("Will Do".to_owned(), writes));
    });
}

#[test]
fn a_pair_with_a_write_in_hand_waits_for_it_and_is_looked_at_again() {
    with_a_pair(async |mut house| {
        let path = house.api("issue/{issueIdOrKey}/transitions");
        let lost = Kind::ServerError { status: StatusCode::SERVICE_UNAVAILABLE, effect: Effect::Before };
        house.site.faults(Rule::on(Method::POST, &path, When::First(1), lost).into());
        house.moves(CUSTOMER, "DEV-A-1", "Closed");
        house.clock.sleep(MINUTE).await;
        house.live_for(MINUTE).await;
        assert_eq!(house.events.audited("step.inDoubt"), 1);
        house.moves(CUSTOMER, "USER-A-1", "Declined");
        house.clock.sleep(30 * Duration::from_secs(1)).await;
        house.live_for(MINUTE).await;
        assert!(skipped(&house, "openIntent"), "{}", house.about("USER-A-1"));
        house.live_for(HOUR).await;
        let now = (house.status("USER-A-1"), house.status("DEV-A-1"));
        assert_eq!(now, ("Declined".to_owned(), "Cancelled".to_owned()), "the later word, once nothing waits");
    });
}

#[test]
fn a_write_in_hand_waits_while_its_pair_is_suspended() {
    with_a_pair(async |mut house| {
        let path = house.api("issue/{issueIdOrKey}/comment");
        let lost = Kind::ServerError { status: StatusCode::CONFLICT, effect: Effect::Before };
        house.site.faults(Rule::on(Method::POST, &path, When::First(1), lost).into());
        house.moves(CUSTOMER, "DEV-A-1", "Closed");
        house.clock.sleep(MINUTE).await;
        house.live_for(Duration::from_secs(10)).await;
        assert_eq!(house.events.audited("issue.failed"), 1, "the comment is owed");
        house.moves_to_project(DEVELOPER, "USER-A-1", "USER-N");
        house.comments(CUSTOMER, "DEV-A-1", "any news?");
        house.live_for(Duration::from_secs(10)).await;
        let writes = house.writes();
        house.live_for(5 * HOUR).await;
        assert_eq!((told(&house), house.writes()), ([1, 0, 0, 0], writes));
        house.moves_to_project(DEVELOPER, "USER-N-1", USER_PROJECT);
        house.live_for(HOUR).await;
        let comments = house.site.issue("USER-A-1").unwrap().comments;
        assert_eq!(comments.iter().filter(|comment| comment.text == "Fixed in DEV-A-1").count(), 1);
        assert_eq!(told(&house), [1, 0, 0, 1]);
    });
}

/// The second dev issue claims a user issue that has one.
#[test]
fn a_second_dev_issue_of_one_user_issue_stops_nothing() {
    with_a_pair(async |mut house| {
        house.clones(DEVELOPER, "DEV-A-1", true);
        house.cycles(2).await;
        house.accepts(CUSTOMER, "Another", "");
        house.moves(CUSTOMER, "DEV-A-2", "Closed");
        house.cycles(2).await;
        assert_eq!(house.dev_count(), 3);
        assert_eq!(house.status("USER-A-1"), "Will Do");
    });
}

/// The user issue was paired with another one between a create whose answer was lost and the look for it.
#[test]
fn a_create_for_an_issue_paired_meanwhile_is_told_and_stops_nothing() {
    with_a_pair(async |mut house| {
        let path = house.api("issue");
        house.site.faults(Rule::on(Method::POST, &path, When::First(1), Kind::LostReply).into());
        let [(user, user_id), (dev, dev_id)] = [USER_PROJECT, DEV_PROJECT].map(|project| {
            let key = house.creates(DEVELOPER, project, "by hand", "");
            (key.clone(), house.id(&key))
        });
        house.moves(CUSTOMER, &user, "Will Do");
        house.clock.sleep(MINUTE).await;
        house.live_for(MINUTE).await;
        assert_eq!(house.events.audited("step.inDoubt"), 1);
        let insert = format!(
            "INSERT INTO jira_mapping (user_issue_id, user_issue_key, dev_issue_id, dev_issue_key, origin, state,
                 created_at) VALUES ('{user_id}', '{user}', '{dev_id}', '{dev}', 'adopted', 'active', '')"
        );
        change(&house, &insert);
        house.live_for(HOUR).await;
        assert!(!house.events.about("another pair of").is_empty(), "{}", house.about(&user));
        house.moves(CUSTOMER, &dev, "Closed");
        house.moves(CUSTOMER, "DEV-A-1", "Closed");
        house.live_for(3 * HOUR).await;
        assert_eq!((house.status("USER-A-1"), house.status(&user)), ("Resolved".to_owned(), "Resolved".to_owned()));
    });
}

/// A second flow over the same two projects, the other way round. With the first one's rules the two chase each other:
/// what one writes is news to the other.
fn a_flow_that_answers(house: &House) {
    let rule = |source: &str, target: &str| {
        json!({ "id": source, "sourceStatus": source, "syncDirection": "user_to_dev", "enabled": true,
                "conditions": { "requireMapping": true, "onStatusChange": true },
                "actions": { "syncStatus": true, "targetStatus": target } })
    };
    let flow = || house.flow_fixture().interval(Duration::from_secs(10));
    let answering = flow().with(json!({
        "name": "sync-ba", "userProjectKey": DEV_PROJECT, "devProjectKey": USER_PROJECT,
        "rules": [rule("Reopened", "Declined"), rule("Cancelled", "In Progress")],
    }));
    flow().rule(rule("In Progress", "Reopened")).write();
    answering.write_as("sync-ba.json");
}

/// The second flow knows the first one's pair, the other way round.
fn knows_the_pair(house: &House) {
    let other = house.data.folder().join("sync_ba.sqlite");
    let sql =
        "INSERT INTO other.jira_mapping (user_issue_id, user_issue_key, dev_issue_id, dev_issue_key, origin, state,
                   created_at) SELECT dev_issue_id, dev_issue_key, user_issue_id, user_issue_key, 'created', state,
                   created_at FROM jira_mapping";
    let database = house.data.database();
    database.execute("ATTACH ?1 AS other", [other.to_str().unwrap()]).unwrap();
    assert_eq!(database.execute(sql, []).unwrap(), 1);
}

/// How often Lockstep moved one of the two.
fn made(house: &House) -> usize {
    let histories = ["USER-A-1", "DEV-A-1"].map(|key| house.site.issue(key).unwrap().history);
    let moved = |change: &&ChangeView| change.field == "status" && change.author == "account-lockstep";
    histories.iter().flatten().filter(moved).count()
}

#[test]
fn flows_that_answer_each_other_are_held_for_an_hour_across_restarts() {
    with_a_pair(async |mut house| {
        a_flow_that_answers(&house);
        house.live_for(5 * MINUTE).await;
        knows_the_pair(&house);
        house.moves(CUSTOMER, "USER-A-1", "In Progress");
        house.live_for(15 * MINUTE).await;
        assert_eq!(told(&house), [0, 0, 1, 0], "{}", house.about("USER-A-1"));
        assert!(!house.events.about("written 6 times within ten minutes").is_empty());
        let before = made(&house);
        assert!((11..=12).contains(&before), "{before} moves");
        for _ in 0..4 {
            house.live_for(8 * MINUTE).await;
        }
        assert_eq!((made(&house), told(&house)), (before, [0, 0, 1, 0]), "a restart releases no pair");
        house.live_for(40 * MINUTE).await;
        assert_eq!(told(&house), [0, 0, 2, 1], "judged anew after an hour, by what was written since");
        assert!((before + 6..=2 * before + 1).contains(&made(&house)), "{} moves", made(&house));
    });
}

#[test]
fn a_released_pair_is_judged_by_writes_after_its_release() {
    with_a_pair(async |mut house| {
        a_flow_that_answers(&house);
        house.live_for(5 * MINUTE).await;
        knows_the_pair(&house);
        house.moves(CUSTOMER, "USER-A-1", "In Progress");
        house.live_for(5 * MINUTE).await;
        assert_eq!(told(&house), [0, 0, 1, 0], "{}", house.about("USER-A-1"));
        let (before, clock) = (made(&house), house.clock.clone());
        let sql = "SELECT count(*) FROM jira_mapping WHERE state = 'held'";
        let is_the_first: bool = house.data.database().query_row(sql, [], |row| row.get(0)).unwrap();
        let (flow, user, dev) =
            if is_the_first { ("sync-ab", "USER-A-1", "DEV-A-1") } else { ("sync-ba", "DEV-A-1", "USER-A-1") };
        let order = Order::Pair { user: user.parse().unwrap(), dev: dev.parse().unwrap() };
        let beside = async |handle: Handle| {
            clock.sleep(Duration::from_secs(20)).await;
            let answer = handle.order(&flow.parse().unwrap(), order).await;
            assert!(matches!(&answer, Some(OrderOutcome::Executed(_))), "{answer:?}");
        };
        house.live_beside(End::At(2 * MINUTE), beside).await;
        assert!(made(&house) > before, "it was held again at once, for what was written before");
    });
}

/// From now on searches tell nothing of these two, and neither a look back nor a patrol is near.
async fn nothing_shows_any_more(house: &House, issues: [&str; 2]) {
    let frozen = house.clock.wall() + TimeDelta::days(9);
    for row in issues {
        house.site.freeze_index(&Rows::Of(row.to_owned()), frozen).unwrap();
    }
    house.clock.sleep(30 * HOUR).await;
    let now = house.clock.wall().to_rfc3339();
    change(house, &format!("UPDATE sync_state SET patrol_begun = '{now}', last_sync = '{now}'"));
}

#[test]
fn a_suspended_pair_that_returned_unnoticed_is_set_going_by_an_order() {
    with_a_pair(async |mut house| {
        house.moves_to_project(DEVELOPER, "DEV-A-1", "DEV-N");
        house.moves(CUSTOMER, "USER-A-1", "Declined");
        house.live_for(20 * MINUTE).await;
        nothing_shows_any_more(&house, ["DEV-N-1", "USER-A-1"]).await;
        house.moves_to_project(DEVELOPER, "DEV-N-1", DEV_PROJECT);
        house.live_for(20 * MINUTE).await;
        assert_eq!((told(&house), house.status("DEV-A-1")), ([1, 0, 0, 0], "To Do".to_owned()));
        let clock = house.clock.clone();
        let beside = async |handle: Handle| {
            clock.sleep(MINUTE).await;
            let order = Order::Pair { user: "USER-A-1".parse().unwrap(), dev: "DEV-A-1".parse().unwrap() };
            let answer = handle.order(&"sync-ab".parse().unwrap(), order).await;
            assert!(matches!(&answer, Some(OrderOutcome::Executed(_))), "{answer:?}");
        };
        house.live_beside(End::At(3 * MINUTE), beside).await;
        assert_eq!(house.status("DEV-A-1"), "Cancelled", "what happened meanwhile is looked at");
    });
}

/// No search shows what was only hidden: a cycle that saw it return must record that.
#[test]
fn a_crash_while_a_pair_is_mended_loses_no_change_of_the_broken_time() {
    let flavour = FLAVOURS[0];
    let places = at_every_gate(async |gate| {
        let mut house = House::quiet(flavour, 7);
        house.accepts(CUSTOMER, FIRE, "");
        house.cycles(2).await;
        house.hides("DEV-A-1");
        house.moves(CUSTOMER, "USER-A-1", "Declined");
        house.cycles(2).await;
        nothing_shows_any_more(&house, ["DEV-A-1", "USER-A-1"]).await;
        house.shows("DEV-A-1");
        let crash = Crash::at(gate);
        house.live(End::Crash(crash.clone(), 3 * MINUTE)).await;
        let place = crash.place()?;
        house.live_for(2 * HOUR).await;
        assert_eq!(house.status("DEV-A-1"), "Cancelled", "after a crash at {place}: {}", house.about("USER-A-1"));
        Some(place)
    });
    assert!(places.len() > 20, "{places:#?}");
}
