//! Pairs in and out of step.

use super::*;

const STATES: [PairState; 5] =
    [PairState::Active, PairState::Suspended, PairState::Broken, PairState::Held, PairState::Unpaired];

pub(super) async fn a_pair_is_read_back_in_every_state(mut place: impl Place) {
    let worker = begin(&place, "sync-ab").await;
    let pairs: Vec<_> = (1..).zip(STATES).map(|(n, state)| Pair { state, ..pair(n, n + 20) }).collect();
    worker.write(pairs.iter().cloned().map(Change::PutPair).collect()).await.unwrap();
    let worker = restart(&mut place, worker).await;
    assert_eq!(worker.read().get::<Pair>(on(Side::User, (1..=5).map(id).collect())).await.unwrap(), pairs);
}

pub(super) async fn another_state_leaves_the_origin_as_it_was(place: impl Place) {
    let worker = begin(&place, "sync-ab").await;
    for (origin, other) in [(Origin::Created, Origin::Adopted), (Origin::Adopted, Origin::Created)] {
        let number = if origin == Origin::Created { 1 } else { 2 };
        let found = Pair { origin, ..pair(number, number + 20) };
        worker.write(vec![Change::PutPair(found.clone())]).await.unwrap();
        for state in STATES {
            worker.write(vec![Change::PutPair(Pair { state, origin: other, ..found.clone() })]).await.unwrap();
            let read = worker.read().get::<Pair>(on(Side::User, vec![id(number)])).await.unwrap();
            assert_eq!(read, [Pair { state, ..found.clone() }]);
        }
    }
}

pub(super) async fn pairs_come_page_by_page_in_the_order_of_their_numbers(place: impl Place) {
    let worker = begin(&place, "sync-ab").await;
    // As texts they stand in another order.
    let numbers: Vec<u64> = (1..=3).chain(9_990..=10_010).chain([u64::MAX / 2]).collect();
    let pairs: Vec<_> = numbers.iter().map(|n| pair(*n, *n)).collect();
    assert_eq!(worker.read().page::<Pair>(None, 7).await.unwrap(), []);
    worker.write(pairs.iter().rev().cloned().map(Change::PutPair).collect()).await.unwrap();

    let (mut read, mut after) = (Vec::new(), None);
    loop {
        let page = worker.read().page::<Pair>(after.clone(), 7).await.unwrap();
        assert!(page.len() <= 7);
        let Some(last) = page.last() else { break };
        after = Some(last.user.id.clone());
        read.extend(page);
    }
    assert_eq!(read, pairs);
    // The one of the bookmark may be gone by then.
    assert_eq!(worker.read().page::<Pair>(Some(id(500)), 1).await.unwrap(), [pair(9_990, 9_990)]);
    assert_eq!(worker.read().page::<Pair>(Some(id(9_999)), 1).await.unwrap(), [pair(10_000, 10_000)]);
    assert_eq!(worker.read().page::<Pair>(None, 100).await.unwrap(), pairs);
}

pub(super) async fn a_removed_pair_makes_room_for_another_partner(place: impl Place) {
    let worker = begin(&place, "sync-ab").await;
    worker.write(vec![Change::PutPair(Pair { state: PairState::Broken, ..pair(1, 21) })]).await.unwrap();
    let remove = Change::RemovePair(id(1));
    worker.write(vec![remove.clone(), Change::PutPair(pair(1, 22)), Change::PutPair(pair(2, 21))]).await.unwrap();
    assert_eq!(worker.read().page::<Pair>(None, 9).await.unwrap(), [pair(1, 22), pair(2, 21)]);
    worker.write(vec![remove.clone(), remove]).await.unwrap();
    assert_eq!(worker.read().page::<Pair>(None, 9).await.unwrap(), [pair(2, 21)]);
}

pub(super) async fn a_removed_pair_takes_its_ledger_along(place: impl Place) {
    let worker = begin(&place, "sync-ab").await;
    let entry = |on: u64, file: &str| {
        Change::PutCopied(Copied { on: id(on), file: file.parse().unwrap(), copy: Some("7".parse().unwrap()) })
    };
    worker.write(vec![Change::PutPair(pair(1, 21)), entry(1, "70"), entry(2, "71")]).await.unwrap();
    worker.write(vec![Change::RemovePair(id(1)), entry(1, "72")]).await.unwrap();
    let left = worker.read().get::<Copied>(on(Side::User, vec![id(1), id(2)])).await.unwrap();
    let left: Vec<_> = left.iter().map(|copied| copied.file.as_str()).collect();
    assert_eq!(left, ["71", "72"], "another's, and what came after");
}

pub(super) async fn pairs_that_somebody_else_removed_are_missed_until_the_next_commit(place: impl Place) {
    let worker = begin(&place, "sync-ab").await;
    let missed = async || worker.read().state().await.unwrap().pairs_lost;
    let commit = async || {
        let read = worker.read().state().await.unwrap();
        worker.write(vec![Change::PutState(read)]).await.unwrap();
    };
    worker.write([1, 2, 3].map(|n| Change::PutPair(pair(n, n + 20))).into()).await.unwrap();
    commit().await;
    assert!(!missed().await);

    place.lose_pair(&flow("sync-ab"), &id(2));
    assert!(missed().await);
    // What the flow itself does meanwhile hides nothing.
    worker.write(vec![Change::PutPair(pair(4, 24)), Change::PutPair(pair(4, 24))]).await.unwrap();
    assert!(missed().await);
    worker.write(vec![Change::RemovePair(id(1)), Change::RemovePair(id(1))]).await.unwrap();
    assert!(missed().await);
    commit().await;
    assert!(!missed().await);

    // Also one that no commit has followed yet.
    worker.write(vec![Change::PutPair(pair(5, 25))]).await.unwrap();
    assert!(!missed().await);
    place.lose_pair(&flow("sync-ab"), &id(5));
    assert!(missed().await);
}

pub(super) async fn a_pair_that_the_flow_removed_is_not_missed(mut place: impl Place) {
    let worker = begin(&place, "sync-ab").await;
    let pairs = [1, 2].map(|n| Change::PutPair(pair(n, n + 20)));
    worker.write(pairs.into_iter().chain([Change::PutState(State::default())]).collect()).await.unwrap();
    worker.write(vec![Change::RemovePair(id(1))]).await.unwrap();
    assert!(!worker.read().state().await.unwrap().pairs_lost);
    // A crash before the commit makes no difference.
    let worker = restart(&mut place, worker).await;
    let read = worker.read().state().await.unwrap();
    assert!(!read.pairs_lost);
    worker.write(vec![Change::PutState(read), Change::RemovePair(id(2))]).await.unwrap();
    assert!(!worker.read().state().await.unwrap().pairs_lost);
}
