//! Looking in from outside.

use super::*;

pub(super) async fn whoever_looks_sees_what_was_written(place: impl Place) {
    let worker = begin(&place, "sync-ab").await;
    let reader = place.read(&flow("sync-ab"));
    let troubled = Pair { state: PairState::Suspended, ..pair(2, 22) };
    let batch = vec![
        Change::PutState(State { initial_sync_completed: Some(true), ..State::default() }),
        Change::PutPair(pair(1, 21)),
        Change::PutPair(troubled.clone()),
        Change::AddIntent(intent("i-1", IntentKind::Create, 1)),
        Change::PutFailure(failure(Side::User, 1, 1, "2024-01-01T00:00:00Z")),
        Change::Tell(entry(1, "2024-05-01T10:00:00Z", "told")),
    ];
    worker.write(batch).await.unwrap();

    assert_eq!(reader.state().await.unwrap(), worker.read().state().await.unwrap());
    assert_eq!(reader.open_intents(9).await.unwrap(), worker.read().open_intents(u32::MAX).await.unwrap());
    assert_eq!(reader.failures(9).await.unwrap(), worker.read().failures(u32::MAX).await.unwrap());
    assert_eq!(reader.troubled_pairs(9).await.unwrap(), [troubled]);
    let all = query(None, None, 9);
    assert_eq!(reader.history(all.clone()).await.unwrap(), worker.read().history(all).await.unwrap());
}

pub(super) async fn as_much_is_told_as_was_asked_for(place: impl Place) {
    let worker = begin(&place, "sync-ab").await;
    let reader = place.read(&flow("sync-ab"));
    for n in 1..=3 {
        let batch = vec![
            Change::PutPair(Pair { state: PairState::Broken, ..pair(n, n + 20) }),
            Change::AddIntent(intent(&format!("i-{n}"), IntentKind::Create, n)),
            Change::PutFailure(failure(Side::User, n, 1, "2024-01-01T00:00:00Z")),
        ];
        worker.write(batch).await.unwrap();
    }
    assert_eq!(reader.open_intents(2).await.unwrap().len(), 2);
    assert_eq!(reader.failures(2).await.unwrap().len(), 2);
    assert_eq!(reader.troubled_pairs(2).await.unwrap().len(), 2);
    assert_eq!(reader.troubled_pairs(0).await.unwrap(), []);
}

pub(super) async fn pairs_that_were_taken_apart_come_after_those_that_need_somebody(place: impl Place) {
    let worker = begin(&place, "sync-ab").await;
    let states = [PairState::Unpaired, PairState::Held, PairState::Active, PairState::Broken, PairState::Suspended];
    let pairs = states.into_iter().zip(1..).map(|(state, n)| Pair { state, ..pair(n, n + 20) });
    worker.write(pairs.map(Change::PutPair).collect()).await.unwrap();
    let found = place.read(&flow("sync-ab")).troubled_pairs(9).await.unwrap();
    let found: Vec<_> = found.into_iter().map(|pair| pair.state).collect();
    assert_eq!(found, [PairState::Held, PairState::Broken, PairState::Suspended, PairState::Unpaired]);
}

pub(super) async fn looking_works_while_the_worker_is_busy_idle_or_gone(mut place: impl Place) {
    let worker = begin(&place, "sync-ab").await;
    let seen = async |reader: Arc<dyn Read>| reader.troubled_pairs(9_999).await.unwrap().len();
    let broken = |n| Change::PutPair(Pair { state: PairState::Broken, ..pair(n, n) });
    let reader = place.read(&flow("sync-ab"));

    let (written, half_way) = tokio::join!(worker.write((1..=500).map(broken).collect()), seen(Arc::clone(&reader)));
    written.unwrap();
    let whole = [0, 500].contains(&half_way) || !place.is_atomic();
    assert!(whole && half_way <= 500, "all of a batch or nothing, not {half_way}");
    worker.backend.rest().await;
    assert_eq!(seen(Arc::clone(&reader)).await, 500);
    worker.backend.close().await;
    assert_eq!(seen(reader).await, 500);

    worker.backend.drained().await;
    drop(worker);
    place.restart();
    assert_eq!(seen(place.read(&flow("sync-ab"))).await, 500);
    // And whoever looked is not in the next worker's way.
    let worker = begin(&place, "sync-ab").await;
    worker.write(vec![broken(501)]).await.unwrap();
}

pub(super) async fn looking_makes_nothing(place: impl Place) {
    let reader = place.read(&flow("sync-ab"));
    for _ in 0..2 {
        let nothing = reader.state().await.unwrap_err();
        assert!(matches!(nothing, Error::Unavailable { .. }), "{nothing}");
    }
    assert!(matches!(reading(&*place.open(&flow("sync-ab"))).state().await, Err(Error::Unavailable { .. })));
}
