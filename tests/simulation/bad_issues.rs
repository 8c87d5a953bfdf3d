//! One issue that can't be read, whatever it is for: it fails alone, by name, ever less often, and is not taken for gone.

use std::time::Duration;

use http::{Method, StatusCode};
use jira_sim::faults::{Effect, Garbage, Kind, Rule, When};
use jira_sim::{Action, FaultPlan, Transition};
use lockstep::flow::Order;
use lockstep::supervisor::{Handle, OrderOutcome};
use lockstep::worker::Archive as _;
use serde_json::{Value, json};
use testing::house::{End, FLAVOURS, HOUR, House, MINUTE, cycles, on_a_paused_clock, on_both};
use testing::story::{CUSTOMER, DEV_PROJECT, DEVELOPER, InJira as _, TRIAGER};

/// The summaries of all dev issues, in alphabetical order.
fn dev_issues(house: &House) -> Vec<String> {
    let mut summaries: Vec<_> = house.dev_issues().into_iter().map(|issue| issue.summary).collect();
    summaries.sort();
    summaries
}

/// The issues that wait to be tried again, and why.
async fn failed(house: &House) -> Vec<(String, String)> {
    let survey = house.archive().survey(&house.flow("sync-ab"), 100).await.unwrap();
    survey.failures.first.into_iter().map(|failure| (failure.issue.to_string(), failure.why)).collect()
}

async fn failed_keys(house: &House) -> Vec<String> {
    failed(house).await.into_iter().map(|(key, _)| key).collect()
}

fn error(status: u16) -> Kind {
    Kind::ServerError { status: StatusCode::from_u16(status).unwrap(), effect: Effect::Before }
}

/// Whatever names this issue ends so.
fn spoil(house: &House, issue: &str, kind: Kind) {
    house.site.faults(Rule::anywhere(When::Always, kind).naming(issue).into());
}

fn spoil_no_more(house: &House) {
    house.site.faults(FaultPlan::none());
}

/// A document of lists within lists.
fn lists(levels: usize) -> Value {
    let words = json!({"type": "paragraph", "content": [{"type": "text", "text": "deep"}]});
    let item = |inner: Value| json!({"type": "listItem", "content": [words, inner]});
    let list = |inner: Value| json!({"type": "bulletList", "content": [item(inner)]});
    json!({"type": "doc", "version": 1, "content": [(0..levels).fold(words.clone(), |inner, _| list(inner))]})
}

fn rewrite(house: &House, issue: &str, document: Value) {
    house.act(TRIAGER, Action::Rewrite { issue: issue.to_owned(), document });
}

/// Arrays within arrays.
fn nested(depth: usize) -> Value {
    (0..depth).fold(json!(1), |inner, _| json!([inner]))
}

#[test]
fn an_issue_that_can_not_be_read_fails_alone_and_by_name() {
    for kind in [
        error(500),
        error(502),
        Kind::Stall { effect: jira_sim::faults::Effect::Before },
        Kind::Garbage(Garbage::TruncatedJson),
        Kind::Garbage(Garbage::Bytes),
    ] {
        on_both(7, async |mut house| {
            let all = ["one", "two", "bad", "four", "five"].map(|summary| house.accepts(TRIAGER, summary, "It burns."));
            spoil(&house, &all[2], kind.clone());
            house.live_for(HOUR).await;
            assert_eq!(dev_issues(&house), ["five", "four", "one", "two"], "{kind:?}");
            assert_eq!(failed_keys(&house).await, [all[2].clone()], "{kind:?}");
            assert!(house.events.told("Sync cycle completed") > 5, "{kind:?}");
            let tries = house.events.about(&format!("{} ", all[2])).matches("failed").count();
            assert!((2..12).contains(&tries), "{kind:?}: {tries}");
            spoil_no_more(&house);
            house.live_for(2 * HOUR).await;
            assert_eq!(dev_issues(&house), ["bad", "five", "four", "one", "two"], "{kind:?}");
            assert_eq!(failed_keys(&house).await, [""; 0]);
            assert_eq!(house.disagreements(), [""; 0]);
        });
    }
}

#[test]
fn a_report_that_passed_its_status_while_unreadable_is_not_lost() {
    on_both(7, async |mut house| {
        house.cycles(2).await;
        let (ticket, other) = (house.accepts(TRIAGER, "bad", "It burns."), house.accepts(TRIAGER, "good", "It burns."));
        house.moves(TRIAGER, &ticket, "In Progress");
        spoil(&house, &ticket, error(500));
        house.live_for(30 * HOUR).await;
        assert_eq!(dev_issues(&house), ["good"]);
        spoil_no_more(&house);
        house.live_for(2 * HOUR).await;
        assert_eq!(dev_issues(&house), ["bad", "good"], "{}", house.about(&other));
    });
}

#[test]
fn properties_that_people_set_in_our_name_stop_nothing() {
    for value in [nested(150), nested(5), json!({"intent": nested(140)}), json!("{"), json!({"devIssue": 7})] {
        on_both(7, async |mut house| {
            let tickets = ["one", "two"].map(|summary| house.reports(summary, "It burns."));
            house.marks(CUSTOMER, &tickets[0], value.clone());
            tickets.iter().for_each(|ticket| house.moves(TRIAGER, ticket, "Will Do"));
            house.cycles(2).await;
            assert_eq!(dev_issues(&house), ["one", "two"], "{value}");
            let dev = house.dev_issues()[0].key.clone();
            house.marks(CUSTOMER, &dev, value.clone());
            house.moves(TRIAGER, &tickets[1], "Declined");
            house.cycles(2).await;
            assert_eq!((dev_issues(&house).len(), failed_keys(&house).await), (2, Vec::new()), "{value}");
        });
    }
}

#[test]
fn a_text_that_is_too_deep_to_be_opened_costs_its_own_issue_only() {
    for levels in [31, 45] {
        on_a_paused_clock(async {
            let mut house = House::quiet(jira_sim::Flavour::Cloud, 7);
            let tickets = ["deep", "flat"].map(|summary| house.reports(summary, "It burns."));
            rewrite(&house, &tickets[0], lists(levels));
            tickets.iter().for_each(|ticket| house.moves(TRIAGER, ticket, "Will Do"));
            house.cycles(2).await;
            assert_eq!(dev_issues(&house), ["flat"], "{levels}");
            let (key, why) = failed(&house).await.pop().unwrap();
            assert!(key == tickets[0] && why.contains("deep"), "{key}: {why}");
            rewrite(&house, &tickets[0], lists(20));
            house.live_for(2 * HOUR).await;
            assert_eq!((dev_issues(&house).len(), failed_keys(&house).await), (2, Vec::new()), "{levels}");
        });
    }
}

#[test]
fn a_long_changelog_that_can_not_be_read_costs_its_own_issue_only() {
    on_a_paused_clock(async {
        let mut house = House::quiet(jira_sim::Flavour::Cloud, 7);
        let tickets = ["long", "short"].map(|summary| house.reports(summary, "It burns."));
        for n in 0..45 {
            house.describes(TRIAGER, &tickets[0], &format!("take {n}"));
        }
        let unreadable = Rule::on(Method::POST, "/rest/api/3/changelog/bulkfetch", When::Always, error(500));
        house.site.faults(unreadable.naming(&tickets[0]).into());
        tickets.iter().for_each(|ticket| house.moves(TRIAGER, ticket, "Will Do"));
        house.cycles(2).await;
        assert_eq!(
            (dev_issues(&house), failed_keys(&house).await),
            (vec!["short".to_owned()], vec![tickets[0].clone()])
        );
    });
}

#[test]
fn a_pair_with_an_unreadable_issue_is_neither_broken_nor_given_up() {
    for spoilt in ["USER-A-1", "DEV-A-1"] {
        on_both(7, async |mut house| {
            house.accepts(TRIAGER, "a pair", "It burns.");
            house.cycles(2).await;
            spoil(&house, spoilt, error(500));
            house.moves(TRIAGER, "DEV-A-1", "Closed");
            house.accepts(TRIAGER, "another", "It burns.");
            house.live_for(50 * HOUR).await;
            assert_eq!(dev_issues(&house), ["a pair", "another"]);
            assert_eq!(["pair.broken", "pair.suspended"].map(|event| house.events.audited(event)), [0, 0]);
            let (key, why) = failed(&house).await.pop().unwrap();
            assert!(key == "USER-A-1" && why.contains(&format!("{spoilt} can't be read")), "{key}: {why}");
            spoil_no_more(&house);
            house.live_for(2 * HOUR).await;
            assert_eq!(house.status("USER-A-1"), "Resolved", "{}", house.about("USER-A-1"));
            assert_eq!((failed_keys(&house).await, house.disagreements()), (Vec::new(), Vec::new()));
        });
    }
}

/// All that is known is lost while a dev issue can't be read; in the second story its user issue does not name it.
#[test]
fn a_dev_issue_that_can_not_be_read_may_be_the_counterpart() {
    for is_named in [true, false] {
        on_both(7, async |mut house| {
            let ticket = house.accepts(TRIAGER, "a pair", "It burns.");
            house.cycles(2).await;
            if !is_named {
                house.describes(TRIAGER, &ticket, "my own words");
                house.marks(CUSTOMER, &ticket, json!({"not": "ours"}));
            }
            house.data.lose();
            spoil(&house, "DEV-A-1", error(500));
            house.live_for(30 * MINUTE).await;
            house.accepts(TRIAGER, "later", "It burns.");
            house.live_for(50 * HOUR).await;
            assert_eq!(dev_issues(&house), ["a pair", "later"], "{is_named}");
            assert!(failed_keys(&house).await.contains(&ticket), "{is_named}: {:?}", failed(&house).await);
            spoil_no_more(&house);
            house.live_for(3 * HOUR).await;
            assert_eq!((dev_issues(&house).len(), failed_keys(&house).await), (2, Vec::new()), "{is_named}");
            // What was taken out of the user issue is owed and written again.
            assert_eq!(house.disagreements(), [""; 0], "{is_named}");
        });
    }
}

/// The flow starts from now, so the dev project must be looked through before anything is created.
#[test]
fn an_unreadable_dev_issue_forbids_creates_for_older_reports() {
    on_both(7, async |mut house| {
        let old = house.reports("old", "It burns.");
        let stranger = house.creates(DEVELOPER, DEV_PROJECT, "a stranger", "");
        house.flow_fixture().initial_sync(false).write();
        spoil(&house, &stranger, error(500));
        house.cycles(2).await;
        house.moves(TRIAGER, &old, "Will Do");
        house.accepts(TRIAGER, "new", "It burns.");
        house.live_for(2 * HOUR).await;
        assert_eq!(dev_issues(&house), ["a stranger", "new"]);
        let mut failed = failed_keys(&house).await;
        failed.sort();
        assert_eq!(failed, [stranger, old]);
        spoil_no_more(&house);
        house.live_for(2 * HOUR).await;
        assert_eq!(dev_issues(&house), ["a stranger", "new", "old"]);
    });
}

#[test]
fn what_an_intent_owes_waits_for_an_issue_that_can_not_be_read() {
    on_both(7, async |mut house| {
        let put = Rule::on(Method::PUT, &house.api("issue/{issueIdOrKey}"), When::First(1), Kind::LostReply);
        house.site.faults(put.into());
        let ticket = house.accepts(TRIAGER, "a pair", "It burns.");
        let (site, clock) = (std::sync::Arc::clone(&house.site), house.clock.clone());
        let spoils = async {
            clock.sleep(MINUTE).await;
            site.faults(Rule::anywhere(When::Always, error(500)).naming(&ticket).into());
        };
        futures::join!(house.live_for(5 * HOUR), spoils);
        assert_eq!(house.events.audited("pair.broken"), 0);
        spoil_no_more(&house);
        house.live_for(2 * HOUR).await;
        assert_eq!((dev_issues(&house).len(), house.disagreements()), (1, Vec::new()));
        assert_eq!(house.site.issue(&ticket).unwrap().comments.len(), 1);
        assert_eq!(failed_keys(&house).await, [""; 0]);
    });
}

#[test]
fn a_jira_that_is_down_as_a_whole_is_not_asked_for_halves() {
    on_both(7, async |mut house| {
        (0..40).for_each(|n| drop(house.accepts(TRIAGER, &format!("report {n}"), "It burns.")));
        let down = |template: &str, method| Rule::on(method, &house.api(template), When::Always, error(503));
        let rules = [
            down("issue/bulkfetch", Method::POST),
            down("issue/{issueIdOrKey}", Method::GET),
            down("myself", Method::GET),
        ];
        house.live_for(Duration::from_secs(1)).await;
        house.site.faults(FaultPlan { rules: rules.into() });
        let before = house.requests();
        house.live_for(MINUTE).await;
        assert!(house.requests() - before < 400, "{}", house.requests() - before);
        assert_eq!(house.events.audited("issue.failed"), 0);
    });
}

#[test]
fn garbled_search_rows_hide_neither_others_nor_their_own_issues() {
    for garbage in
        [jira_sim::Garbage::Id, jira_sim::Garbage::NoTime, jira_sim::Garbage::Nameless, jira_sim::Garbage::Null]
    {
        on_both(7, async |mut house| {
            let all = ["one", "two", "three", "four"].map(|summary| house.accepts(TRIAGER, summary, "It burns."));
            house.site.garble_row(&all[1], Some(garbage)).unwrap();
            house.site.garble_row(&all[3], Some(garbage)).unwrap();
            house.cycles(2).await;
            let made = dev_issues(&house);
            let is_told = matches!(garbage, jira_sim::Garbage::Id | jira_sim::Garbage::NoTime);
            let expected: &[&str] = if is_told { &["four", "one", "three", "two"] } else { &["one", "three"] };
            assert_eq!(made, expected, "{garbage:?}");
            assert!(house.events.told("Sync cycle completed") > 0, "{garbage:?}");
        });
    }
}

#[test]
fn a_transition_without_a_target_hides_no_other_and_counts_by_its_name() {
    for (hidden, called, reached) in
        [("Decline", "Decline", "Resolved"), ("Resolve", "resolved", "Resolved"), ("Resolve", "Resolve", "Will Do")]
    {
        for flavour in FLAVOURS {
            on_a_paused_clock(async {
                let hides = |it: Transition| Transition { name: called.to_owned(), ..it.hiding_target() };
                let mut house = House::quiet_with(7, |jira| {
                    jira.flavour = flavour;
                    for project in &mut jira.projects {
                        project.workflow = project.workflow.clone().changing(hidden, hides);
                    }
                });
                house.accepts(TRIAGER, "a pair", "It burns.");
                house.cycles(2).await;
                house.moves(TRIAGER, "DEV-A-1", "Closed");
                house.accepts(TRIAGER, "another", "It burns.");
                house.cycles(2).await;
                assert_eq!((dev_issues(&house).len(), house.status("USER-A-1").as_str()), (2, reached), "{called}");
                let failed = failed(&house).await;
                let is_told = failed.iter().any(|(_, why)| why.contains("does not say where it leads"));
                assert_eq!(is_told, reached != "Resolved", "{failed:?}");
            });
        }
    }
}

/// Lives for a while, and gives an order after a minute.
async fn order(house: &mut House, order: Order) -> OrderOutcome {
    let (clock, mut answer) = (house.clock.clone(), None);
    house
        .live_beside(End::At(cycles(2)), async |handle: Handle| {
            clock.sleep(MINUTE).await;
            answer = handle.order(&"sync-ab".parse().unwrap(), order).await;
        })
        .await;
    answer.expect("the flow is known")
}

#[test]
fn orders_about_an_issue_that_can_not_be_read_say_why_and_change_nothing() {
    on_both(7, async |mut house| {
        let ticket = house.accepts(TRIAGER, "a pair", "It burns.");
        house.cycles(2).await;
        for spoilt in [ticket.as_str(), "DEV-A-1"] {
            spoil(&house, spoilt, error(500));
            let before = house.writes();
            let (user, dev) = (ticket.parse().unwrap(), "DEV-A-1".parse().unwrap());
            for given in [Order::Pair { user, dev }, Order::Recreate { user: ticket.parse().unwrap() }] {
                let answer = order(&mut house, given).await;
                assert!(matches!(&answer, OrderOutcome::Refused(why) if why.why.contains("500")), "{answer:?}");
            }
            assert_eq!(house.writes(), before);
        }
        assert_eq!(dev_issues(&house).len(), 1);
    });
}
