//! What Jira says to the account rather than of an issue: refusals, pauses, and what time it is.

use std::time::Duration;

use chrono::TimeDelta;
use http::Method;
use jira_sim::faults::{Denied, Kind, LoginReason, Rule, When};
use jira_sim::{FaultPlan, FileContent, Flavour};

use testing::flow_fixture::FLOW_FILE;
use testing::house::{FLAVOURS, HOUR, House, MINUTE, on_a_paused_clock};
use testing::story::{CUSTOMER, InJira as _};

const BOT: &str = "account-lockstep";
const SECOND: Duration = Duration::from_secs(1);

fn accepted_with_a_file(house: &House) -> String {
    let issue = house.reports_ticket();
    let content = FileContent::Kept(b"a picture".to_vec().into());
    house.attaches(CUSTOMER, &issue, "fire.png", content);
    house.moves(CUSTOMER, &issue, "Will Do");
    issue
}

fn files(house: &House, issue: &str) -> usize {
    house.site.issue(issue).unwrap().attachments.len()
}

/// How often a worker was parked or failed.
fn stops(house: &House) -> usize {
    ["Parked until", "Worker failed"].iter().map(|what| house.events.about(what).lines().count()).sum()
}

/// How often it was asked who we are, wherever.
fn asked_who(house: &House) -> usize {
    house.site.requests().iter().filter(|line| line.path.ends_with("/myself")).count()
}

#[test]
fn a_refused_upload_or_download_holds_up_nothing_but_that_file() {
    for (flavour, method, path, kind) in [
        (Flavour::Cloud, Method::POST, "/rest/api/3/issue/{issueIdOrKey}/attachments", Kind::Denied(Denied::Scope)),
        (Flavour::Cloud, Method::GET, "/rest/api/3/attachment/content*", Kind::Denied(Denied::NamedScope)),
        (Flavour::DataCenter, Method::GET, "/secure/attachment*", redirect_to_login()),
    ] {
        on_a_paused_clock(async {
            let mut house = House::quiet(flavour, 7);
            house.site.faults(Rule::on(method.clone(), path, When::Always, kind.clone()).into());
            accepted_with_a_file(&house);
            house.accepts_ticket(CUSTOMER);
            house.live_for(HOUR).await;
            assert_eq!((house.dev_count(), files(&house, "DEV-A-1")), (2, 0), "{path}");
            assert_eq!(stops(&house), 0, "{path}: {}", house.events.about("arked"));
            assert!(asked_who(&house) <= 12, "{path}: asked {} times who we are", asked_who(&house));
            assert_eq!(house.events.audited("flow.degraded"), 1, "{path}: {}", house.events.about("degraded"));

            house.site.faults(FaultPlan::none());
            house.live_for(HOUR + 10 * MINUTE).await;
            assert_eq!(files(&house, "DEV-A-1"), 1, "{path}");
            assert_eq!(house.disagreements(), [""; 0], "{path}");
        });
    }
}

fn redirect_to_login() -> Kind {
    Kind::Redirect(jira_sim::faults::Redirect::Login)
}

#[test]
fn one_refusal_amid_good_answers_stops_nothing_and_hides_nothing() {
    for flavour in FLAVOURS {
        for kind in [
            Kind::Denied(Denied::Unauthorized),
            Kind::ToNobody(LoginReason::AuthorisationFailed),
            Kind::ToNobody(LoginReason::AuthenticationDenied),
        ] {
            on_a_paused_clock(async {
                let mut house = House::quiet(flavour, 7);
                house.live_for(MINUTE).await;
                house.site.faults(Rule::on(Method::POST, &house.search(), When::First(1), kind.clone()).into());
                house.accepts_ticket(CUSTOMER);
                house.clock.sleep(MINUTE).await;
                house.live_for(2 * MINUTE).await;
                assert_eq!((house.dev_count(), stops(&house)), (1, 0), "{flavour:?} {kind:?}");
            });
        }
    }
}

#[test]
fn a_search_that_stays_refused_fails_its_cycles_and_parks_nothing() {
    on_a_paused_clock(async {
        let mut house = House::quiet(Flavour::Cloud, 7);
        house.site.faults(Rule::on(Method::POST, &house.search(), When::Always, Kind::Denied(Denied::Scope)).into());
        house.accepts_ticket(CUSTOMER);
        house.live_for(HOUR).await;
        assert_eq!(house.events.about("Parked until"), "");
        assert!(house.events.about("Worker failed").contains("lacks a scope"), "{}", house.events.about("failed"));
        house.site.faults(FaultPlan::none());
        house.live_for(10 * MINUTE).await;
        assert_eq!(house.dev_count(), 1);
    });
}

#[test]
fn a_token_that_lapses_parks_its_flow_at_the_first_refusal() {
    for flavour in FLAVOURS {
        on_a_paused_clock(async {
            let mut house = House::quiet(flavour, 7);
            let (site, clock) = (house.site.clone(), house.clock.clone());
            let lapse = async move {
                clock.sleep(7 * MINUTE).await;
                site.set_token(BOT, "another one");
            };
            futures::join!(house.live_for(10 * MINUTE + 30 * SECOND), lapse);
            // The cycle of the tenth minute meets the refusal.
            assert_eq!(house.events.about("Parked until").lines().count(), 1, "{}", house.events.about("arked"));
            assert_eq!(house.events.about("Worker failed"), "");
        });
    }
}

#[test]
fn a_create_answered_without_an_account_is_in_doubt_and_done_once() {
    on_a_paused_clock(async {
        let mut house = House::quiet(Flavour::Cloud, 7);
        let without_account = Kind::ToNobody(LoginReason::AuthenticatedFailed);
        house.site.faults(Rule::on(Method::POST, &house.api("issue"), When::First(1), without_account).into());
        house.accepts_ticket(CUSTOMER);
        house.live_for(20 * MINUTE).await;
        assert_eq!((house.events.audited("step.inDoubt"), house.dev_count()), (1, 1));
        assert_eq!(house.disagreements(), [""; 0]);
    });
}

#[test]
fn a_create_at_a_path_that_is_not_there_is_in_no_doubt() {
    on_a_paused_clock(async {
        let mut house = House::quiet(Flavour::Cloud, 7);
        house.site.faults(Rule::on(Method::POST, &house.api("issue"), When::First(1), Kind::NoEndpoint).into());
        house.accepts_ticket(CUSTOMER);
        house.live_for(20 * MINUTE).await;
        assert_eq!((house.events.audited("step.inDoubt"), house.dev_count()), (0, 1));
    });
}

#[test]
fn an_answer_is_not_compressed_as_none_is_asked_for() {
    on_a_paused_clock(async {
        let mut house = House::quiet(Flavour::Cloud, 7);
        house.site.faults(Rule::anywhere(When::Always, Kind::Compressed).into());
        house.accepts_ticket(CUSTOMER);
        house.clock.sleep(MINUTE).await;
        house.live_for(MINUTE).await;
        assert_eq!((house.dev_count(), stops(&house)), (1, 0), "{}", house.events.about("failed"));
    });
}

/// When requests reached the site since this number of the log, in seconds since the first of them.
fn times(house: &House, since: usize) -> Vec<i64> {
    let lines = house.site.requests();
    let first = lines[since].at;
    lines[since..].iter().map(|line| (line.at - first).num_seconds()).collect()
}

#[test]
fn a_pause_without_end_has_one_request_of_all_flows_ask_each_half_hour() {
    on_a_paused_clock(async {
        let mut house = House::built(7, FaultPlan::none(), |_| {});
        house.people_work_for(Duration::ZERO, 1.0);
        house.live_for(MINUTE).await;
        let before = house.site.requests().len();
        let everything = Rule::anywhere(When::Always, Kind::TooMany { retry_after_secs: 4_000_000_000 });
        house.site.faults(everything.into());
        house.live_for(2 * HOUR).await;
        let asked = times(&house, before);
        // All three flows ask at once, and share the pause that the first of them is told of.
        let later: Vec<_> = asked.into_iter().filter(|at| *at > 0).collect();
        assert_eq!(later, [1800, 3600, 5400]);

        house.site.faults(FaultPlan::none());
        house.accepts_ticket(CUSTOMER);
        house.live_for(31 * MINUTE).await;
        assert_eq!(house.dev_count(), 1, "it goes on by itself");
    });
}

#[test]
fn a_pause_outlives_the_process_and_no_clock_change_lengthens_it() {
    on_a_paused_clock(async {
        let mut house = House::quiet(Flavour::Cloud, 7);
        house.live_for(MINUTE).await;
        let pause = Kind::Unavailable { retry_after_secs: 1500 };
        house.site.faults(Rule::on(Method::POST, &house.search(), When::First(1), pause).into());
        house.live_for(MINUTE).await;
        let before = house.site.requests().len();
        for _ in 0..3 {
            house.live_for(5 * MINUTE).await;
        }
        assert_eq!(house.site.requests().len(), before, "no process asks before the pause is over");
        house.accepts_ticket(CUSTOMER);
        house.live_for(11 * MINUTE).await;
        assert_eq!(house.dev_count(), 1);
        assert_eq!(house.data.held_until(), None, "a commit has cleared it");

        let far = (house.clock.wall() + TimeDelta::days(300)).to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
        house.data.hold_until(&far);
        house.live_for(29 * MINUTE).await;
        let asked = house.site.requests().len();
        house.live_for(5 * MINUTE).await;
        assert!(house.site.requests().len() > asked, "what seems further away than half an hour is half an hour");
    });
}

#[test]
fn an_edited_file_has_one_request_ask_before_a_pause_is_over() {
    on_a_paused_clock(async {
        let mut house = House::quiet(Flavour::Cloud, 7);
        house.live_for(MINUTE).await;
        let before = house.site.requests().len();
        let everything = Rule::anywhere(When::First(2), Kind::TooMany { retry_after_secs: 1800 });
        house.site.faults(everything.into());
        let clock = house.clock.clone();
        let [edited, again] = [4, 3].map(|minutes| house.flow_fixture().interval(minutes * MINUTE).text());
        let edit = house.editor(FLOW_FILE);
        let edits = async move {
            clock.sleep(3 * MINUTE).await;
            edit(&edited);
            clock.sleep(10 * MINUTE).await;
            edit(&again);
        };
        futures::join!(house.live_for(20 * MINUTE), edits);
        let asked = times(&house, before);
        // The folder is looked at every five minutes: the second answer is told to wait on, the third is a good one.
        assert!(asked[1] >= 240 && asked[2] >= asked[1] + 540, "{asked:?}");
        assert!(asked[2] < 1200 && asked.len() > 6, "{asked:?}");
    });
}

#[test]
fn a_proxy_whose_clock_is_ahead_hides_no_change() {
    for flavour in FLAVOURS {
        on_a_paused_clock(async {
            let mut house = House::quiet_with(7, |jira| {
                jira.flavour = flavour;
                jira.date_ahead = TimeDelta::seconds(125);
                jira.index_lag = Duration::ZERO..=3 * SECOND;
            });
            house.flow_fixture().interval(MINUTE).index_lag(10 * SECOND).write();
            let ticket = house.reports_ticket();
            let (site, clock) = (house.site.clone(), house.clock.clone());
            let person = async move {
                clock.sleep(3 * MINUTE + 30 * SECOND).await;
                site.moves(CUSTOMER, &ticket, "Will Do");
            };
            futures::join!(house.live_for(6 * MINUTE), person);
            assert_eq!(house.dev_count(), 1, "{flavour:?}: the change lies before what a proxy calls now");
            let told = house.events.about("is 2 min ahead of Jira's own clock");
            assert_eq!(told.lines().count(), 1, "{flavour:?}: {told}");
        });
    }
}
