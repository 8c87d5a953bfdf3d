//! What a crash or a stop at a gate of a story must leave behind.

use std::sync::Arc;

use jira_sim::{Action, Flavour};
use lockstep::supervisor::Ended;
use testing::house::{Crash, End, HOUR, House, MINUTE};

/// A ticket that was reported and accepted.
pub fn accepted(house: &House) -> String {
    let (project, summary, text) = ("USER-A".to_owned(), "The printer is on fire".to_owned(), "Again.".to_owned());
    let ticket = house.act("customer-ines", Action::Create { project, summary, text });
    house.act("customer-ines", Action::Move { issue: ticket.clone(), status: "Will Do".to_owned() });
    ticket
}

pub fn company(flavour: Flavour) -> House {
    House::quiet(flavour, 7)
}

/// No twin, nothing lost, nothing said twice; and the pair still works.
pub async fn is_whole(house: &mut House, place: &str) {
    house.live_for(HOUR).await;
    let devs = house.site.issues("DEV-A");
    assert_eq!(devs.len(), 1, "{:?}: after a crash at {place}: {devs:#?}", house.flavour);
    assert_eq!(house.disagreements(), [""; 0], "after a crash at {place}");
    let dev = devs[0].key.clone();
    house.act("dev-bea", Action::Move { issue: dev, status: "Closed".to_owned() });
    house.live_for(15 * MINUTE).await;
    assert_eq!(house.disagreements(), [""; 0], "after a crash at {place} and closing");
    assert_eq!(house.site.issues("USER-A")[0].status, "Resolved", "after a crash at {place}");
}

/// A create is cut short at a gate. Answers where; `None` if it was over before.
pub async fn a_create_crashes(flavour: Flavour, crash: &Arc<Crash>) -> Option<String> {
    let mut house = company(flavour);
    accepted(&house);
    house.live(End::Crash(crash.clone(), 12 * MINUTE)).await;
    let place = crash.place()?;
    is_whole(&mut house, &place).await;
    Some(place)
}

/// A status on its way across is cut short at a gate.
pub async fn a_mirrored_status_crashes(flavour: Flavour, crash: &Arc<Crash>) -> Option<String> {
    let mut house = company(flavour);
    accepted(&house);
    house.live_for(6 * MINUTE).await;
    house.act("dev-bea", Action::Move { issue: "DEV-A-1".to_owned(), status: "Closed".to_owned() });
    house.live(End::Crash(crash.clone(), 12 * MINUTE)).await;
    let place = crash.place()?;
    house.live_for(HOUR).await;
    assert_eq!(house.disagreements(), [""; 0], "{flavour:?}: after a crash at {place}");
    let comments = &house.site.issues("USER-A")[0].comments;
    let fixed = comments.iter().filter(|comment| comment.text == "Fixed in DEV-A-1").count();
    assert_eq!(fixed, 1, "{flavour:?}: after a crash at {place}: {comments:#?}");
    Some(place)
}

/// The daemon is told to stop at a gate of a create: the next life has nothing to wait for.
pub async fn a_create_stops(flavour: Flavour, stop: &Arc<Crash>) -> Option<String> {
    let mut house = company(flavour);
    let ticket = accepted(&house);
    assert_eq!(house.live(End::Stop(stop.clone())).await, Some(Ended::Drained));
    let place = stop.place()?;
    house.live_for(MINUTE).await;
    assert_eq!(house.disagreements(), [""; 0], "{flavour:?}: after a stop at {place}");
    assert_eq!(house.site.issue(&ticket).unwrap().comments.len(), 1, "{flavour:?}: after a stop at {place}");
    assert_eq!(house.events.audited("step.inDoubt"), 0, "{flavour:?}: after a stop at {place}");
    Some(place)
}
