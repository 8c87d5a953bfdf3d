//! Batches that end in their middle, and writes that come after a successor.

use super::super::deeds::Deed;
use super::super::write::{Writing, understood};
use super::*;
use crate::flow::{IntentState, Stage};

#[tokio::test]
async fn late_writes_of_a_predecessor_replace_and_remove_nothing_of_its_successors() {
    let house = House::new();
    let (first, second) = (house.process(), house.process());
    let epoch = first.begin().await.unwrap();
    let open = Change::AddIntent(intent("i-1", IntentKind::Create, 1));
    first.write(epoch, vec![open, Change::PutPair(pair(3, 23))]).await.unwrap();
    let late = batches(epoch, "Old");
    let mut waiting = Vec::new();
    for batch in late {
        waiting.push(deeds(&first, epoch, batch).await);
    }

    house.silence(61);
    let later = second.begin().await.unwrap();
    for batch in batches(later, "New").into_iter().take(6) {
        second.write(later, batch).await.unwrap();
    }
    let before = everything(&house);
    for batch in waiting {
        // Refused or without effect, but never done.
        let _ = carry_out(&first, epoch, &batch).await;
        assert_eq!(everything(&house), before);
    }
    assert_eq!(reading(&second).open_intents(u32::MAX).await.unwrap().len(), 1);
}

/// Something of every kind, by which one epoch's documents differ from another's. The last ones only remove.
fn batches(epoch: Epoch, status: &str) -> Vec<Vec<Change>> {
    let attempts = u32::try_from(epoch.0).unwrap();
    let state = State { last_sync: Some(Watermark(at("2024-05-01T10:00:00Z"))), ..State::default() };
    vec![
        vec![
            Change::PutHandled(Side::User, user(1), handled(status)),
            Change::PutHandled(Side::Dev, dev(1), handled(status)),
        ],
        vec![Change::PutPair(Pair {
            state: [PairState::Held, PairState::Broken][usize::from(status == "New")],
            ..pair(3, 23)
        })],
        vec![Change::PutCopied(copied(1, "700", Some(&epoch.0.to_string())))],
        vec![Change::PutFailure(failure(Side::User, 1, attempts, "2024-01-01T00:00:00Z"))],
        vec![Change::PutMissing(missing(1, ["DEV-A-1", "DEV-A-2"][usize::from(status == "New")]))],
        vec![Change::PutState(state)],
        vec![Change::UpdateIntent(crate::flow::Intent {
            state: IntentState::stored(1, Stage::InHand),
            ..intent("i-1", IntentKind::Create, 1)
        })],
        vec![Change::CloseIntent("i-1".parse().unwrap())],
        vec![Change::ClearFailure(Side::User, id(1))],
        vec![Change::ClearMissing(id(1))],
        vec![Change::RemovePair(id(3))],
    ]
}

#[tokio::test]
async fn a_batch_that_ends_anywhere_is_finished_by_the_same_batch() {
    let whole = after_crash(usize::MAX).await;
    for done in 0..commands(&closing()).await {
        assert_eq!(after_crash(done).await, whole, "ended behind command {done}");
    }
}

/// What a step did, what was handled, and the end of its intent.
fn closing() -> Vec<Change> {
    vec![
        Change::PutPair(pair(1, 21)),
        Change::ClearMissing(id(1)),
        Change::PutCopied(copied(1, "700", Some("800"))),
        Change::PutHandled(Side::User, user(1), handled("Will Do")),
        Change::PutHandled(Side::Dev, dev(21), handled("Open")),
        Change::ClearFailure(Side::User, id(1)),
        Change::RemovePair(id(3)),
        Change::PutState(State { initial_sync_completed: Some(true), ..State::default() }),
        Change::CloseIntent("i-1".parse().unwrap()),
    ]
}

async fn commands(batch: &[Change]) -> usize {
    let house = House::new();
    let worker = house.process();
    let epoch = worker.begin().await.unwrap();
    deeds(&worker, epoch, batch.to_vec()).await.len()
}

/// What is there in the end, when the process ended behind so many commands and another one did it all again.
async fn after_crash(done: usize) -> (State, Vec<Pair>, Vec<MissingDev>, Vec<Copied>, usize) {
    let house = House::new();
    let worker = house.process();
    let epoch = worker.begin().await.unwrap();
    let before = vec![
        Change::AddIntent(intent("i-1", IntentKind::Create, 1)),
        Change::PutPair(pair(3, 23)),
        Change::PutMissing(missing(1, "DEV-A-21")),
    ];
    worker.write(epoch, before).await.unwrap();
    let all = deeds(&worker, epoch, closing()).await;
    carry_out(&worker, epoch, &all[..done.min(all.len())]).await.unwrap();

    house.silence(61);
    let next = house.process();
    let epoch = next.begin().await.unwrap();
    let read = reading(&next).state().await.unwrap();
    assert!(!read.pairs_lost, "nobody else removed any");
    let paired = !reading(&next).get::<Pair>(on(Side::User, vec![id(1)])).await.unwrap().is_empty();
    assert!(
        paired || reading(&next).get::<MissingDev>(on(Side::User, vec![id(1)])).await.unwrap().len() == 1,
        "another may be created by now"
    );
    if read.revision == Revision(0) {
        assert_eq!(reading(&next).open_intents(u32::MAX).await.unwrap().len(), 1, "its end comes last");
        next.write(epoch, closing()).await.unwrap();
    } else {
        next.write(epoch, vec![Change::CloseIntent("i-1".parse().unwrap())]).await.unwrap();
    }
    let state = State { updated_at: None, ..reading(&next).state().await.unwrap() };
    let (pairs, ledger) = (
        reading(&next).page::<Pair>(None, 9).await.unwrap(),
        reading(&next).get::<Copied>(on(Side::User, vec![id(1)])).await.unwrap(),
    );
    (
        state,
        pairs,
        reading(&next).page::<MissingDev>(None, 9).await.unwrap(),
        ledger,
        reading(&next).open_intents(u32::MAX).await.unwrap().len(),
    )
}

use crate::store::Revision;

async fn deeds(worker: &Database, epoch: Epoch, batch: Vec<Change>) -> Vec<Deed> {
    let database = worker.base.database().await.unwrap();
    understood(&worker.base, &database, epoch, batch, start()).await.unwrap()
}

async fn carry_out(worker: &Database, epoch: Epoch, deeds: &[Deed]) -> Result<(), Trouble> {
    let database = worker.base.database().await.unwrap();
    Writing { base: &worker.base, database: &database, epoch, now: start() }.all(deeds).await
}

fn everything(house: &House) -> Vec<Vec<Document>> {
    let all = [
        "sync_state",
        "jira_mapping",
        "user_project_issue_state",
        "dev_project_issue_state",
        "intents",
        "failures",
        "missing_dev_issues",
        "attachments",
    ];
    all.map(|collection| house.documents(collection)).into()
}
