//! What an operator orders about pairs, and what becomes of it: on both kinds of Jira, and whenever it is cut short.

use std::time::Duration;

use http::Method;
use jira_sim::faults::{Effect, Kind, Rule, When};
use jira_sim::{FileContent, Flavour, Rows};
use lockstep::flow::{FlowName, Order};
use lockstep::supervisor::{Ended, Handle, OrderOutcome};

use serde_json::{Value, json};
use testing::house::{Crash, End, FLAVOURS, HOUR, House, MINUTE, at_every_gate, cycles, on_a_paused_clock, on_both};
use testing::story::{CUSTOMER, DEV_PROJECT, DEVELOPER, InJira as _};

fn moved(house: &House, issue: &str, status: &str) {
    let who = if issue.starts_with("DEV") { DEVELOPER } else { CUSTOMER };
    house.moves(who, issue, status);
}

/// A report for which a dev issue was created.
async fn served(house: &mut House) -> (String, String) {
    let user = house.reports_ticket();
    moved(house, &user, "Will Do");
    house.live_for(20 * MINUTE).await;
    (user, "DEV-A-1".to_owned())
}

fn pair(user: &str, dev: &str) -> Order {
    Order::Pair { user: user.parse().unwrap(), dev: dev.parse().unwrap() }
}

fn unpair(issue: &str) -> Order {
    Order::Unpair { issue: issue.parse().unwrap() }
}

fn recreate(user: &str) -> Order {
    Order::Recreate { user: user.parse().unwrap() }
}

/// Lives for a while, and gives an order after a minute.
async fn order(house: &mut House, given: Order) -> OrderOutcome {
    order_after(house, MINUTE, given).await
}

async fn order_after(house: &mut House, wait: Duration, order: Order) -> OrderOutcome {
    let clock = house.clock.clone();
    let mut answer = None;
    let ended = house
        .live_beside(End::At(cycles(2)), async |handle| {
            clock.sleep(wait).await;
            answer = handle.order(&flow(), order).await;
        })
        .await;
    assert_eq!(ended, Some(Ended::Drained));
    answer.expect("the flow is known")
}

fn flow() -> FlowName {
    "sync-ab".parse().unwrap()
}

#[track_caller]
fn obeyed(answer: &OrderOutcome, part: &str) {
    assert!(matches!(answer, OrderOutcome::Executed(done) if done.what.contains(part)), "{answer:?} without {part:?}");
}

#[track_caller]
fn refused(answer: &OrderOutcome, part: &str) {
    assert!(
        matches!(answer, OrderOutcome::Refused(refused) if refused.why.contains(part)),
        "{answer:?} without {part:?}"
    );
}

fn is_marked(house: &House, key: &str) -> bool {
    house.site.issue(key).unwrap().properties.contains_key("lockstep")
}

fn file(size: u64) -> FileContent {
    FileContent::Made { size, seed: 3 }
}

#[test]
fn two_issues_paired_by_an_operator_are_synced_from_then_on_only() {
    on_both(7, async |mut house| {
        let (user, dev) = (house.reports_ticket(), house.creates(DEVELOPER, DEV_PROJECT, "Put it out", "With water."));
        moved(&house, &dev, "Closed");
        house.live_for(20 * MINUTE).await;
        obeyed(&order(&mut house, pair(&user, &dev)).await, "USER-A-1 and DEV-A-1 are a pair now");
        house.live_for(20 * MINUTE).await;
        assert_eq!(house.status(&user), "Open", "what was before is ignored");
        moved(&house, &dev, "Reopened");
        house.live_for(20 * MINUTE).await;
        moved(&house, &dev, "Closed");
        house.live_for(20 * MINUTE).await;
        assert_eq!(house.status(&user), "Resolved");
        assert_eq!(house.dev_count(), 1);
        assert_eq!(house.events.audited("pair.order"), 1);
    });
}

#[test]
fn a_pair_that_an_operator_made_survives_a_lost_store() {
    on_both(7, async |mut house| {
        let (user, dev) = (house.reports_ticket(), house.creates(DEVELOPER, DEV_PROJECT, "Put it out", "With water."));
        obeyed(&order(&mut house, pair(&user, &dev)).await, "are a pair now");
        house.data.lose();
        moved(&house, &user, "Will Do");
        house.live_for(20 * MINUTE).await;
        assert_eq!(house.dev_count(), 1, "it was created anew: {}", house.about(&user));
        obeyed(&order(&mut house, pair(&user, &dev)).await, "are a pair already");
    });
}

#[test]
fn an_order_that_was_carried_out_may_be_given_again_and_changes_nothing() {
    on_both(7, async |mut house| {
        let (user, dev) = served(&mut house).await;
        let writes = house.writes();
        obeyed(&order(&mut house, pair(&user, &dev)).await, "are a pair already");
        assert_eq!(house.writes(), writes);
        obeyed(&order(&mut house, unpair(&dev)).await, "are no pair any more");
        let writes = house.writes();
        obeyed(&order(&mut house, unpair(&user)).await, "are no pair already");
        assert_eq!(house.writes(), writes);
    });
}

#[test]
fn a_pair_that_cannot_be_is_refused_with_words_and_nothing_is_written() {
    on_both(7, async |mut house| {
        let (user, dev) = served(&mut house).await;
        let (other_user, other_dev) =
            (house.reports_ticket(), house.creates(DEVELOPER, DEV_PROJECT, "Put it out", "With water."));
        let foreign = house.creates(CUSTOMER, "USER-C", "Elsewhere", "x");
        let writes = house.writes();
        for (user, dev, why) in [
            (&*user, &*other_dev, "USER-A-1 and DEV-A-1 are a pair (active); `unpair USER-A-1` first"),
            (&*other_user, &*dev, "USER-A-1 and DEV-A-1 are a pair (active); `unpair USER-A-1` first"),
            (&*other_user, "DEV-A-99", "DEV-A-99 can't be read"),
            (&*other_dev, &*other_user, "DEV-A-2 is not in USER-A, the user project of this flow"),
            (&*foreign, &*other_dev, "is not in USER-A"),
        ] {
            refused(&order(&mut house, pair(user, dev)).await, why);
        }
        assert_eq!(house.writes(), writes);
        assert_eq!(house.events.audited("pair.order"), 0);
    });
}

#[test]
fn files_from_before_an_operators_pairing_are_not_copied() {
    on_both(7, async |mut house| {
        let (user, dev) = (house.reports_ticket(), house.creates(DEVELOPER, DEV_PROJECT, "Put it out", "With water."));
        for (issue, filename, size) in [(&user, "log.txt", 1), (&user, "screen.png", 2), (&dev, "screen.png", 2)] {
            house.attaches(DEVELOPER, issue, filename, file(size));
        }
        obeyed(&order(&mut house, pair(&user, &dev)).await, "are a pair now");
        let database = house.data.database();
        let mut entries = database.prepare("SELECT copy_id IS NULL FROM attachments ORDER BY file_id").unwrap();
        let left: Vec<bool> = entries.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        assert_eq!(left, [true, false]);
    });
}

#[test]
fn a_pair_that_an_operator_takes_apart_stays_apart() {
    on_both(7, async |mut house| {
        let (user, dev) = served(&mut house).await;
        obeyed(&order(&mut house, unpair(&user)).await, "USER-A-1 and DEV-A-1 are no pair any more");
        assert!(!is_marked(&house, &user) && !is_marked(&house, &dev));
        moved(&house, &dev, "Closed");
        house.live_for(30 * MINUTE).await;
        assert_eq!((house.status(&user).as_str(), house.dev_count()), ("Will Do", 1));
        assert!(house.site.issue(&user).unwrap().description.contains("Dev Link:"), "people's texts are theirs");
    });
}

#[test]
fn unpairing_leaves_a_mark_that_names_another_flows_dev_issue() {
    on_both(7, async |mut house| {
        let (user, dev) = served(&mut house).await;
        house.marks(DEVELOPER, &user, json!({"devIssue": "99999", "intent": "theirs"}));
        obeyed(&order(&mut house, unpair(&user)).await, "are no pair any more");
        assert!(is_marked(&house, &user) && !is_marked(&house, &dev));
    });
}

#[test]
fn a_pair_is_taken_apart_by_the_key_of_an_issue_that_was_deleted() {
    on_both(7, async |mut house| {
        let (user, dev) = served(&mut house).await;
        house.deletes(DEVELOPER, &dev);
        refused(&order(&mut house, unpair("DEV-A-77")).await, "DEV-A-77 is in no pair that this flow knows");
        obeyed(&order(&mut house, unpair(&dev)).await, "are no pair any more");
        assert!(!is_marked(&house, &user));
    });
}

#[test]
fn what_was_taken_apart_may_be_paired_otherwise() {
    on_both(7, async |mut house| {
        let (user, dev) = served(&mut house).await;
        let other = house.creates(DEVELOPER, DEV_PROJECT, "Put it out", "With water.");
        obeyed(&order(&mut house, unpair(&user)).await, "are no pair any more");
        let answer = order(&mut house, pair(&user, &other)).await;
        obeyed(&answer, "USER-A-1 and DEV-A-2 are a pair now; DEV-A-1 belongs to no issue any more");
        moved(&house, &other, "Closed");
        moved(&house, &dev, "In Progress");
        house.live_for(20 * MINUTE).await;
        assert_eq!((house.status(&user).as_str(), house.dev_count()), ("Resolved", 2));
    });
}

#[test]
fn a_new_dev_issue_is_created_in_place_of_one_that_is_gone() {
    on_both(7, async |mut house| {
        let (user, dev) = served(&mut house).await;
        refused(&order(&mut house, recreate(&user)).await, "can be read; `unpair USER-A-1` first");
        house.deletes(DEVELOPER, &dev);
        house.live_for(20 * MINUTE).await;
        assert_eq!(house.dev_count(), 0, "nothing is recreated unasked");
        obeyed(&order(&mut house, recreate(&user)).await, "DEV-A-2 was created for USER-A-1");
        assert_eq!(house.comment_texts(&user), ["Dev issue: DEV-A-1", "Dev issue: DEV-A-2"]);
        moved(&house, "DEV-A-2", "Closed");
        house.live_for(20 * MINUTE).await;
        assert_eq!((house.status(&user).as_str(), house.dev_count()), ("Resolved", 1));
        assert_eq!(
            house
                .events
                .told("Some recorded pairs are missing; they are found again by the marks and links of their issues"),
            0
        );
    });
}

#[test]
fn recreate_works_after_the_store_and_the_dev_issue_were_lost() {
    on_both(7, async |mut house| {
        let (user, dev) = served(&mut house).await;
        house.deletes(DEVELOPER, &dev);
        house.data.lose();
        house.live_for(20 * MINUTE).await;
        assert_eq!(house.dev_count(), 0);
        obeyed(&order(&mut house, recreate(&user)).await, "DEV-A-2 was created for USER-A-1");
    });
}

#[test]
fn recreate_replaces_a_removed_dev_issue_in_any_status() {
    on_both(7, async |mut house| {
        let (user, _) = served(&mut house).await;
        obeyed(&order(&mut house, unpair(&user)).await, "are no pair any more");
        moved(&house, &user, "In Progress");
        obeyed(&order(&mut house, recreate(&user)).await, "DEV-A-2 was created for USER-A-1");
        house.live_for(HOUR).await;
        assert_eq!(house.dev_count(), 2, "the former one was not taken for a twin");
        obeyed(&order(&mut house, pair(&user, "DEV-A-2")).await, "are a pair already");
    });
}

#[test]
fn a_new_dev_issue_gets_the_files_that_the_former_one_had() {
    on_both(7, async |mut house| {
        let copying = |flow: &mut Value| flow["rules"][0]["actions"]["syncAttachments"] = true.into();
        house.flow_fixture().change(copying).write();
        let user = house.reports_ticket();
        house.attaches(CUSTOMER, &user, "log.txt", file(1000));
        moved(&house, &user, "Will Do");
        house.live_for(20 * MINUTE).await;
        house.deletes(DEVELOPER, "DEV-A-1");
        obeyed(&order(&mut house, recreate(&user)).await, "DEV-A-2 was created for USER-A-1");
        house.live_for(20 * MINUTE).await;
        let files = house.site.issue("DEV-A-2").unwrap().attachments;
        assert_eq!(files.iter().map(|file| file.filename.as_str()).collect::<Vec<_>>(), ["log.txt"]);
    });
}

#[test]
fn while_a_write_is_in_doubt_its_pair_is_not_decided_about() {
    on_both(7, async |mut house| {
        let user = house.reports_ticket();
        moved(&house, &user, "Will Do");
        house.live_for(20 * MINUTE).await;
        let lost = Kind::ServerError { status: http::StatusCode::BAD_GATEWAY, effect: Effect::Before };
        let transitions = house.api("issue/{issueIdOrKey}/transitions");
        house.site.add_fault(Rule::on(Method::POST, &transitions, When::First(1), lost));
        moved(&house, "DEV-A-1", "Closed");
        refused(&order_after(&mut house, 6 * MINUTE, unpair(&user)).await, "nobody knows yet whether it happened");
        house.live_for(20 * MINUTE).await;
        assert_eq!(house.status(&user), "Resolved");
        obeyed(&order(&mut house, unpair(&user)).await, "are no pair any more");
    });
}

#[test]
fn a_mark_that_jira_does_not_take_makes_no_pair() {
    on_both(7, async |mut house| {
        let (user, dev) = (house.reports_ticket(), house.creates(DEVELOPER, DEV_PROJECT, "Put it out", "With water."));
        let no = Kind::ServerError { status: http::StatusCode::FORBIDDEN, effect: Effect::Before };
        let property = house.api("issue/{issueIdOrKey}/properties/{propertyKey}");
        house.site.add_fault(Rule::on(Method::PUT, &property, When::Nth(2), no));
        refused(&order(&mut house, pair(&user, &dev)).await, "DEV-A-1 could not be marked, so they are no pair");
        assert!(!is_marked(&house, &user) && !is_marked(&house, &dev));
        obeyed(&order(&mut house, pair(&user, &dev)).await, "are a pair now");
    });
}

/// Tells the order when the first cycle is over, crashes at that gate after it, and gives it again in the next life.
async fn cut_short(house: &mut House, gate: u64, given: Order) -> Option<String> {
    let crash = Crash::at(gate);
    crash.sleep();
    let (clock, armed, first) = (house.clock.clone(), crash.clone(), given.clone());
    house
        .live_beside(End::Crash(crash.clone(), 3 * MINUTE), async |handle| {
            clock.sleep(MINUTE).await;
            armed.wake();
            handle.order(&flow(), first).await;
            armed.sleep();
        })
        .await;
    let place = crash.place()?;
    let again = order(house, given).await;
    assert!(!matches!(&again, OrderOutcome::NotNow { .. } | OrderOutcome::BrokenOff { .. }), "{again:?} after {place}");
    house.live_for(HOUR).await;
    Some(place)
}

#[test]
fn an_order_to_pair_cut_short_by_a_crash_is_completed_when_repeated() {
    for flavour in FLAVOURS {
        let places = at_every_gate(async |gate| {
            let mut house = House::quiet(flavour, 7);
            let (user, dev) =
                (house.reports_ticket(), house.creates(DEVELOPER, DEV_PROJECT, "Put it out", "With water."));
            house.live_for(20 * MINUTE).await;
            let place = cut_short(&mut house, gate, pair(&user, &dev)).await?;
            moved(&house, &user, "Will Do");
            moved(&house, &dev, "Closed");
            house.live_for(HOUR).await;
            assert_eq!((house.status(&user).as_str(), house.dev_count()), ("Resolved", 1), "{place}");
            assert!(is_marked(&house, &user) && is_marked(&house, &dev), "{place}");
            Some(place)
        });
        assert!(places.iter().any(|place| place.contains("Jira PUT")), "{places:#?}");
        assert!(places.iter().any(|place| place == "After Store write"), "{places:#?}");
    }
}

#[test]
fn an_order_to_unpair_cut_short_by_a_crash_is_completed_when_repeated() {
    for flavour in FLAVOURS {
        let places = at_every_gate(async |gate| {
            let mut house = House::quiet(flavour, 7);
            let (user, dev) = served(&mut house).await;
            let place = cut_short(&mut house, gate, unpair(&user)).await?;
            moved(&house, &dev, "Closed");
            house.live_for(HOUR).await;
            assert_eq!((house.status(&user).as_str(), house.dev_count()), ("Will Do", 1), "{place}");
            assert!(!is_marked(&house, &user) && !is_marked(&house, &dev), "{place}");
            Some(place)
        });
        assert!(places.iter().any(|place| place.contains("Jira DELETE")), "{places:#?}");
    }
}

#[test]
fn an_order_to_recreate_that_a_crash_cut_short_creates_one_issue() {
    for flavour in FLAVOURS {
        let places = at_every_gate(async |gate| {
            let mut house = House::quiet(flavour, 7);
            let (user, dev) = served(&mut house).await;
            // By which it is seen that the index is healthy.
            house.creates(DEVELOPER, DEV_PROJECT, "Put it out", "With water.");
            house.deletes(DEVELOPER, &dev);
            house.live_for(20 * MINUTE).await;
            let place = cut_short(&mut house, gate, recreate(&user)).await?;
            assert_eq!(house.dev_count(), 2, "{place}");
            assert_eq!(house.comment_texts(&user).len(), 2, "{place}");
            Some(place)
        });
        let create = House::quiet(flavour, 7).api("issue");
        assert!(places.contains(&format!("After Jira POST {create}")), "{places:#?}");
    }
}

#[test]
fn an_order_for_a_flow_that_cannot_take_it_is_answered_in_words() {
    on_a_paused_clock(async {
        let mut house = House::quiet(Flavour::Cloud, 7);
        let no = Kind::ServerError { status: http::StatusCode::UNAUTHORIZED, effect: Effect::Before };
        let myself = house.api("myself");
        house.site.add_fault(Rule::on(Method::GET, &myself, When::Always, no));
        let answer = order(&mut house, unpair("USER-A-1")).await;
        assert!(
            matches!(&answer, OrderOutcome::NotNow { why } if why.starts_with("the flow is parked: ")),
            "{answer:?}"
        );
    });
}

/// A doubt is not looked up as long as the pair is broken, and a deleted issue breaks it forever.
#[test]
fn an_operator_can_decide_a_doubtful_pair_whose_dev_issue_is_gone() {
    on_both(7, async |mut house| {
        let (user, dev) = served(&mut house).await;
        let lost = Kind::ServerError { status: http::StatusCode::BAD_GATEWAY, effect: Effect::Before };
        let transitions = house.api("issue/{issueIdOrKey}/transitions");
        house.site.add_fault(Rule::on(Method::POST, &transitions, When::First(1), lost));
        moved(&house, &dev, "Closed");
        house.clock.sleep(MINUTE).await;
        house.live_for(Duration::from_secs(10)).await;
        house.deletes(DEVELOPER, &dev);
        house.comments(CUSTOMER, &user, "any news?");
        house.live_for(20 * MINUTE).await;
        assert_eq!((house.events.audited("step.inDoubt"), house.events.audited("pair.broken")), (1, 1));
        refused(&order(&mut house, recreate(&user)).await, "`unpair USER-A-1` first");
        obeyed(&order(&mut house, unpair(&user)).await, "are no pair any more");
        obeyed(&order(&mut house, recreate(&user)).await, "DEV-A-2 was created for USER-A-1");
    });
}

#[test]
fn an_order_during_a_long_full_sync_is_executed_between_two_pages() {
    on_a_paused_clock(async {
        let mut house = House::quiet_with(7, |jira| {
            jira.page_cap = 1;
            jira.latency = Duration::from_secs(1)..=Duration::from_secs(1);
        });
        let (user, dev) = (house.reports_ticket(), house.creates(DEVELOPER, DEV_PROJECT, "Put it out", "With water."));
        for _ in 0..200 {
            house.creates(DEVELOPER, DEV_PROJECT, "Put it out", "With water.");
        }
        house.clock.sleep(MINUTE).await;
        let clock = house.clock.clone();
        let beside = async |handle: Handle| {
            clock.sleep(MINUTE).await;
            let asked = clock.now();
            let answer = handle.order(&flow(), pair(&user, &dev)).await.unwrap();
            obeyed(&answer, "are a pair now");
            assert!(clock.now() - asked < Duration::from_secs(30), "{:?}", clock.now() - asked);
        };
        house.live_beside(End::At(3 * MINUTE), beside).await;
        assert_eq!(house.events.audited("pair.order"), 1);
        assert_eq!(house.events.told("Initial sync completed"), 0, "{}", house.events.about("sync-ab"));
        house.live_for(HOUR).await;
        assert_eq!((house.events.told("Initial sync completed"), house.dev_count()), (1, 201));
        moved(&house, &dev, "Closed");
        house.live_for(20 * MINUTE).await;
        assert_eq!(house.status(&user), "Resolved");
    });
}

#[test]
fn two_issues_are_not_paired_while_a_create_for_one_of_them_is_in_doubt() {
    on_both(7, async |mut house| {
        let dev = house.creates(DEVELOPER, DEV_PROJECT, "Put it out", "With water.");
        let lost = Kind::ServerError { status: http::StatusCode::BAD_GATEWAY, effect: Effect::Before };
        house.site.add_fault(Rule::on(Method::POST, &house.api("issue"), When::First(1), lost));
        let user = house.reports_ticket();
        moved(&house, &user, "Will Do");
        house.clock.sleep(MINUTE).await;
        refused(&order(&mut house, pair(&user, &dev)).await, "nobody knows yet whether it happened");
        house.live_for(HOUR).await;
        assert_eq!((house.dev_count(), house.comment_texts(&user).len()), (2, 1), "it got its own");
    });
}

#[test]
fn unseen_changes_from_before_an_operators_pairing_are_ignored() {
    on_both(7, async |mut house| {
        house.live_for(MINUTE).await;
        let thaws = house.clock.wall() + chrono::TimeDelta::minutes(6);
        house.site.freeze_index(&Rows::All, thaws).unwrap();
        let (user, dev) = (house.reports_ticket(), house.creates(DEVELOPER, DEV_PROJECT, "Put it out", "With water."));
        house.clock.sleep(MINUTE).await;
        moved(&house, &dev, "Closed");
        obeyed(&order(&mut house, pair(&user, &dev)).await, "are a pair now");
        house.live_for(20 * MINUTE).await;
        assert_eq!(house.status(&user), "Open");
    });
}

#[test]
fn an_order_to_recreate_that_jira_refuses_leaves_everything_as_it_was() {
    on_both(7, async |mut house| {
        let (user, dev) = served(&mut house).await;
        house.deletes(DEVELOPER, &dev);
        let no = Kind::ServerError { status: http::StatusCode::BAD_REQUEST, effect: Effect::Before };
        house.site.add_fault(Rule::on(Method::POST, &house.api("issue"), When::First(1), no));
        refused(&order(&mut house, recreate(&user)).await, "nothing was created for USER-A-1");
        house.comments(CUSTOMER, &user, "any news?");
        house.live_for(HOUR).await;
        assert_eq!(house.dev_count(), 0, "nothing is created unasked");
        obeyed(&order(&mut house, recreate(&user)).await, "was created for USER-A-1");
    });
}
