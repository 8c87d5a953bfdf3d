//! What every store promises: one suite, run for each of them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::future::try_join_all;
use futures::{FutureExt, poll};

use super::*;
use crate::clock::{Clock, Entropy};
use crate::flow::{
    Attachment, Comment, CopyAttachment, CreateIssue, Credentials, Database, Deployment, Describe, Doubt, Event,
    Extent, Fallback, Field, FieldName, HistoryQuery, IntentKind, IntentState, IssueName, IssueTypes, JiraAccess,
    Level, Line, LinkIssues, OnConflict, Origin, OwedLink, PairState, Resolution, RestoreText, Rules, Secret,
    ServedProject, SetReplied, Stage, Status, StatusName, Step, Template, Transition, TypeName, WantedResolution,
};
use crate::settings::StoreUrl;

mod counting;
pub(super) mod history;
mod looking;
mod missing;
mod mongo;
mod paging;
mod pairs;

pub(super) use mongo::{MongoPlace, ROOT, Replica, odd};

use counting::*;
use history::*;
use looking::*;
use missing::*;
use paging::*;
use pairs::*;

/// Where databases outlive the processes that use them.
pub(super) trait Place {
    /// As the running process opens it.
    fn open(&self, flow: &Flow) -> Arc<dyn Write>;
    /// The process ends and another one begins. Nothing that was opened may be left.
    fn restart(&mut self);
    /// As the running process looks into it.
    fn read(&self, flow: &Flow) -> Arc<dyn Read>;
    /// Somebody removes the pair of this user issue by other means.
    fn lose_pair(&self, flow: &Flow, user: &IssueId);
    /// Whether somebody who looks while a batch is being written sees all of it or nothing, and not its beginning.
    fn is_atomic(&self) -> bool;
}

/// Runs each behaviour for one store, every time in a fresh place.
macro_rules! suite {
    ($store:ident paused $paused:tt in $place:expr; $($behaviour:ident)*) => {
        mod $store {
            $(#[tokio::test(start_paused = $paused)]
            async fn $behaviour() {
                super::$behaviour($place).await;
            })*
        }
    };
}

macro_rules! contract {
    ($($store:ident paused $paused:tt in $place:expr;)*) => {
        $(suite! { $store paused $paused in $place;
            a_new_flow_knows_nothing
            nothing_works_before_the_database_is_made
            what_was_written_is_read_back_after_a_restart
            each_worker_has_a_later_epoch_even_after_a_restart
            an_older_epoch_writes_nothing
            a_commit_replaces_the_whole_state_document_and_tells_when
            a_pause_is_kept_without_a_commit_and_cleared_by_the_next_one
            a_commit_on_an_outdated_revision_is_refused_and_changes_nothing
            one_intent_of_a_kind_is_open_for_an_issue
            every_intent_is_read_back_as_it_was_written
            an_updated_intent_keeps_its_place_in_line
            a_closed_intent_is_gone_and_not_updated
            no_issue_is_in_two_pairs
            a_pairs_keys_are_refreshed_by_its_ids
            pairs_are_found_from_either_side
            any_number_of_issues_is_asked_about_at_once
            what_was_handled_is_replaced_and_kept_apart_by_side
            the_newest_issues_have_the_largest_numbers
            failures_stand_in_order_of_their_next_try
            due_failures_come_by_time_then_side_then_issue_and_page_by_page
            failures_put_off_too_far_are_due_after_all_others
            the_failures_of_some_issues_come_with_those_of_dev_issues_never_read
            each_table_is_counted
            a_page_reads_only_what_concerns_it_among_ten_thousand_failures
            intents_are_found_by_the_issue_they_come_from
            two_flows_never_see_each_other
            a_store_that_rested_goes_on
            calls_made_at_once_all_happen
            a_call_whose_caller_is_gone_is_waited_for
            a_store_that_was_closed_goes_on
            how_far_the_patrol_came_is_kept
            the_projects_that_a_flow_served_are_kept
            a_pair_is_read_back_in_every_state
            another_state_leaves_the_origin_as_it_was
            pairs_come_page_by_page_in_the_order_of_their_numbers
            a_removed_pair_makes_room_for_another_partner
            a_removed_pair_takes_its_ledger_along
            pairs_that_somebody_else_removed_are_missed_until_the_next_commit
            a_pair_that_the_flow_removed_is_not_missed
            a_missing_dev_issue_is_known_by_its_user_issue_until_it_is_cleared
            a_missing_dev_issue_that_is_recorded_again_replaces_the_earlier_record
            missing_dev_issues_come_page_by_page_in_the_order_of_their_user_issues
            an_older_epoch_neither_records_nor_clears_a_missing_dev_issue
            the_ledger_tells_of_the_files_of_the_issues_asked_about
            a_later_entry_for_a_file_replaces_the_earlier_one
            history_comes_latest_first_and_page_by_page
            history_of_one_issue_is_its_own
            history_of_a_key_is_all_of_its_issue_whatever_it_was_called
            a_line_is_read_back_as_it_was_told
            only_statuses_brought_across_since_then_are_counted
            what_was_brought_across_before_a_pair_was_set_going_again_is_not_counted
            a_commit_forgets_what_is_too_old
            a_refused_batch_leaves_no_history
            whoever_looks_sees_what_was_written
            as_much_is_told_as_was_asked_for
            pairs_that_were_taken_apart_come_after_those_that_need_somebody
            looking_works_while_the_worker_is_busy_idle_or_gone
            looking_makes_nothing
            all_that_was_handled_comes_page_by_page
            the_whole_ledger_comes_page_by_page
            all_failures_come_page_by_page
            a_line_that_was_told_elsewhere_keeps_its_number_and_its_time
        })*
    };
}

contract! {
    sqlite_blocking paused false in super::SqlitePlace::new(super::Executor::blocking(), super::Durability::PowerFailure);
    sqlite_inline paused false in super::SqlitePlace::new(super::Executor::inline(), super::Durability::ProcessEnd);
    mongo_here paused false in super::MongoPlace::new(super::Driver::here());
    mongo_apart paused true in super::MongoPlace::new(super::MongoPlace::apart());
}

async fn a_new_flow_knows_nothing(place: impl Place) {
    let worker = begin(&place, "sync-ab").await;
    assert_eq!(worker.read().state().await.unwrap(), State::default());
    assert_eq!(worker.read().open_intents(u32::MAX).await.unwrap(), []);
    assert_eq!(worker.read().failures(u32::MAX).await.unwrap(), []);
    assert_eq!(worker.read().get::<MissingDev>(on(Side::User, vec![id(1)])).await.unwrap(), []);
    assert_eq!(worker.read().page::<MissingDev>(None, 9).await.unwrap(), []);
    for side in Side::BOTH {
        assert_eq!(handled_of(&*worker.backend, side, vec![id(1)]).await.unwrap(), BTreeMap::new());
        assert_eq!(worker.read().get::<Pair>(on(side, vec![id(1)])).await.unwrap(), []);
        assert_eq!(worker.read().newest_issues(side).await.unwrap(), []);
    }
}

async fn nothing_works_before_the_database_is_made(place: impl Place) {
    let backend = place.open(&flow("sync-ab"));
    assert!(matches!(reading(&*backend).state().await, Err(Error::Unavailable { .. })));
    assert!(matches!(backend.write(Epoch(0), vec![]).await, Err(Error::Unavailable { .. })));
}

async fn what_was_written_is_read_back_after_a_restart(mut place: impl Place) {
    let worker = begin(&place, "sync-ab").await;
    let state = State {
        last_sync: Some(Watermark(at("2024-05-01T10:00:00.001Z"))),
        initial_sync_completed: Some(false),
        cursor: Some(Cursor {
            side: Side::Dev,
            created: Some(at("2024-04-01T00:00:00.999Z")),
            ids_at: vec![id(7), id(12)],
            done: 12_345,
        }),
        started_at: Some(at("2024-03-01T00:00:00Z")),
        shortfalls: shortfalls(),
        ..State::default()
    };
    let failure = failure(Side::Dev, 21, 2, "2024-05-01T11:00:00.250Z");
    let everything = vec![
        Change::PutState(state.clone()),
        Change::PutPair(pair(1, 21)),
        Change::PutHandled(Side::User, user(1), handled("Will Do")),
        Change::AddIntent(intent("i-1", IntentKind::Create, 1)),
        Change::PutFailure(failure.clone()),
    ];
    worker.write(everything).await.unwrap();

    let worker = restart(&mut place, worker).await;
    let read = worker.read().state().await.unwrap();
    assert_eq!(State { updated_at: None, revision: Revision(0), ..read }, state);
    assert_eq!(worker.read().get::<Pair>(on(Side::User, vec![id(1)])).await.unwrap(), [pair(1, 21)]);
    let handled_before = BTreeMap::from([(id(1), handled("Will Do"))]);
    assert_eq!(handled_of(&*worker.backend, Side::User, vec![id(1)]).await.unwrap(), handled_before);
    assert_eq!(worker.read().open_intents(u32::MAX).await.unwrap(), [intent("i-1", IntentKind::Create, 1)]);
    assert_eq!(worker.read().failures(u32::MAX).await.unwrap(), [failure]);
}

async fn each_worker_has_a_later_epoch_even_after_a_restart(mut place: impl Place) {
    let first = begin(&place, "sync-ab").await;
    let second = begin(&place, "sync-ab").await;
    assert!(second.epoch > first.epoch);
    let before = second.epoch;
    drop(first);
    assert!(restart(&mut place, second).await.epoch > before);
}

async fn an_older_epoch_writes_nothing(place: impl Place) {
    let old = begin(&place, "sync-ab").await;
    let new = begin(&place, "sync-ab").await;
    for change in [
        Change::PutPair(pair(1, 21)),
        Change::PutState(State::default()),
        Change::PutPause(DateTime::UNIX_EPOCH),
        Change::AddIntent(intent("i-1", IntentKind::Create, 1)),
    ] {
        assert!(matches!(old.write(vec![change]).await, Err(Error::Fenced)));
    }
    assert_eq!(new.read().get::<Pair>(on(Side::User, vec![id(1)])).await.unwrap(), []);
    assert_eq!(new.read().state().await.unwrap(), State::default());
    assert_eq!(new.read().open_intents(u32::MAX).await.unwrap(), []);
    new.write(vec![Change::PutPair(pair(1, 21))]).await.unwrap();
}

async fn a_commit_replaces_the_whole_state_document_and_tells_when(place: impl Place) {
    let worker = begin(&place, "sync-ab").await;
    let cursor = Cursor { side: Side::User, created: None, ids_at: vec![], done: 0 };
    let started_at = Some(at("2024-03-01T00:00:00Z"));
    worker
        .write(vec![Change::PutState(State {
            cursor: Some(cursor),
            started_at,
            shortfalls: shortfalls(),
            ..State::default()
        })])
        .await
        .unwrap();

    let begun = worker.read().state().await.unwrap();
    assert!(begun.cursor.is_some());
    let last_sync = Some(Watermark(at("2024-03-01T00:00:00Z")));
    let done = State {
        last_sync,
        initial_sync_completed: Some(true),
        all_read: true,
        named_elsewhere: true,
        revision: begun.revision,
        ..State::default()
    };
    worker.write(vec![Change::PutState(done.clone())]).await.unwrap();

    let read = worker.read().state().await.unwrap();
    let told = read.updated_at.unwrap();
    assert!(told >= start() && told < start() + Duration::from_secs(3600), "{told}");
    assert_eq!(read, State { revision: Revision(begun.revision.0 + 1), updated_at: Some(told), ..done });
}

async fn a_pause_is_kept_without_a_commit_and_cleared_by_the_next_one(mut place: impl Place) {
    let worker = begin(&place, "sync-ab").await;
    let committed = State { initial_sync_completed: Some(true), ..State::default() };
    worker.write(vec![Change::PutState(committed)]).await.unwrap();
    let before = worker.read().state().await.unwrap();
    let until = Some("2024-05-01T10:30:00.250Z".parse().unwrap());
    worker.write(until.map(Change::PutPause).into_iter().collect()).await.unwrap();

    let successor = restart(&mut place, worker).await;
    let held = successor.read().state().await.unwrap();
    assert_eq!(held, State { held_until: until, ..before });
    successor.write(vec![Change::PutState(held)]).await.unwrap();
    assert_eq!(successor.read().state().await.unwrap().held_until, None);
}

async fn a_commit_on_an_outdated_revision_is_refused_and_changes_nothing(place: impl Place) {
    let worker = begin(&place, "sync-ab").await;
    let read = worker.read().state().await.unwrap();
    let first = State { last_sync: Some(Watermark(at("2024-01-02T00:00:00Z"))), ..read.clone() };
    worker.write(vec![Change::PutState(first)]).await.unwrap();
    let after_first = worker.read().state().await.unwrap();

    let second = State { last_sync: Some(Watermark(at("2024-01-03T00:00:00Z"))), ..read };
    assert!(matches!(worker.write(vec![Change::PutState(second)]).await, Err(Error::Outdated)));
    assert_eq!(worker.read().state().await.unwrap(), after_first);
}

async fn one_intent_of_a_kind_is_open_for_an_issue(place: impl Place) {
    let worker = begin(&place, "sync-ab").await;
    let first = intent("i-1", IntentKind::Create, 1);
    worker.write(vec![Change::AddIntent(first.clone())]).await.unwrap();

    let second = Change::AddIntent(intent("i-2", IntentKind::Create, 1));
    let refused = worker.write(vec![second.clone()]).await.unwrap_err();
    assert_eq!(refused.to_string(), "an open create intent for USER-A-1 exists already");
    assert_eq!(worker.read().open_intents(u32::MAX).await.unwrap(), [first]);

    // Another kind, another issue, and an issue of the other side that happens to have the same id.
    let from_dev = Intent { source: Side::Dev, dev: Some(dev(1)), ..intent("i-5", IntentKind::Mirror, 9) };
    let others = [intent("i-3", IntentKind::Mirror, 1), intent("i-4", IntentKind::Create, 2), from_dev];
    worker.write(others.map(Change::AddIntent).into()).await.unwrap();
    worker.write(vec![Change::CloseIntent("i-1".parse().unwrap()), second]).await.unwrap();
    assert_eq!(worker.open_ids().await, ["i-3", "i-4", "i-5", "i-2"]);
}

async fn every_intent_is_read_back_as_it_was_written(place: impl Place) {
    let worker = begin(&place, "sync-ab").await;
    let doubt = |first_absent| Stage::InDoubt(Doubt { sent_by: at("2024-01-01T00:00:00.123Z"), first_absent });
    let state = |cursor, stage| IntentState::stored(cursor, stage);
    let plain = intent("i-0", IntentKind::Mirror, 1);
    let intents = vec![
        Intent { steps: vec![Step::Create(CreateIssue { cross_link: true })], ..intent("i-1", IntentKind::Create, 1) },
        Intent { steps: vec![link(true, Some("See ${targetKey} \"äß\"\n\u{1f600}"))], ..on_issue(&plain, 2) },
        Intent { steps: vec![link(false, None)], ..on_issue(&plain, 3) },
        Intent {
            steps: vec![transition(Side::User), transition(Side::Dev)],
            state: state(1, Stage::InHand),
            ..on_issue(&plain, 4)
        },
        Intent { steps: vec![comment("Fixed in ${sourceKey}")], state: state(1, Stage::InHand), ..on_issue(&plain, 5) },
        Intent { state: state(0, doubt(None)), ..on_issue(&plain, 6) },
        Intent { state: state(0, doubt(Some(at("2024-01-01T00:10:00Z")))), ..on_issue(&plain, 7) },
        Intent { source: Side::Dev, dev: Some(dev(21)), rule: None, ..on_issue(&plain, 8) },
        Intent { settles_user: Some(handled(" Will Do ")), settles_dev: None, ..on_issue(&plain, 9) },
        Intent { settles_user: None, settles_dev: Some(handled("Zu erledigen")), ..on_issue(&plain, 10) },
        Intent { steps: vec![closing_as("Won't Do \"äß\"")], ..on_issue(&plain, 11) },
        Intent { steps: vec![attach("a/b\u{0}\n\u{1f600}.png", Some("ann")), attach("", None)], ..attaching(12) },
        Intent { steps: vec![Step::Reply(SetReplied { field: field("customfield_10042") })], ..on_issue(&plain, 13) },
        Intent { steps: vec![Step::Restore(RestoreText { cross_link: false })], ..restoring(14) },
        Intent { steps: vec![Step::Restore(RestoreText { cross_link: true })], ..restoring(15) },
        Intent { steps: vec![Step::Describe(Describe { cross_link: true })], ..on_issue(&plain, 16) },
        Intent { steps: vec![owed_link(Some("6")), owed_link(None)], ..linking(17) },
        Intent { state: state(1, Stage::Owed), ..on_issue(&plain, 18) },
    ];
    worker.write(intents.iter().cloned().map(Change::AddIntent).collect()).await.unwrap();
    let read = worker.read().open_intents(u32::MAX).await.unwrap();
    // Status names are equal without case; what is kept is also how they were written.
    assert_eq!(format!("{read:#?}"), format!("{intents:#?}"));
    assert_eq!(read, intents);
}

async fn an_updated_intent_keeps_its_place_in_line(place: impl Place) {
    let worker = begin(&place, "sync-ab").await;
    // Ids in another order than that of their coming.
    let older = intent("i-9", IntentKind::Create, 9);
    let newer = intent("i-1", IntentKind::Create, 1);
    worker.write(vec![Change::AddIntent(older.clone()), Change::AddIntent(newer.clone())]).await.unwrap();
    let moved = Intent { dev: Some(dev(29)), state: IntentState::stored(1, Stage::InHand), ..older };
    worker.write(vec![Change::UpdateIntent(moved.clone())]).await.unwrap();
    assert_eq!(worker.read().open_intents(u32::MAX).await.unwrap(), [moved, newer]);
}

async fn a_closed_intent_is_gone_and_not_updated(place: impl Place) {
    let worker = begin(&place, "sync-ab").await;
    let intent = intent("i-1", IntentKind::Create, 1);
    let close = || vec![Change::CloseIntent(intent.id.clone())];
    worker.write(vec![Change::AddIntent(intent.clone())]).await.unwrap();
    worker.write(close()).await.unwrap();
    assert_eq!(worker.read().open_intents(u32::MAX).await.unwrap(), []);
    assert!(matches!(worker.write(vec![Change::UpdateIntent(intent.clone())]).await, Err(Error::Outdated)));
    assert_eq!(worker.read().open_intents(u32::MAX).await.unwrap(), []);
    worker.write(close()).await.unwrap();
}

async fn no_issue_is_in_two_pairs(place: impl Place) {
    let worker = begin(&place, "sync-ab").await;
    worker.write(vec![Change::PutPair(pair(1, 21))]).await.unwrap();
    for wrong in [pair(1, 22), pair(2, 21)] {
        assert!(matches!(worker.write(vec![Change::PutPair(wrong)]).await, Err(Error::Taken { .. })));
    }
    assert_eq!(worker.read().get::<Pair>(on(Side::User, vec![id(1), id(2)])).await.unwrap(), [pair(1, 21)]);
    assert_eq!(worker.read().get::<Pair>(on(Side::Dev, vec![id(21), id(22)])).await.unwrap(), [pair(1, 21)]);
    worker.write(vec![Change::PutPair(pair(2, 22))]).await.unwrap();
}

async fn a_pairs_keys_are_refreshed_by_its_ids(place: impl Place) {
    let worker = begin(&place, "sync-ab").await;
    worker.write(vec![Change::PutPair(pair(1, 21))]).await.unwrap();
    let moved = IssueRef { id: id(1), key: "OTHER-5".parse().unwrap() };
    let refreshed = Pair { user: moved.clone(), origin: Origin::Adopted, ..pair(1, 21) };
    worker.write(vec![Change::PutPair(refreshed)]).await.unwrap();
    let expected = Pair { user: moved, origin: Origin::Created, ..pair(1, 21) };
    assert_eq!(worker.read().get::<Pair>(on(Side::Dev, vec![id(21)])).await.unwrap(), [expected]);
}

async fn pairs_are_found_from_either_side(place: impl Place) {
    let worker = begin(&place, "sync-ab").await;
    // Each issue has the id of another pair's issue on the other side; the oldest user issue is 9, not 10.
    let adopted = Pair { origin: Origin::Adopted, ..pair(10, 9) };
    worker.write(vec![Change::PutPair(adopted.clone()), Change::PutPair(pair(9, 10))]).await.unwrap();
    assert_eq!(worker.read().get::<Pair>(on(Side::User, vec![id(10)])).await.unwrap(), vec![adopted.clone()]);
    assert_eq!(worker.read().get::<Pair>(on(Side::Dev, vec![id(10)])).await.unwrap(), [pair(9, 10)]);
    assert_eq!(
        worker.read().get::<Pair>(on(Side::User, vec![id(10), id(9), id(9)])).await.unwrap(),
        [pair(9, 10), adopted]
    );
}

async fn any_number_of_issues_is_asked_about_at_once(place: impl Place) {
    let worker = begin(&place, "sync-ab").await;
    let known = |n: u64| Change::PutHandled(Side::User, user(n), handled("Open"));
    worker.write((0..3000).map(|n| known(2 * n)).collect()).await.unwrap();
    let found = handled_of(&*worker.backend, Side::User, (0..40_000).map(id).collect()).await.unwrap();
    assert_eq!(found.len(), 3000);
    assert!(found.keys().all(|id| number(id).is_multiple_of(2) && number(id) < 6000));
}

async fn what_was_handled_is_replaced_and_kept_apart_by_side(place: impl Place) {
    let worker = begin(&place, "sync-ab").await;
    let put = |side, issue, status| Change::PutHandled(side, issue, handled(status));
    let (first, other) = (put(Side::User, user(1), "Open"), put(Side::Dev, dev(1), "Closed"));
    worker.write(vec![first, other, put(Side::User, user(1), "Will Do")]).await.unwrap();
    for (side, status) in [(Side::User, "Will Do"), (Side::Dev, "Closed")] {
        let expected = BTreeMap::from([(id(1), handled(status))]);
        assert_eq!(handled_of(&*worker.backend, side, vec![id(1)]).await.unwrap(), expected);
    }
}

async fn the_newest_issues_have_the_largest_numbers(place: impl Place) {
    let worker = begin(&place, "sync-ab").await;
    let put = |n| Change::PutHandled(Side::User, user(n), handled("Open"));
    let newest = async |side| worker.read().newest_issues(side).await.unwrap();
    worker.write(vec![put(99), put(100), put(98)]).await.unwrap();
    assert_eq!(newest(Side::User).await, [user(100), user(99), user(98)]);
    assert_eq!(newest(Side::Dev).await, []);

    worker.write(vec![Change::PutPair(pair(1000, 3))]).await.unwrap();
    assert_eq!(newest(Side::User).await[..2], [user(1000), user(100)]);
    assert_eq!(newest(Side::Dev).await, [dev(3)]);

    let largest = u64::MAX / 2 + 7;
    worker.write(vec![put(largest)]).await.unwrap();
    assert_eq!(newest(Side::User).await[0], user(largest));
}

async fn failures_stand_in_order_of_their_next_try(place: impl Place) {
    let worker = begin(&place, "sync-ab").await;
    let failures = [
        failure(Side::User, 1, 1, "2024-01-01T00:00:02Z"),
        failure(Side::Dev, 1, 1, "2024-01-01T00:00:01.500Z"),
        failure(Side::User, 2, 1, "2024-01-01T00:00:01Z"),
    ];
    worker.write(failures.clone().map(Change::PutFailure).into()).await.unwrap();
    let [last, middle, first] = failures;
    assert_eq!(worker.read().failures(u32::MAX).await.unwrap(), [first, middle.clone(), last.clone()]);

    let again = failure(Side::User, 2, 2, "2024-01-01T00:00:03Z");
    worker.write(vec![Change::PutFailure(again.clone())]).await.unwrap();
    assert_eq!(worker.read().failures(u32::MAX).await.unwrap(), [middle.clone(), last, again.clone()]);

    let clear = Change::ClearFailure(Side::User, id(1));
    worker.write(vec![clear.clone(), clear]).await.unwrap();
    assert_eq!(worker.read().failures(u32::MAX).await.unwrap(), [middle, again]);
}

async fn due_failures_come_by_time_then_side_then_issue_and_page_by_page(place: impl Place) {
    let worker = begin(&place, "sync-ab").await;
    let of = |side, n, second: u32| failure(side, n, 1, &format!("2024-01-01T00:00:{second:02}Z"));
    let in_order = [
        of(Side::User, 7, 1),
        of(Side::Dev, 10, 2),
        // Ids and sides in the order of texts.
        of(Side::Dev, 9, 2),
        of(Side::User, 1, 2),
        of(Side::User, 2, 3),
    ];
    let later = of(Side::User, 3, 4);
    worker.write(in_order.iter().rev().chain([&later]).cloned().map(Change::PutFailure).collect()).await.unwrap();
    let due = Due { now: in_order[4].next_try, latest: vec![in_order[4].next_try + Duration::from_secs(60)] };
    let read = walked(async |last: Option<&Failure>| worker.read().due_failures(&due, last, 3).await.unwrap());
    assert_eq!(read.await, in_order);
    assert_eq!(worker.read().due_failures(&due, None, 0).await.unwrap(), []);
}

async fn failures_put_off_too_far_are_due_after_all_others(place: impl Place) {
    let worker = begin(&place, "sync-ab").await;
    let of = |n, attempts, minute: u32| failure(Side::User, n, attempts, &format!("2024-01-01T00:{minute:02}:00Z"));
    let (due, waits, too_far) =
        (of(1, 1, 0), [of(2, 1, 1), of(3, 2, 2), of(4, 7, 3)], [of(5, 1, 2), of(6, 2, 3), of(7, 8, 4)]);
    let all = waits.iter().chain(&too_far).chain([&due]).cloned();
    worker.write(all.map(Change::PutFailure).collect()).await.unwrap();
    let latest = [0, 1, 2, 3].map(|minutes| due.next_try + Duration::from_secs(60 * minutes)).to_vec();
    let asked = Due { now: due.next_try, latest };
    let read = walked(async |last: Option<&Failure>| worker.read().due_failures(&asked, last, 2).await.unwrap()).await;
    assert_eq!(read, [&[due][..], &too_far].concat());
}

async fn the_failures_of_some_issues_come_with_those_of_dev_issues_never_read(place: impl Place) {
    let worker = begin(&place, "sync-ab").await;
    // After two attempts there is a time from which on the past of the issue is unknown.
    let of = |side, n, attempts| failure(side, n, attempts, "2024-01-01T00:00:00Z");
    let (asked, unseen) = ([of(Side::Dev, 1, 1), of(Side::User, 1, 2)], of(Side::Dev, 7, 2));
    let others = [of(Side::User, 2, 2), of(Side::Dev, 3, 1), of(Side::User, 3, 1)];
    let all = asked.iter().chain(&others).chain([&unseen]).cloned();
    worker.write(all.map(Change::PutFailure).collect()).await.unwrap();
    let both = Side::BOTH.into_iter().flat_map(|side| on(side, vec![id(1), id(9)])).collect();
    let [first, second] = asked;
    assert_eq!(worker.read().failures_about(both).await.unwrap(), [first, unseen.clone(), second]);
    assert_eq!(worker.read().failures_about(on(Side::Dev, vec![id(7)])).await.unwrap(), [unseen]);
}

async fn each_table_is_counted(place: impl Place) {
    let worker = begin(&place, "sync-ab").await;
    assert_eq!(worker.read().count::<Failure>().await.unwrap(), 0);
    let failures = (1..=3).map(|n| Change::PutFailure(failure(Side::User, n, 1, "2024-01-01T00:00:00Z")));
    let handled = Side::BOTH.map(|side| Change::PutHandled(side, user(1), handled("Open")));
    let others = [Change::PutPair(pair(1, 21)), Change::AddIntent(intent("i-1", IntentKind::Create, 1))];
    worker.write(failures.chain(handled).chain(others).collect()).await.unwrap();
    assert_eq!(worker.read().count::<Failure>().await.unwrap(), 3);
    assert_eq!(worker.read().count::<HandledIssue>().await.unwrap(), 2);
    assert_eq!(worker.read().count::<Pair>().await.unwrap(), 1);
    assert_eq!(worker.read().count::<Intent>().await.unwrap(), 1);
}

async fn intents_are_found_by_the_issue_they_come_from(place: impl Place) {
    let worker = begin(&place, "sync-ab").await;
    let from_dev = Intent { source: Side::Dev, dev: Some(dev(1)), ..intent("i-3", IntentKind::Mirror, 9) };
    let from_user = [intent("i-1", IntentKind::Create, 1), intent("i-2", IntentKind::Link, 1)];
    let other = intent("i-4", IntentKind::Create, 2);
    let all = from_user.iter().chain([&from_dev, &other]).cloned();
    worker.write(all.map(Change::AddIntent).collect()).await.unwrap();
    let found = async |side| worker.read().get::<Intent>(on(side, vec![id(1)])).await.unwrap();
    assert_eq!(found(Side::User).await, from_user);
    assert_eq!(found(Side::Dev).await, [from_dev]);
}

async fn two_flows_never_see_each_other(place: impl Place) {
    let (ab, cd) = (begin(&place, "sync-ab").await, begin(&place, "sync-cd").await);
    let later = begin(&place, "sync-cd").await;
    assert!(later.epoch > cd.epoch);
    let everything = |user_id| {
        vec![
            Change::PutState(State { initial_sync_completed: Some(true), ..State::default() }),
            Change::PutPair(pair(user_id, 21)),
            Change::PutHandled(Side::User, user(user_id), handled("Open")),
            Change::AddIntent(intent("i-1", IntentKind::Create, 1)),
            Change::PutFailure(failure(Side::User, 1, 1, "2024-01-01T00:00:00Z")),
        ]
    };
    // The other flow's later epoch, pair, intent and revision are none of this one's business.
    ab.write(everything(1)).await.unwrap();
    assert_eq!(later.read().state().await.unwrap(), State::default());
    later.write(everything(2)).await.unwrap();
    assert_eq!(ab.read().get::<Pair>(on(Side::Dev, vec![id(21)])).await.unwrap(), [pair(1, 21)]);
    assert_eq!(ab.read().newest_issues(Side::User).await.unwrap(), [user(1)]);
    assert_eq!(ab.read().open_intents(u32::MAX).await.unwrap().len(), 1);
    assert_eq!(ab.read().failures(u32::MAX).await.unwrap().len(), 1);
}

async fn a_store_that_rested_goes_on(place: impl Place) {
    let worker = begin(&place, "sync-ab").await;
    worker.write(vec![Change::PutPair(pair(1, 21))]).await.unwrap();
    worker.backend.rest().await;
    worker.backend.rest().await;
    worker.write(vec![Change::PutPair(pair(2, 22))]).await.unwrap();
    let found = worker.read().get::<Pair>(on(Side::User, vec![id(1), id(2)])).await.unwrap();
    assert_eq!(found, [pair(1, 21), pair(2, 22)]);
}

async fn a_store_that_was_closed_goes_on(place: impl Place) {
    let worker = begin(&place, "sync-ab").await;
    worker.write(vec![Change::PutPair(pair(1, 21))]).await.unwrap();
    worker.backend.rest().await;
    worker.backend.close().await;
    worker.backend.close().await;
    worker.write(vec![Change::PutPair(pair(2, 22))]).await.unwrap();
    assert_eq!(
        worker.read().get::<Pair>(on(Side::User, vec![id(1), id(2)])).await.unwrap(),
        [pair(1, 21), pair(2, 22)]
    );
}

async fn how_far_the_patrol_came_is_kept(mut place: impl Place) {
    let mut worker = begin(&place, "sync-ab").await;
    let begun = Some("2024-05-01T10:00:00.250Z".parse().unwrap());
    for patrol in [Patrol { begun, after: Some(id(10_000)) }, Patrol { begun, after: None }, Patrol::default()] {
        let read = worker.read().state().await.unwrap();
        worker.write(vec![Change::PutState(State { patrol: patrol.clone(), ..read })]).await.unwrap();
        worker = restart(&mut place, worker).await;
        assert_eq!(worker.read().state().await.unwrap().patrol, patrol);
    }
}

async fn the_projects_that_a_flow_served_are_kept(mut place: impl Place) {
    let mut worker = begin(&place, "sync-ab").await;
    for served in [None, Some(served()), Some(served().all_read()), None] {
        let read = worker.read().state().await.unwrap();
        worker.write(vec![Change::PutState(State { served: served.clone(), ..read })]).await.unwrap();
        worker = restart(&mut place, worker).await;
        assert_eq!(worker.read().state().await.unwrap().served, served);
    }
}

async fn calls_made_at_once_all_happen(place: impl Place) {
    let worker = begin(&place, "sync-ab").await;
    let writes = (1..=40).map(|n| worker.write(vec![Change::PutPair(pair(n, n))]));
    let rests = (1..=4).map(|_| worker.backend.rest().map(Ok).boxed());
    try_join_all(writes.chain(rests)).await.unwrap();
    assert_eq!(worker.read().get::<Pair>(on(Side::User, (1..=40).map(id).collect())).await.unwrap().len(), 40);
}

async fn a_call_whose_caller_is_gone_is_waited_for(place: impl Place) {
    let worker = begin(&place, "sync-ab").await;
    let many = (0..2000).map(|n| Change::PutHandled(Side::User, user(n), handled("Open"))).collect();
    let mut call = worker.write(many);
    let _ = poll!(&mut call);
    drop(call);
    worker.backend.drained().await;
    assert_eq!(worker.read().newest_issues(Side::User).await.unwrap()[0], user(1999));
}

// The machinery.

/// A worker's database, for reading.
pub(super) fn reading(database: &dyn Write) -> &dyn Read {
    database
}

/// Issues of one side, as keys.
pub(super) fn on(side: Side, ids: Vec<IssueId>) -> Vec<(Side, IssueId)> {
    ids.into_iter().map(|id| (side, id)).collect()
}

/// What was handled of these issues.
pub(super) async fn handled_of(
    database: &dyn Write,
    side: Side,
    ids: Vec<IssueId>,
) -> Result<BTreeMap<IssueId, Handled>, Error> {
    let found = reading(database).get::<HandledIssue>(on(side, ids)).await?;
    Ok(found.into_iter().map(|found| (found.id, found.was)).collect())
}

/// What a worker holds of its store.
struct Worker {
    flow: String,
    backend: Arc<dyn Write>,
    epoch: Epoch,
}

impl Worker {
    fn read(&self) -> &dyn Read {
        reading(&*self.backend)
    }

    fn write(&self, batch: Vec<Change>) -> BoxFuture<'_, Result<(), Error>> {
        self.backend.write(self.epoch, batch)
    }

    async fn open_ids(&self) -> Vec<String> {
        self.read().open_intents(u32::MAX).await.unwrap().iter().map(|intent| intent.id.to_string()).collect()
    }
}

async fn begin(place: &impl Place, name: &str) -> Worker {
    let backend = place.open(&flow(name));
    let epoch = backend.begin().await.unwrap();
    Worker { flow: name.to_owned(), backend, epoch }
}

async fn restart(place: &mut impl Place, worker: Worker) -> Worker {
    worker.backend.drained().await;
    let flow = worker.flow.clone();
    drop(worker);
    place.restart();
    begin(place, &flow).await
}

pub(super) struct SqlitePlace {
    folder: tempfile::TempDir,
    executor: Executor,
    durability: Durability,
    opener: Option<Stores>,
}

impl SqlitePlace {
    pub(super) fn new(executor: Executor, durability: Durability) -> Self {
        let mut place = Self { folder: tempfile::tempdir().unwrap(), executor, durability, opener: None };
        place.restart();
        place
    }
}

impl Place for SqlitePlace {
    fn open(&self, flow: &Flow) -> Arc<dyn Write> {
        self.opener.as_ref().unwrap().open(flow)
    }

    fn read(&self, flow: &Flow) -> Arc<dyn Read> {
        self.opener.as_ref().unwrap().read(flow)
    }

    fn lose_pair(&self, flow: &Flow, user: &IssueId) {
        let file = self.folder.path().join(format!("{}.sqlite", flow.database.name));
        let plain = rusqlite::Connection::open(file).unwrap();
        assert_eq!(plain.execute("DELETE FROM jira_mapping WHERE user_issue_id = ?", [user.as_str()]), Ok(1));
    }

    fn is_atomic(&self) -> bool {
        true
    }

    fn restart(&mut self) {
        self.opener = None;
        let folder = StoreUrl::Sqlite(self.folder.path().to_owned());
        let clock = Clock::simulated(start());
        let manner = Manner { executor: self.executor, durability: self.durability, driver: Driver::here() };
        self.opener = Some(Stores::new(folder, manner, process(), clock).unwrap());
    }
}

/// A start of a program.
pub(super) fn process() -> Process {
    Process { id: Entropy::system().unwrap().id(start()), host: "a-test".to_owned(), pid: 4711 }
}

/// The wall clock of a place that just began.
pub(super) fn start() -> DateTime<Utc> {
    "2024-06-01T12:00:00Z".parse().unwrap()
}

/// A flow that is nothing but its name.
pub(super) fn flow(name: &str) -> Flow {
    Flow {
        name: name.parse().unwrap(),
        description: String::new(),
        jira: JiraAccess {
            base: "https://a.example.net".parse().unwrap(),
            former: Vec::new(),
            credentials: Credentials::Bearer { token: Secret::new("token".to_owned()) },
            deployment: Deployment::Auto,
            authority: None,
        },
        user_project: "USER-A".parse().unwrap(),
        dev_project: "DEV-A".parse().unwrap(),
        interval: Duration::from_secs(300),
        initial_sync: true,
        index_lag: Duration::from_secs(300),
        issue_types: IssueTypes { map: vec![], default: TypeName::new("Bug").unwrap() },
        field_map: vec![],
        database: Database::of(&name.parse().unwrap()),
        rules: Rules {
            in_order: vec![],
            fallback: Fallback::Ignore,
            intermediate: vec![],
            on_conflict: OnConflict::Latest,
            resolution: None,
            replied_field: None,
        },
    }
}

pub(super) fn at(text: &str) -> JiraTime {
    text.parse().unwrap()
}

pub(super) fn id(number: u64) -> IssueId {
    number.to_string().parse().unwrap()
}

pub(super) fn user(number: u64) -> IssueRef {
    IssueRef { id: id(number), key: format!("USER-A-{number}").parse().unwrap() }
}

pub(super) fn dev(number: u64) -> IssueRef {
    IssueRef { id: id(number), key: format!("DEV-A-{number}").parse().unwrap() }
}

pub(super) fn pair(user_number: u64, dev_number: u64) -> Pair {
    Pair { user: user(user_number), dev: dev(dev_number), origin: Origin::Created, state: PairState::Active }
}

/// A user issue whose dev issue is missing.
/// Searches that were not shown everything.
pub(super) fn shortfalls() -> Shortfalls {
    let of = |missing, reached| Shortfall { shown: 101, missing, reached, since: at("2024-03-01T00:00:00Z"), times: 3 };
    let walks = [
        (WalkKind::Full(Side::Dev), of(Some(29), Some(at("2024-04-01T00:00:00.999Z")))),
        (WalkKind::Changes, of(None, None)),
    ];
    Shortfalls { walks: walks.into(), full_sync_ended: Some("2024-05-01T10:00:00.042Z".parse().unwrap()) }
}

pub(super) fn missing(user_number: u64, dev: &str) -> MissingDev {
    MissingDev { user: user(user_number), dev: dev.parse().unwrap() }
}

/// Two projects, of which one is still to be read and the other was known by another key.
pub(super) fn served() -> Served {
    let project = |id: &str, written: &str, keys: &[&str], extent| ServedProject {
        id: id.parse().unwrap(),
        written: written.parse().unwrap(),
        keys: keys.iter().map(|key| key.parse().unwrap()).collect(),
        extent,
    };
    let since = at("2024-03-01T00:00:00.250Z");
    Served {
        site: "https://a.example.net".parse().unwrap(),
        since,
        user: project("10000", "USER-A", &["USER-A", "URX"], Extent::From(since)),
        dev: project("10001", "DEV-A", &["DEV-A"], Extent::Owed(since)),
    }
}

fn status(name: &str) -> Status {
    Status { id: "10100".parse().unwrap(), name: StatusName::new(name) }
}

pub(super) fn handled(name: &str) -> Handled {
    Handled { status: status(name), updated: at("2024-01-01T08:30:00.042Z") }
}

pub(super) fn failure(side: Side, number: u64, attempts: u32, next_try: &str) -> Failure {
    let issue = match side {
        Side::User => user(number),
        Side::Dev => dev(number),
    };
    Failure {
        side,
        issue,
        attempts,
        next_try: next_try.parse().unwrap(),
        why: "jira said 500".to_owned(),
        seen: Some(at("2024-01-01T00:00:00Z")),
        unseen_since: (attempts == 2).then(|| at("2023-01-01T00:00:00Z")),
    }
}

pub(super) fn intent(name: &str, kind: IntentKind, user_number: u64) -> Intent {
    Intent {
        id: name.parse().unwrap(),
        kind,
        rule: Some("user-will-do".parse().unwrap()),
        source: Side::User,
        user: user(user_number),
        dev: None,
        steps: vec![Step::Create(CreateIssue { cross_link: true })],
        state: IntentState::FIRST,
        begun: at("2024-01-01T00:00:00.001Z"),
        settles_user: None,
        settles_dev: None,
    }
}

/// The same for another user issue, under an id of its own.
fn on_issue(intent: &Intent, number: u64) -> Intent {
    Intent { id: format!("i-{number}").parse().unwrap(), user: user(number), ..intent.clone() }
}

fn link(cross_link: bool, comment: Option<&str>) -> Step {
    Step::Link(LinkIssues { cross_link, comment: comment.map(|text| Template::parse(text).unwrap()), owed: None })
}

fn owed_link(locked_in: Option<&str>) -> Step {
    let locked_in = locked_in.map(|status| status.parse().unwrap());
    let owed = Some(OwedLink { created_by: "i-0".parse().unwrap(), locked_in });
    Step::Link(LinkIssues { cross_link: true, comment: None, owed })
}

fn transition(side: Side) -> Step {
    Step::Transition(Transition { side, from: status("In Progress"), to: StatusName::new("Closed"), resolution: None })
}

fn closing_as(resolution: &str) -> Step {
    let resolution = Resolution::new(resolution).map(WantedResolution::OfRule);
    let to = StatusName::new("Closed");
    Step::Transition(Transition { side: Side::User, from: status("In Progress"), to, resolution })
}

pub(super) fn attach(filename: &str, author: Option<&str>) -> Step {
    let file = Attachment {
        id: "70001".parse().unwrap(),
        filename: filename.to_owned(),
        size: u64::from(u32::MAX) + 1,
        mime: "image/png".to_owned(),
        author: author.map(|author| author.parse().unwrap()),
        created: at("2024-01-01T00:00:00.007Z"),
        content: "https://a.example.net/rest/api/3/attachment/content/70001".to_owned(),
    };
    Step::Attach(CopyAttachment { file, before: ["80001", "80002"].map(|id| id.parse().unwrap()).into() })
}

fn field(name: &str) -> FieldName {
    FieldName::new(name).unwrap()
}

fn attaching(user_number: u64) -> Intent {
    intent(&format!("i-{user_number}"), IntentKind::Attach, user_number)
}

fn restoring(user_number: u64) -> Intent {
    intent(&format!("i-{user_number}"), IntentKind::Restore, user_number)
}

fn linking(user_number: u64) -> Intent {
    intent(&format!("i-{user_number}"), IntentKind::Link, user_number)
}

pub(super) fn comment(text: &str) -> Step {
    Step::Comment(Comment { text: Template::parse(text).unwrap() })
}

fn number(id: &IssueId) -> u64 {
    id.as_str().parse().unwrap()
}
