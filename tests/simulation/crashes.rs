//! What a crash or a stop at a gate of a story must leave behind.

use std::sync::Arc;

use jira_sim::Flavour;
use lockstep::supervisor::Ended;
use testing::house::{Crash, End, HOUR, House, MINUTE, cycles};
use testing::story::{CUSTOMER, DEVELOPER, InJira as _, USER_PROJECT};

pub fn company(flavour: Flavour) -> House {
    House::quiet(flavour, 7)
}

/// No twin, nothing lost, nothing said twice; and the pair still works.
pub async fn is_whole(house: &mut House, place: &str) {
    house.live_for(HOUR).await;
    let devs = house.dev_issues();
    assert_eq!(devs.len(), 1, "{:?}: after a crash at {place}: {devs:#?}", house.flavour);
    assert_eq!(house.disagreements(), [""; 0], "after a crash at {place}");
    let dev = devs[0].key.clone();
    house.moves(DEVELOPER, &dev, "Closed");
    house.live_for(15 * MINUTE).await;
    assert_eq!(house.disagreements(), [""; 0], "after a crash at {place} and closing");
    assert_eq!(house.site.issues(USER_PROJECT)[0].status, "Resolved", "after a crash at {place}");
}

/// A create is cut short at a gate. Answers where; `None` if it was over before.
pub async fn a_create_crashes(flavour: Flavour, crash: &Arc<Crash>) -> Option<String> {
    let mut house = company(flavour);
    house.accepts_ticket(CUSTOMER);
    house.live(End::Crash(crash.clone(), cycles(2))).await;
    let place = crash.place()?;
    is_whole(&mut house, &place).await;
    Some(place)
}

/// A status on its way across is cut short at a gate.
pub async fn a_mirrored_status_crashes(flavour: Flavour, crash: &Arc<Crash>) -> Option<String> {
    let mut house = company(flavour);
    house.accepts_ticket(CUSTOMER);
    house.live_for(6 * MINUTE).await;
    house.moves(DEVELOPER, "DEV-A-1", "Closed");
    house.live(End::Crash(crash.clone(), cycles(2))).await;
    let place = crash.place()?;
    house.live_for(HOUR).await;
    assert_eq!(house.disagreements(), [""; 0], "{flavour:?}: after a crash at {place}");
    let comments = &house.site.issues(USER_PROJECT)[0].comments;
    let fixed = comments.iter().filter(|comment| comment.text == "Fixed in DEV-A-1").count();
    assert_eq!(fixed, 1, "{flavour:?}: after a crash at {place}: {comments:#?}");
    Some(place)
}

/// The daemon is told to stop at a gate of a create: the next life has nothing to wait for.
pub async fn a_create_stops(flavour: Flavour, stop: &Arc<Crash>) -> Option<String> {
    let mut house = company(flavour);
    let ticket = house.accepts_ticket(CUSTOMER);
    assert_eq!(house.live(End::Stop(stop.clone())).await, Some(Ended::Drained));
    let place = stop.place()?;
    house.live_for(MINUTE).await;
    assert_eq!(house.disagreements(), [""; 0], "{flavour:?}: after a stop at {place}");
    assert_eq!(house.site.issue(&ticket).unwrap().comments.len(), 1, "{flavour:?}: after a stop at {place}");
    assert_eq!(house.events.audited("step.inDoubt"), 0, "{flavour:?}: after a stop at {place}");
    Some(place)
}
