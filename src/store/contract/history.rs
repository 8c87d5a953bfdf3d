//! The ledger of copied files, and what was done.

use std::ops::RangeInclusive;

use super::*;

pub(super) async fn the_ledger_tells_of_the_files_of_the_issues_asked_about(mut place: impl Place) {
    let worker = begin(&place, "sync-ab").await;
    let [first, second, third] = [copied(1, "700", Some("800")), copied(2, "70", None), copied(1, "1000", None)];
    let all = [&first, &second, &third].map(|copied| Change::PutCopied(copied.clone()));
    worker.write(all.into()).await.unwrap();
    let worker = restart(&mut place, worker).await;
    // In the order of the ids as texts.
    assert_eq!(worker.read().get::<Copied>(on(Side::User, vec![id(1)])).await.unwrap(), [third.clone(), first.clone()]);
    assert_eq!(
        worker.read().get::<Copied>(on(Side::User, vec![id(2), id(1), id(1), id(3)])).await.unwrap(),
        [third, second, first]
    );
    assert_eq!(worker.read().get::<Copied>(on(Side::User, vec![id(3)])).await.unwrap(), []);
}

pub(super) async fn a_later_entry_for_a_file_replaces_the_earlier_one(place: impl Place) {
    let worker = begin(&place, "sync-ab").await;
    for entry in [copied(1, "700", None), copied(1, "700", Some("800")), copied(2, "700", Some("801"))] {
        worker.write(vec![Change::PutCopied(entry.clone())]).await.unwrap();
        assert_eq!(worker.read().get::<Copied>(on(Side::User, vec![id(1), id(2)])).await.unwrap(), [entry]);
    }
}

pub(super) async fn history_comes_latest_first_and_page_by_page(mut place: impl Place) {
    let worker = begin(&place, "sync-ab").await;
    assert_eq!(worker.read().history(query(None, None, 9)).await.unwrap(), []);
    // Told in this order, whatever the clock said.
    let told: Vec<_> = (0..10).map(|n| entry(n % 3, "2024-05-01T10:00:00Z", &format!("line {n}"))).collect();
    for batch in told.chunks(4) {
        worker.write(batch.iter().cloned().map(Change::Tell).collect()).await.unwrap();
    }
    let worker = restart(&mut place, worker).await;

    let (mut read, mut before) = (Vec::new(), None);
    loop {
        let page = worker.read().history(query(None, before, 4)).await.unwrap();
        assert!(page.len() <= 4);
        let Some(last) = page.last() else { break };
        before = Some(last.number);
        read.extend(page);
    }
    assert!(read.windows(2).all(|two| two[0].number > two[1].number));
    let messages: Vec<_> = read.iter().rev().map(|line| line.message.clone()).collect();
    assert_eq!(messages, told.iter().map(|entry| entry.line.message.clone()).collect::<Vec<_>>());
    assert_eq!(worker.read().history(query(None, Some(u64::MAX), 1)).await.unwrap(), read[..1]);
}

pub(super) async fn history_of_one_issue_is_its_own(place: impl Place) {
    let worker = begin(&place, "sync-ab").await;
    let told = (0..9).map(|n| Change::Tell(entry(n % 2, "2024-05-01T10:00:00Z", &format!("line {n}"))));
    worker.write(told.collect()).await.unwrap();
    let messages = async |query| -> Vec<String> {
        let lines = worker.read().history(query).await.unwrap();
        lines.into_iter().map(|line| line.message).collect()
    };
    assert_eq!(messages(query(Some(1), None, 9)).await, ["line 7", "line 5", "line 3", "line 1"]);
    assert_eq!(messages(query(Some(1), None, 2)).await, ["line 7", "line 5"]);
    let third = worker.read().history(query(Some(1), None, 3)).await.unwrap()[2].number;
    assert_eq!(messages(query(Some(1), Some(third), 9)).await, ["line 1"]);
    assert_eq!(messages(query(Some(7), None, 9)).await, [""; 0]);
}

pub(super) async fn history_of_a_key_is_all_of_its_issue_whatever_it_was_called(place: impl Place) {
    let worker = begin(&place, "sync-ab").await;
    let called = |key: &str, message| {
        let entry = entry(1, "2024-05-01T10:00:00Z", message);
        Change::Tell(Entry { issue: IssueRef { key: key.parse().unwrap(), ..entry.issue.clone() }, ..entry })
    };
    let others = Change::Tell(entry(2, "2024-05-01T10:00:00Z", "another's"));
    let mut batch = vec![called("OLD-7", "before it moved"), others, called("USER-A-1", "after it moved")];
    batch.push(Change::PutPair(Pair { state: PairState::Broken, ..pair(1, 21) }));
    worker.write(batch).await.unwrap();

    let messages = async |name: &str, most| -> Vec<String> {
        let query = HistoryQuery { issue: Some(name.parse().unwrap()), before: None, most };
        worker.read().history(query).await.unwrap().into_iter().map(|line| line.message).collect()
    };
    let both = ["after it moved", "before it moved"];
    let Pair { user, dev, .. } = pair(1, 21);
    for name in ["OLD-7", "USER-A-1", dev.key.as_str(), dev.id.as_str(), user.id.as_str()] {
        assert_eq!(messages(name, 9).await, both, "{name}");
    }
    assert_eq!(messages(user.key.as_str(), 1).await, both[..1]);
    assert_eq!(messages("USER-A-77", 9).await, [""; 0]);
}

pub(super) async fn a_line_is_read_back_as_it_was_told(place: impl Place) {
    let worker = begin(&place, "sync-ab").await;
    let fields = vec![
        ("reason", Field::Text("\"quoted\" \u{1f600}".to_owned())),
        ("errors", Field::Number(3)),
        ("resumed", Field::Flag(true)),
        ("problems", Field::List(vec!["one".to_owned(), "two".to_owned()])),
    ];
    let line = Line { level: Level::Warn, event: None, message: "Pair held\nbecause".to_owned(), fields };
    let entry = Entry { at: "2024-05-01T10:00:00.123Z".parse().unwrap(), issue: user(1), line };
    worker.write(vec![Change::Tell(entry.clone())]).await.unwrap();

    let read = worker.read().history(query(None, None, 1)).await.unwrap().remove(0);
    assert_eq!((read.at, &read.issue, read.level.as_str(), &read.event), (entry.at, &entry.issue, "warn", &None));
    assert_eq!(read.message, entry.line.message);
    let expected = r#"{"errors":3,"problems":["one","two"],"reason":"\"quoted\" 😀","resumed":true}"#;
    assert_eq!(read.fields, expected);
}

fn ten_minutes() -> RangeInclusive<DateTime<Utc>> {
    let at = |text: &str| text.parse().unwrap();
    at("2024-05-01T10:00:00Z")..=at("2024-05-01T10:10:00Z")
}

pub(super) async fn only_statuses_brought_across_since_then_are_counted(place: impl Place) {
    let worker = begin(&place, "sync-ab").await;
    let synced = |user, at| {
        let mut entry = entry(user, at, "Status brought across");
        entry.line.event = Some(Event::STATUS_SYNCED);
        Change::Tell(entry)
    };
    let told = vec![
        synced(1, "2024-05-01T10:00:00.000Z"),
        synced(1, "2024-05-01T09:59:59.999Z"),
        synced(1, "2024-05-01T10:10:00Z"),
        synced(1, "2024-05-01T10:10:00.001Z"),
        synced(2, "2024-05-01T10:05:00Z"),
        synced(3, "2024-05-01T09:00:00Z"),
        synced(4, "2024-05-01T10:05:00Z"),
        Change::Tell(entry(1, "2024-05-01T10:05:00Z", "something else")),
    ];
    worker.write(told).await.unwrap();
    let counts = worker.read().recent_writes((1..=3).map(id).collect(), ten_minutes()).await.unwrap();
    assert_eq!(counts, BTreeMap::from([(id(1), 2), (id(2), 1)]));
}

pub(super) async fn what_was_brought_across_before_a_pair_was_set_going_again_is_not_counted(place: impl Place) {
    let worker = begin(&place, "sync-ab").await;
    let told = |user, event| {
        let mut entry = entry(user, "2024-05-01T10:05:00Z", "Something happened");
        entry.line.event = Some(event);
        Change::Tell(entry)
    };
    let (synced, mended, ordered) = (Event::STATUS_SYNCED, Event::PAIR_MENDED, Event::PAIR_ORDER);
    let before = vec![told(1, synced), told(2, synced), told(3, synced)];
    worker.write(before).await.unwrap();
    worker.write(vec![told(1, mended), told(2, ordered), told(1, synced)]).await.unwrap();
    let counts = worker.read().recent_writes((1..=3).map(id).collect(), ten_minutes()).await.unwrap();
    assert_eq!(counts, BTreeMap::from([(id(1), 1), (id(3), 1)]));
}

pub(super) async fn a_commit_forgets_what_is_too_old(place: impl Place) {
    let worker = begin(&place, "sync-ab").await;
    let tell = |at: DateTime<Utc>, message| Change::Tell(Entry { at, ..entry(1, "2024-05-01T10:00:00Z", message) });
    let old = tell(start() - HISTORY_AGE - Duration::from_secs(3600), "too old");
    let recent = tell(start() - HISTORY_AGE + Duration::from_secs(3600), "recent");
    worker.write(vec![recent, old]).await.unwrap();
    assert_eq!(worker.read().history(query(None, None, 9)).await.unwrap().len(), 2);
    worker.write(vec![Change::PutState(State::default())]).await.unwrap();
    let left = worker.read().history(query(None, None, 9)).await.unwrap();
    assert_eq!(left.into_iter().map(|line| line.message).collect::<Vec<_>>(), ["recent"]);
}

pub(super) async fn a_refused_batch_leaves_no_history(place: impl Place) {
    let worker = begin(&place, "sync-ab").await;
    worker.write(vec![Change::PutPair(pair(1, 21))]).await.unwrap();
    // What is told comes behind what it tells of: where a batch is not atomic, its end is what is missing.
    let batch = vec![Change::PutPair(pair(1, 22)), Change::Tell(entry(1, "2024-05-01T10:00:00Z", "paired anew"))];
    assert!(matches!(worker.write(batch).await, Err(Error::Taken { .. })));
    assert_eq!(worker.read().history(query(None, None, 9)).await.unwrap(), []);
}

pub(in crate::store) fn copied(user: u64, file: &str, copy: Option<&str>) -> Copied {
    Copied { on: id(user), file: file.parse().unwrap(), copy: copy.map(|copy| copy.parse().unwrap()) }
}

/// A line about a user issue.
pub(in crate::store) fn entry(user_number: u64, at: &str, message: &str) -> Entry {
    let line = Line { level: Level::Info, event: Some("issue.processed"), message: message.to_owned(), fields: vec![] };
    Entry { at: at.parse().unwrap(), issue: user(user_number), line }
}

pub(in crate::store) fn query(issue: Option<u64>, before: Option<u64>, most: u32) -> HistoryQuery {
    HistoryQuery { issue: issue.map(|number| IssueName::Id(id(number))), before, most }
}
