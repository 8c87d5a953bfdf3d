//! Walking through all that is kept, from outside.

use super::*;

/// All pages behind one another; `next` answers the page after the last one's last.
pub(super) async fn walked<T: Clone>(mut next: impl AsyncFnMut(Option<&T>) -> Vec<T>) -> Vec<T> {
    let mut all: Vec<T> = Vec::new();
    loop {
        let page = next(all.last()).await;
        assert!(page.len() <= 3);
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

pub(super) async fn all_that_was_handled_comes_page_by_page(place: impl Place) {
    let worker = begin(&place, "sync-ab").await;
    let reader = place.read(&flow("sync-ab"));
    // As texts they stand in another order.
    let numbers = [1, 2, 9, 10, 11, 99, 100, u64::MAX / 2];
    let put = |n: &u64| Change::PutHandled(Side::User, user(*n), handled("Open"));
    worker.write(numbers.iter().rev().map(put).collect()).await.unwrap();
    worker.write(vec![Change::PutHandled(Side::Dev, dev(3), handled("Closed"))]).await.unwrap();

    let all = walked(async |last: Option<&HandledIssue>| {
        reader.page(last.map(|last| (last.side, last.id.clone())), 3).await.unwrap()
    });
    let users = numbers.map(|n| HandledIssue::new(Side::User, user(n), handled("Open")));
    let others = HandledIssue::new(Side::Dev, dev(3), handled("Closed"));
    assert_eq!(all.await, [&users[..], &[others]].concat());
    // The one of the bookmark may be gone by then.
    assert_eq!(reader.page::<HandledIssue>(Some((Side::User, id(50))), 1).await.unwrap()[0].id, id(99));
}

pub(super) async fn the_whole_ledger_comes_page_by_page(place: impl Place) {
    let worker = begin(&place, "sync-ab").await;
    let reader = place.read(&flow("sync-ab"));
    let all = ["1", "1000", "7", "70", "a", "b\u{e4}", "z"];
    let all: Vec<_> = (1..).zip(all).map(|(n, file)| copied(n % 3, file, (n % 2 == 0).then_some("80"))).collect();
    worker.write(all.iter().rev().cloned().map(Change::PutCopied).collect()).await.unwrap();
    let read = walked(async |last: Option<&Copied>| {
        reader.page::<Copied>(last.map(|last| last.file.clone()), 3).await.unwrap()
    });
    assert_eq!(read.await, all);
}

pub(super) async fn all_failures_come_page_by_page(place: impl Place) {
    let worker = begin(&place, "sync-ab").await;
    let reader = place.read(&flow("sync-ab"));
    // Whenever they are tried again.
    let of = |side, n| failure(side, n, 1, &format!("2024-01-01T00:00:{:02}Z", 59 - n % 50));
    let all: Vec<_> =
        [1, 10, 2].map(|n| of(Side::Dev, n)).into_iter().chain([1, 10, 9].map(|n| of(Side::User, n))).collect();
    worker.write(all.iter().rev().cloned().map(Change::PutFailure).collect()).await.unwrap();
    let read = walked(async |last: Option<&Failure>| {
        let after = last.map(|last| (last.side, last.issue.id.clone()));
        reader.page::<Failure>(after, 3).await.unwrap()
    });
    assert_eq!(read.await, all);
}

pub(super) async fn a_line_that_was_told_elsewhere_keeps_its_number_and_its_time(place: impl Place) {
    let worker = begin(&place, "sync-ab").await;
    let told = |number, message: &str| Told {
        number,
        at: "2024-05-01T10:00:00.123Z".parse().unwrap(),
        issue: user(1),
        level: "warn".to_owned(),
        event: Some("pair.held".to_owned()),
        message: message.to_owned(),
        fields: r#"{"errors":3,"list":["one"],"reason":"$odd"}"#.to_owned(),
    };
    let retell = |line: &Told| Change::Retell(line.clone());
    let (first, later) = (told(7, "first"), told(4711, "later"));
    worker.write(vec![retell(&later), retell(&told(7, "as it was not"))]).await.unwrap();
    worker.write(vec![retell(&first), retell(&later)]).await.unwrap();
    let all = async || worker.read().history(query(None, None, 9)).await.unwrap();
    assert_eq!(all().await, [later.clone(), first.clone()]);

    worker.write(vec![Change::Tell(entry(1, "2024-05-01T11:00:00Z", "new"))]).await.unwrap();
    let [new, rest @ ..] = &all().await[..] else { panic!("nothing was told") };
    assert_eq!((new.message.as_str(), rest), ("new", &[later, first][..]));
    assert!(new.number > 4711, "{}", new.number);
}
