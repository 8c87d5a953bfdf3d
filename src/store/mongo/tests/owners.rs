//! Which process serves a flow.

use std::pin::pin;

use futures::future::join_all;
use futures::poll;

use super::*;
use crate::store::mongo::server::BEGINNINGS;

#[tokio::test]
async fn a_second_process_is_refused_and_told_who_is_there() {
    let house = House::new();
    let (first, second) = (house.process(), house.process());
    first.begin().await.unwrap();
    let refused = second.begin().await.unwrap_err();
    assert!(matches!(refused, Error::InUse { .. }), "{refused}");
    let said = refused.to_string();
    assert!(said.contains("is in use by process 4711 on host a-test since 20"), "{said}");
    assert!(said.contains("takes over 60 s after that"), "{said}");
    let now = second.clock.moment();
    assert!(!second.lease().holds(now));
    assert!(first.lease().holds(first.clock.moment()));
}

#[tokio::test]
async fn no_more_databases_are_made_at_once_than_come_to_an_end_of_it_in_time() {
    let house = House::new();
    let process = house.place.other();
    let made = process.database(&house.flow);
    made.begin().await.unwrap();
    let new: Vec<_> = (0..=BEGINNINGS).map(|n| process.database(&flow(&format!("new-{n}")))).collect();
    let (last, first) = new.split_last().unwrap();
    let mut turns = join_all(first.iter().map(Write::turn)).await;
    let mut waiting = pin!(last.turn());
    for _ in 0..20 {
        let _nobody_waits_where_there_is_nothing_to_make = made.turn().await;
        assert!(poll!(&mut waiting).is_pending());
    }
    turns.pop();
    waiting.await;
}

#[tokio::test]
async fn a_process_that_let_go_of_a_flow_is_followed_at_once() {
    let house = House::new();
    let (first, second) = (house.process(), house.process());
    let epoch = first.begin().await.unwrap();
    first.close().await;
    assert!(!first.lease().holds(first.clock.moment()));
    assert!(second.begin().await.unwrap() > epoch);
}

#[tokio::test]
async fn a_process_that_was_silent_for_a_minute_is_taken_over_from() {
    let house = House::new();
    let (first, second) = (house.process(), house.process());
    let epoch = first.begin().await.unwrap();
    house.silence(50);
    assert!(matches!(second.begin().await, Err(Error::InUse { .. })));
    house.silence(11);
    let later = second.begin().await.unwrap();
    assert!(later > epoch);

    // The first one was frozen and comes back: it can neither write nor keep nor give away what is the other's.
    let late = first.write(epoch, vec![Change::PutPair(pair(1, 21))]).await;
    assert!(matches!(late, Err(Error::Fenced)), "{late:?}");
    first.close().await;
    assert_eq!(house.documents("owner").len(), 1);
    assert!(matches!(house.process().begin().await, Err(Error::InUse { .. })));
    second.write(later, vec![Change::PutPair(pair(1, 21))]).await.unwrap();
}

#[tokio::test]
async fn the_worker_of_a_process_is_followed_by_the_next_one_of_that_process() {
    let house = House::new();
    let process = house.place.other();
    let (first, second) = (process.database(&house.flow), process.database(&house.flow));
    let epoch = first.begin().await.unwrap();
    assert!(second.begin().await.unwrap() > epoch);
    first.close().await;
    assert_eq!(house.documents("owner").len(), 1, "it is the second one's by now");
}

#[tokio::test(start_paused = true)]
async fn signs_of_life_keep_the_lease_until_the_flow_is_anothers() {
    let place = MongoPlace::new(MongoPlace::apart());
    let name = flow("sync-ab");
    let (first, second) = (place.other().database(&place.placed(&name)), place.other().database(&place.placed(&name)));
    first.begin().await.unwrap();
    let holds = || first.lease().holds(first.clock.moment());
    for _ in 0..20 {
        first.clock.sleep(Duration::from_secs(10)).await;
        assert!(holds());
    }
    // Between two of them, so that none is on its way.
    first.clock.sleep(Duration::from_secs(5)).await;
    first.drained().await;
    place.silence(place.placed(&name).database.name.as_str(), 61);
    second.begin().await.unwrap();
    assert!(holds(), "nobody has told it yet");
    first.clock.sleep(Duration::from_secs(15)).await;
    assert!(!holds());
    assert!(second.lease().holds(second.clock.moment()));
}
