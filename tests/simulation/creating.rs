//! What a dev project's types, create screens and limits ask of a create, and what a comment may be.

use std::sync::Arc;

use lockstep::sim::Flavour;

use super::crashes::{accepted, company};
use super::house::{Crash, End, FLAVOURS, HOUR, MINUTE, on_a_paused_clock};

/// A crash in front of the first request whose place begins so, in the first life of a report's creation.
async fn crash_before(flavour: Flavour, request: &str) -> Arc<Crash> {
    let (mut house, all) = (company(flavour), Crash::never());
    accepted(&house);
    house.live(End::Crash(Arc::clone(&all), 12 * MINUTE)).await;
    let place = all.passed().iter().position(|place| place.starts_with(&format!("Before Jira {request}")));
    Crash::at(1 + u64::try_from(place.unwrap()).unwrap())
}

/// A database of a time when flow files could have blank templates.
#[test]
fn a_stored_blank_comment_costs_neither_link_nor_mark() {
    for (flavour, blank) in FLAVOURS.into_iter().zip(["", " \\n\u{a0}"]) {
        let crash = on_a_paused_clock(crash_before(flavour, "PUT"));
        on_a_paused_clock(async {
            let mut house = company(flavour);
            let ticket = accepted(&house);
            house.live(End::Crash(crash, 12 * MINUTE)).await;
            let database = rusqlite::Connection::open(house.data.file()).unwrap();
            let sql = "UPDATE intents SET document = replace(document, 'Dev issue: ${targetKey}', ?1)";
            assert_eq!(database.execute(sql, [blank]).unwrap(), 1);
            drop(database);
            house.live_for(HOUR).await;
            let issue = house.site.issue(&ticket).unwrap();
            assert!(issue.description.contains("Dev Link: "), "{flavour:?} {blank:?}: {}", house.about(&ticket));
            assert!(issue.properties.contains_key("lockstep"));
            assert_eq!((issue.comments.len(), house.events.audited("action.comment")), (0, 0));
        });
    }
}
