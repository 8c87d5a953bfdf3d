//! Cycles in hard times: rows that come hours late, a first sync of hours, lost pairs, odd clocks and empty answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use http::{Method, StatusCode};
use jira_sim::faults::{Effect, Kind, Rule, When};
use jira_sim::{Action, FaultPlan, Flavour, Rows};
use testing::house::{Crash, End, FLAVOURS, HOUR, House, MINUTE, on_a_paused_clock, on_both};
use testing::story::{CUSTOMER, DEV_PROJECT, DEVELOPER, InJira as _, USER_PROJECT};

const SECOND: Duration = Duration::from_secs(1);
const FULL_DONE: &str = "Initial sync completed";

/// How many dev issues have this summary.
fn made_for(house: &House, summary: &str) -> usize {
    house.dev_summaries().into_iter().filter(|it| it == summary).count()
}

fn is_frozen(house: &House, rows: &Rows, span: Duration) {
    house.site.freeze_index(rows, house.clock.wall() + TimeDelta::from_std(span).unwrap()).unwrap();
}

#[test]
fn what_the_index_learnt_three_hours_late_is_found_by_looking_back() {
    on_both(23, async |mut house| {
        house.cycles(2).await;
        let late = house.accepts(CUSTOMER, "late", "");
        let passed = house.accepts(CUSTOMER, "late, and passed through", "");
        house.moves(CUSTOMER, &passed, "In Progress");
        for issue in [late, passed] {
            is_frozen(&house, &Rows::Of(issue), 3 * HOUR);
        }
        house.live_for(170 * MINUTE).await;
        assert_eq!(house.dev_summaries(), [""; 0]);
        house.live_for(80 * MINUTE).await;
        let mut found = house.dev_summaries();
        found.sort();
        assert_eq!(found, ["late", "late, and passed through"]);
    });
}

#[test]
fn a_running_worker_looks_back_every_hour() {
    on_both(23, async |mut house| {
        house.cycles(2).await;
        let (site, clock) = (Arc::clone(&house.site), house.clock.clone());
        let people = async move {
            clock.sleep(MINUTE).await;
            let issue = site.accepts(CUSTOMER, "late", "");
            site.freeze_index(&Rows::Of(issue), clock.wall() + TimeDelta::minutes(30)).unwrap();
        };
        futures::join!(house.live_for(50 * MINUTE), people);
        assert_eq!(house.dev_summaries(), [""; 0], "its own search has passed");
        let before = house.requests();
        house.live_for(4 * MINUTE).await;
        assert_eq!(house.dev_summaries(), ["late"], "a new life begins by looking back");
        assert!(house.requests() - before < 15);
    });
}

#[test]
fn looking_back_makes_no_news_of_what_was_before_a_start_from_now() {
    on_both(23, async |mut house| {
        house.flow_fixture().initial_sync(false).write();
        let old = house.accepts(CUSTOMER, "old", "");
        let passed = house.accepts(CUSTOMER, "passed", "");
        house.moves(CUSTOMER, &passed, "In Progress");
        house.clock.sleep(2 * HOUR).await;
        house.live_for(3 * HOUR).await;
        assert_eq!(house.dev_summaries(), [""; 0]);
        house.comments(CUSTOMER, &passed, "any news?");
        house.live_for(HOUR).await;
        assert_eq!(house.dev_summaries(), [""; 0], "what it passed through was before");
        house.comments(CUSTOMER, &old, "any news?");
        house.live_for(HOUR).await;
        assert_eq!(house.dev_summaries(), ["old"], "it stands accepted, and now we know");
    });
}

#[test]
fn looking_back_makes_no_news_of_what_an_issue_did_in_another_project() {
    on_both(23, async |mut house| {
        house.cycles(2).await;
        house.clock.sleep(48 * HOUR).await;
        house.cycles(2).await;
        let elsewhere = house.creates(CUSTOMER, "USER-N", "from elsewhere", "");
        house.clock.sleep(26 * HOUR).await;
        house.moves(CUSTOMER, &elsewhere, "Will Do");
        house.moves(CUSTOMER, &elsewhere, "In Progress");
        house.clock.sleep(5 * HOUR).await;
        house.cycles(2).await;
        house.moves_to_project(DEVELOPER, &elsewhere, USER_PROJECT);
        house.clock.sleep(MINUTE).await;
        // This life's first search looks back.
        house.live_for(HOUR).await;
        assert_eq!(house.dev_summaries(), [""; 0]);
    });
}

/// A site where a first sync takes long: pages of one row, and three seconds for every request.
fn slow(flavour: Flavour) -> House {
    House::quiet_with(29, |jira| {
        jira.flavour = flavour;
        jira.page_cap = 2;
        jira.latency = 3 * SECOND..=3 * SECOND;
    })
}

#[test]
fn a_long_first_sync_does_not_leave_people_waiting() {
    for flavour in FLAVOURS {
        on_a_paused_clock(async {
            let mut house = slow(flavour);
            house.flow_fixture().interval(2 * MINUTE).write();
            for number in 0..300 {
                house.creates(CUSTOMER, DEV_PROJECT, &format!("idea {number}"), "");
            }
            house.clock.sleep(HOUR).await;
            let site = Arc::clone(&house.site);
            let clock = house.clock.clone();
            let customer = async move {
                clock.sleep(MINUTE).await;
                site.accepts(CUSTOMER, "urgent", "");
            };
            futures::join!(house.live_for(7 * MINUTE), customer);
            assert_eq!(house.events.told(FULL_DONE), 0, "it is a long one");
            assert_eq!(made_for(&house, "urgent"), 1, "{}", house.events.about("Initial full sync"));
            let told = house.events.about("Initial full sync:");
            assert!((4..=14).contains(&told.lines().count()), "{told}");
            assert!(told.contains("of about 300 issues"), "{told}");
            house.live_for(2 * HOUR).await;
            assert_eq!((house.events.told(FULL_DONE), made_for(&house, "urgent")), (1, 1));
            assert_eq!(house.disagreements(), [""; 0]);
        });
    }
}

#[test]
fn a_tiny_first_sync_tells_no_progress() {
    on_both(23, async |mut house| {
        house.accepts(CUSTOMER, "one", "");
        house.cycles(2).await;
        assert_eq!(house.events.about("Initial full sync:"), "");
    });
}

/// A dev issue whose user issue lacks the back-mark, in a store that was lost: as long as the dev project is not read,
/// only a search can tell that the customer's issue has one.
#[test]
fn a_pass_in_between_makes_no_twin_of_what_the_full_sync_has_not_read_yet() {
    on_a_paused_clock(async {
        let mut house = slow(Flavour::Cloud);
        let lost = Kind::ServerError { status: StatusCode::SERVICE_UNAVAILABLE, effect: Effect::Before };
        let edits = Rule::on(Method::PUT, "/rest/api/3/issue/{issueIdOrKey}", When::Chance(1.0), lost);
        for number in 0..150 {
            house.creates(CUSTOMER, DEV_PROJECT, &format!("idea {number}"), "");
        }
        house.site.faults(edits.into());
        house.clock.sleep(HOUR).await;
        let ticket = house.accepts(CUSTOMER, "twin?", "");
        house.live_for(40 * MINUTE).await;
        assert_eq!(made_for(&house, "twin?"), 1);
        house.site.faults(FaultPlan::none());
        house.data.lose();
        house.clock.sleep(HOUR).await;
        house.flow_fixture().interval(MINUTE).write();
        let (site, clock) = (Arc::clone(&house.site), house.clock.clone());
        let customer = async move {
            clock.sleep(30 * SECOND).await;
            site.comments(CUSTOMER, &ticket, "any news?");
        };
        futures::join!(house.live_for(5 * MINUTE), customer);
        assert_eq!(house.events.told(FULL_DONE), 1, "that of the first store");
        assert_eq!(house.events.audited("pair.adopted"), 1, "{}", house.about("USER-A-1"));
        house.live_for(HOUR).await;
        assert_eq!(made_for(&house, "twin?"), 1);
    });
}

/// What people do while the full sync is down. Answers whether it had begun.
async fn interlude(house: &House, what: &str) -> bool {
    let cursor: Option<String> =
        house.data.database().query_row("SELECT cursor FROM sync_state", [], |row| row.get(0)).unwrap();
    let cursor: Option<serde_json::Value> = cursor.map(|text| serde_json::from_str(&text).unwrap());
    let has_begun = cursor.is_some();
    let at = cursor.and_then(|cursor| cursor["ids_at"][0].as_str().map(str::to_owned));
    if let Some(issue) = at {
        match what {
            "deleted" => house.deletes(DEVELOPER, &issue),
            "moved away" => drop(house.moves_to_project(DEVELOPER, &issue, "DEV-N")),
            _ => drop(house.act(DEVELOPER, Action::Rename { issue, summary: "renamed".to_owned() })),
        }
    }
    house.accepts(CUSTOMER, "meanwhile", "");
    let passed = house.accepts(CUSTOMER, "passed meanwhile", "");
    house.moves(CUSTOMER, &passed, "In Progress");
    house.clock.sleep(5 * HOUR).await;
    has_begun
}

#[test]
fn a_full_sync_killed_on_any_page_resumes_whatever_became_of_its_cursor() {
    for (turn, what) in ["deleted", "moved away", "changed"].into_iter().enumerate() {
        for gate in (12 + 5 * turn as u64..160).step_by(17) {
            let flavour = FLAVOURS[usize::from(gate % 3 == 0)];
            on_a_paused_clock(async {
                let mut house = House::quiet_with(31, |jira| (jira.flavour, jira.page_cap) = (flavour, 3));
                for number in 0..12 {
                    house.creates(CUSTOMER, DEV_PROJECT, &format!("idea {number}"), "");
                    house.accepts(CUSTOMER, &format!("ticket {number}"), "");
                }
                house.clock.sleep(2 * HOUR).await;
                let crash = Crash::at(gate);
                house.live(End::Crash(crash.clone(), 30 * MINUTE)).await;
                let place = format!("{flavour:?}, {what}, killed at {gate}: {:?}", crash.place());
                let has_begun = interlude(&house, what).await;
                house.live_for(2 * HOUR).await;
                assert_eq!(house.events.told(FULL_DONE), 1, "{place}");
                let tickets = house.site.issues(USER_PROJECT).len();
                assert_eq!(made_for(&house, "meanwhile"), 1, "{place}");
                assert_eq!(made_for(&house, "passed meanwhile"), usize::from(has_begun), "{place}");
                let made: usize = (0..12).map(|number| made_for(&house, &format!("ticket {number}"))).sum();
                let gone = usize::from(tickets < 14) + usize::from(what != "changed");
                assert!(made + gone >= 11, "{place}: {:?}", house.dev_summaries());
                if what == "changed" && has_begun {
                    assert_eq!(house.disagreements(), [""; 0], "{place}");
                }
            });
        }
    }
}

#[test]
fn lost_pairs_are_told_once_and_found_again_without_a_twin() {
    on_both(23, async |mut house| {
        let ticket = house.accepts(CUSTOMER, "one", "");
        house.cycles(2).await;
        assert_eq!(house.data.database().execute("DELETE FROM jira_mapping", []).unwrap(), 1);
        house.live_for(30 * MINUTE).await;
        let message = "Some recorded pairs are missing; they are found again by the marks and links of their issues";
        assert_eq!(house.events.told(message), 1);
        house.comments(CUSTOMER, &ticket, "any news?");
        house.cycles(2).await;
        assert_eq!((made_for(&house, "one"), house.events.audited("pair.adopted")), (1, 1));
        let all_read: bool =
            house.data.database().query_row("SELECT all_read FROM sync_state", [], |row| row.get(0)).unwrap();
        assert!(!all_read, "marks are searched for from now on");
    });
}

/// A lapsed token that looks like an empty Jira, behind a proxy that drops the header which tells.
#[test]
fn an_empty_answer_that_can_not_be_is_not_believed_before_jira_knows_us() {
    on_a_paused_clock(async {
        let mut house = House::quiet(Flavour::Cloud, 23);
        let lapsed = Arc::new(AtomicBool::new(false));
        let now = Arc::clone(&lapsed);
        house.twist(move |_, path, answer| {
            if !now.load(Ordering::Relaxed) {
                return;
            }
            if path.ends_with("search/jql") {
                *answer = serde_json::json!({"issues": [], "isLast": true});
            } else if path.ends_with("myself") {
                answer["accountId"] = "somebody-else".into();
            }
        });
        house.accepts(CUSTOMER, "one", "");
        let (clock, done) = (house.clock.clone(), Arc::clone(&house.events));
        let lapse = async move {
            clock.sleep(MINUTE + 30 * SECOND).await;
            lapsed.store(true, Ordering::Relaxed);
            clock.sleep(MINUTE).await;
            let told = done.about("the account has changed");
            lapsed.store(false, Ordering::Relaxed);
            told
        };
        house.flow_fixture().interval(MINUTE).write();
        let ((), told) = futures::join!(house.live_for(5 * MINUTE), lapse);
        assert!(!told.is_empty(), "{}", house.events.about("sync-ab"));
    });
}

#[test]
fn a_clock_that_is_set_back_while_we_live_loses_nothing() {
    on_both(23, async |mut house| {
        let ticket = house.accepts(CUSTOMER, "one", "");
        let (site, clock, behind) = (Arc::clone(&house.site), house.clock.clone(), house.set_back());
        let life = async move {
            clock.sleep(21 * MINUTE).await;
            behind.store(7200, Ordering::Relaxed);
            clock.sleep(21 * MINUTE).await;
            site.moves(DEVELOPER, "DEV-A-1", "Closed");
        };
        futures::join!(house.live_for(HOUR), life);
        let told = house.events.about("Jira's clock is behind the last sync");
        assert_eq!(told.lines().count(), 1, "{told}");
        assert_eq!(house.status(&ticket), "Resolved", "{}", house.about(&ticket));
    });
}

#[test]
fn what_a_clock_that_was_ahead_put_off_is_tried_all_the_same() {
    on_both(23, async |mut house| {
        let ticket = house.accepts(CUSTOMER, "one", "");
        house.cycles(2).await;
        let status_code = http::StatusCode::CONFLICT;
        let path = house.api("issue/{issueIdOrKey}/transitions");
        let kind =
            jira_sim::faults::Kind::ServerError { status: status_code, effect: jira_sim::faults::Effect::Before };
        let rule = jira_sim::faults::Rule::on(http::Method::POST, &path, jira_sim::faults::When::First(1), kind);
        house.site.faults(rule.into());
        house.moves(CUSTOMER, "DEV-A-1", "Closed");
        house.clock.sleep(MINUTE).await;
        house.live_for(10 * SECOND).await;
        assert_eq!(house.events.audited("issue.failed"), 1);
        let ahead = (house.clock.wall() + TimeDelta::days(30)).to_rfc3339();
        let sql = format!("UPDATE failures SET next_try = '{ahead}'");
        assert_eq!(house.data.database().execute(&sql, []).unwrap(), 1);
        house.live_for(HOUR).await;
        assert_eq!(house.status(&ticket), "Resolved");
    });
}
