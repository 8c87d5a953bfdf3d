//! User issues whose dev issue could not be read when the pair was taken over.

use super::*;

pub(super) async fn a_missing_dev_issue_is_known_by_its_user_issue_until_it_is_cleared(mut place: impl Place) {
    let worker = begin(&place, "sync-ab").await;
    let all = [missing(9, "DEV-A-1"), missing(10, "DEV-A-2"), missing(11, "DEV-A-3")];
    worker.write(all.iter().rev().cloned().map(Change::PutMissing).collect()).await.unwrap();
    let worker = restart(&mut place, worker).await;
    let asked = async |users: &[u64]| {
        worker.read().get::<MissingDev>(on(Side::User, users.iter().copied().map(id).collect())).await.unwrap()
    };
    assert_eq!(asked(&[10, 9, 9, 8]).await, all[..2]);

    // Its pair, whatever it is with, has nothing to do with it: whoever records one clears it.
    worker.write(vec![Change::PutPair(pair(9, 29)), Change::ClearMissing(id(10))]).await.unwrap();
    worker.write(vec![Change::ClearMissing(id(10)), Change::ClearMissing(id(7))]).await.unwrap();
    assert_eq!(asked(&[9, 10, 11]).await, [all[0].clone(), all[2].clone()]);
}

pub(super) async fn a_missing_dev_issue_that_is_recorded_again_replaces_the_earlier_record(place: impl Place) {
    let worker = begin(&place, "sync-ab").await;
    let moved = MissingDev { user: IssueRef { id: id(1), key: "OTHER-5".parse().unwrap() }, ..missing(1, "DEV-A-9") };
    for recorded in [missing(1, "DEV-A-1"), moved.clone(), moved.clone()] {
        worker.write(vec![Change::PutMissing(recorded)]).await.unwrap();
    }
    // The same key for another user issue is no contradiction: nobody could look.
    worker.write(vec![Change::PutMissing(missing(2, "DEV-A-9"))]).await.unwrap();
    assert_eq!(worker.read().page::<MissingDev>(None, 9).await.unwrap(), [moved, missing(2, "DEV-A-9")]);
}

pub(super) async fn missing_dev_issues_come_page_by_page_in_the_order_of_their_user_issues(place: impl Place) {
    let worker = begin(&place, "sync-ab").await;
    let reader = place.read(&flow("sync-ab"));
    // As texts they stand in another order.
    let all: Vec<_> = [1, 2, 9, 10, 11, 99, 100, u64::MAX / 2].iter().map(|n| missing(*n, "DEV-A-7")).collect();
    worker.write(all.iter().rev().cloned().map(Change::PutMissing).collect()).await.unwrap();
    let after = |last: Option<&MissingDev>| last.map(|last| last.user.id.clone());
    let seen =
        walked(async |last: Option<&MissingDev>| worker.read().page::<MissingDev>(after(last), 3).await.unwrap());
    assert_eq!(seen.await, all);
    let seen = walked(async |last: Option<&MissingDev>| reader.page::<MissingDev>(after(last), 3).await.unwrap());
    assert_eq!(seen.await, all);
    // The one of the bookmark may be gone by then.
    assert_eq!(reader.page::<MissingDev>(Some(id(50)), 1).await.unwrap(), [missing(99, "DEV-A-7")]);
    assert_eq!(reader.page::<MissingDev>(None, 0).await.unwrap(), []);
}

pub(super) async fn an_older_epoch_neither_records_nor_clears_a_missing_dev_issue(place: impl Place) {
    let old = begin(&place, "sync-ab").await;
    old.write(vec![Change::PutMissing(missing(1, "DEV-A-1"))]).await.unwrap();
    let new = begin(&place, "sync-ab").await;
    for change in [Change::ClearMissing(id(1)), Change::PutMissing(missing(2, "DEV-A-2"))] {
        assert!(matches!(old.write(vec![change]).await, Err(Error::Fenced)));
    }
    assert_eq!(new.read().page::<MissingDev>(None, 9).await.unwrap(), [missing(1, "DEV-A-1")]);
}
