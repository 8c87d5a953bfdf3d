//! Stops in order: reads are dropped at once, writes in progress are finished, and the next life has nothing to wait for.

use std::time::Duration;

use super::crashes::{company, is_whole};
use super::files::{accepted_with_files, all_are_copied, company_with_files};
use http::Method;
use jira_sim::Flavour;
use jira_sim::faults::{Kind, Rule, When};
use lockstep::supervisor::Ended;
use testing::house::{Crash, End, FLAVOURS, House, MINUTE, at_every_gate, on_a_paused_clock};
use testing::story::{CUSTOMER, DEVELOPER, InJira as _, USER_PROJECT};

const SECOND: Duration = Duration::from_secs(1);

/// Longer than any answer of a site on which nothing goes wrong.
const SOON: Duration = Duration::from_millis(700);

/// A life that is told to stop at that moment: how it ended, and how long that took.
async fn stopped_at(house: &mut House, moment: Duration) -> (Option<Ended>, Duration) {
    let begun = house.clock.now();
    let ended = house.live(End::At(moment)).await;
    (ended, house.clock.now() - begun - moment)
}

/// The next life finds nothing in doubt, and at once does what is left to be done.
async fn goes_on_at_once(house: &mut House, place: &str) {
    goes_on_within(house, MINUTE, place).await;
}

async fn goes_on_within(house: &mut House, time: Duration, place: &str) {
    house.live_for(time).await;
    assert_eq!(house.disagreements(), [""; 0], "{:?}: after a stop at {place}", house.flavour);
    assert_eq!(house.events.audited("step.inDoubt"), 0, "{:?}: after a stop at {place}", house.flavour);
}

#[test]
fn a_stop_at_any_gate_of_a_mirrored_status_repeats_and_delays_nothing() {
    let places = at_every_gate(async |gate| {
        let (mut house, stop) = (company(Flavour::Cloud), Crash::at(gate));
        house.accepts_ticket(CUSTOMER);
        house.live_for(6 * MINUTE).await;
        house.moves(DEVELOPER, "DEV-A-1", "Closed");
        assert_eq!(house.live(End::Stop(stop.clone())).await, Some(Ended::Drained));
        let place = stop.place()?;
        // Its first search need not show what was done just now.
        goes_on_within(&mut house, 6 * MINUTE, &place).await;
        let comments = &house.site.issues(USER_PROJECT)[0].comments;
        let fixed = comments.iter().filter(|comment| comment.text == "Fixed in DEV-A-1").count();
        assert_eq!(fixed, 1, "after a stop at {place}: {comments:#?}");
        Some(place)
    });
    assert!(places.iter().any(|place| place.ends_with("/transitions")), "{places:#?}");
}

#[test]
fn a_stop_at_any_gate_of_a_copied_file_copies_once_without_delay() {
    let places = at_every_gate(async |gate| {
        let (mut house, stop) = (company_with_files(Flavour::DataCenter), Crash::at(gate));
        accepted_with_files(&house);
        assert_eq!(house.live(End::Stop(stop.clone())).await, Some(Ended::Drained));
        let place = stop.place()?;
        goes_on_at_once(&mut house, &place).await;
        all_are_copied(&house, &place);
        Some(place)
    });
    assert!(places.iter().any(|place| place.ends_with("/attachments")), "{places:#?}");
}

#[test]
fn a_stop_in_mid_air_takes_no_longer_than_the_write_in_hand() {
    for millis in (0..4_000).step_by(40) {
        on_a_paused_clock(async {
            let mut house = company(Flavour::Cloud);
            house.accepts_ticket(CUSTOMER);
            let (ended, took) = stopped_at(&mut house, Duration::from_millis(millis)).await;
            assert_eq!(ended, Some(Ended::Drained), "{millis} ms");
            assert!(took < SOON, "{millis} ms: {took:?}");
            goes_on_at_once(&mut house, &format!("{millis} ms")).await;
        });
    }
}

#[test]
fn a_read_without_an_answer_delays_no_stop() {
    for flavour in FLAVOURS {
        on_a_paused_clock(async {
            let mut house = company(flavour);
            house.accepts_ticket(CUSTOMER);
            house
                .site
                .faults(Rule::anywhere(When::Always, Kind::Stall { effect: jira_sim::faults::Effect::Before }).into());
            assert_eq!(stopped_at(&mut house, 20 * SECOND).await, (Some(Ended::Drained), Duration::ZERO));
            assert!(house.requests() > 0, "something is waited for");
            house.site.faults(jira_sim::FaultPlan::none());
            is_whole(&mut house, "a read without an answer").await;
        });
    }
}

#[test]
fn a_wait_that_jira_asked_for_delays_no_stop() {
    on_a_paused_clock(async {
        let mut house = company(Flavour::Cloud);
        house.accepts_ticket(CUSTOMER);
        house.site.faults(Rule::anywhere(When::Always, Kind::TooMany { retry_after_secs: 60 }).into());
        assert_eq!(stopped_at(&mut house, 20 * SECOND).await, (Some(Ended::Drained), Duration::ZERO));
    });
}

#[test]
fn a_create_that_is_answered_within_the_grace_is_finished() {
    on_a_paused_clock(async {
        let mut house = company(Flavour::Cloud);
        house.accepts_ticket(CUSTOMER);
        let slow = Kind::Latency { from: 20 * SECOND, to: 20 * SECOND };
        house.site.faults(Rule::on(Method::POST, &house.api("issue"), When::First(1), slow).into());
        let (ended, took) = stopped_at(&mut house, 10 * SECOND).await;
        assert_eq!(ended, Some(Ended::Drained));
        assert!(took > 10 * SECOND, "{took:?}");
        assert_eq!(house.dev_count(), 1);
        goes_on_at_once(&mut house, "a slow create").await;
    });
}

#[test]
fn a_create_without_an_answer_is_left_in_doubt_and_is_not_made_twice() {
    for effect in [jira_sim::faults::Effect::After, jira_sim::faults::Effect::Before] {
        on_a_paused_clock(async {
            let mut house = company(Flavour::Cloud);
            house.accepts_ticket(CUSTOMER);
            house
                .site
                .faults(Rule::on(Method::POST, &house.api("issue"), When::First(1), Kind::Stall { effect }).into());
            let (ended, took) = stopped_at(&mut house, 10 * SECOND).await;
            assert!(matches!(ended, Some(Ended::Busy(_))), "{ended:?}");
            assert_eq!(took, Duration::from_secs(25));
            is_whole(&mut house, "a create without an answer").await;
        });
    }
}

#[test]
fn a_download_is_finished_where_it_feeds_an_upload_in_hand() {
    on_a_paused_clock(async {
        let mut house = company_with_files(Flavour::DataCenter);
        accepted_with_files(&house);
        let slow = Kind::SlowBody { piece: 1, pause: SECOND };
        house.site.faults(Rule::on(Method::GET, "/secure/attachment*", When::First(1), slow).into());
        let (ended, took) = stopped_at(&mut house, 6 * SECOND).await;
        assert_eq!(ended, Some(Ended::Drained));
        assert!(took > 2 * SECOND, "the file was still coming: {took:?}");
        assert_eq!(house.site.issue("DEV-A-1").unwrap().attachments.len(), 1);
        goes_on_at_once(&mut house, "a slow file").await;
        all_are_copied(&house, "after a slow file");
    });
}
