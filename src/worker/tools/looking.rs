//! Looking into flows' data, worker or no worker.

use std::time::Duration;

use futures::future::BoxFuture;

use super::Tools;
use crate::clock::Clock;
use crate::flow::{Flow, HistoryQuery};
use crate::store::{self, Error, Failure, Read, State};
use crate::worker::archive::{Archive, Failing, FullSync, HistoryPage, Listed, Patrol, Progress, Survey, Unread};

/// The longest that an answer may take: a survey asks several questions, each of which may have to wait.
const PATIENCE: Duration = Duration::from_secs(10);

impl Archive for Tools {
    fn survey(&self, flow: &Flow, most: u32) -> BoxFuture<'static, Result<Survey, Unread>> {
        let (reader, clock) = (self.opener.read(flow), self.clock.clone());
        Box::pin(async move { in_time(&clock, survey(&*reader, most)).await })
    }

    fn history(&self, flow: &Flow, query: HistoryQuery) -> BoxFuture<'static, Result<HistoryPage, Unread>> {
        let (reader, clock) = (self.opener.read(flow), self.clock.clone());
        Box::pin(async move { in_time(&clock, page(&*reader, query)).await })
    }
}

async fn in_time<T>(clock: &Clock, answer: impl Future<Output = Result<T, Error>>) -> Result<T, Unread> {
    tokio::select! {
        biased;
        answer = answer => answer.map_err(|error| Unread { why: error.to_string() }),
        () = clock.sleep(PATIENCE) => Err(Unread { why: late() }),
    }
}

fn late() -> String {
    format!("the store gave no answer within {} s; ask again later", PATIENCE.as_secs())
}

/// One more of each list is asked for, to know whether there are more.
async fn survey(reader: &dyn Read, most: u32) -> Result<Survey, Error> {
    let asked = most.saturating_add(1);
    let failures = |failures: Vec<Failure>| failures.into_iter().map(Failing::from).collect();
    Ok(Survey {
        progress: reader.state().await?.into(),
        intents: Listed::of(reader.open_intents(asked).await?, most),
        failures: Listed::of(failures(reader.failures(asked).await?), most),
        pairs: Listed::of(reader.troubled_pairs(asked).await?, most),
        missing: Listed::of(reader.page(None, asked).await?, most),
    })
}

async fn page(reader: &dyn Read, query: HistoryQuery) -> Result<HistoryPage, Error> {
    let most = query.most;
    let asked = HistoryQuery { most: most.saturating_add(1), ..query };
    let Listed { first: lines, more } = Listed::of(reader.history(asked).await?, most);
    let next = lines.last().filter(|_| more).map(|line| line.number);
    Ok(HistoryPage { lines, next })
}

impl<T> Listed<T> {
    fn of(mut found: Vec<T>, most: u32) -> Self {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let more = found.len() > most;
        found.truncate(most);
        Self { first: found, more }
    }
}

impl From<State> for Progress {
    fn from(state: State) -> Self {
        let full_sync = match (state.initial_sync_completed, state.cursor) {
            (Some(true), _) => FullSync::Completed,
            (Some(false) | None, Some(cursor)) => FullSync::UnderWay { side: cursor.side, done: cursor.done },
            (Some(false) | None, None) if state.shortfalls.full_sync_ended.is_some() => FullSync::Incomplete,
            (Some(false) | None, None) => FullSync::NotBegun,
        };
        let store::Patrol { begun, after } = state.patrol;
        let patrol = begun.map(|begun| Patrol { begun, under_way: after.is_some() });
        Self { last_sync: state.last_sync, full_sync, patrol }
    }
}

impl From<Failure> for Failing {
    fn from(failure: Failure) -> Self {
        let Failure { side, issue, attempts, next_try, why, seen: _, unseen_since: _ } = failure;
        Self { side, issue, attempts, next_try, why }
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::flow::{IssueId, Side};
    use crate::store::Cursor;

    #[tokio::test(start_paused = true)]
    async fn a_store_that_does_not_answer_is_not_waited_for_longer_than_people_wait() {
        let clock = Clock::simulated(DateTime::UNIX_EPOCH);
        let asked = clock.now();
        let unread = in_time(&clock, std::future::pending::<Result<(), Error>>()).await.unwrap_err();
        assert_eq!(unread.why, "the store gave no answer within 10 s; ask again later");
        assert_eq!(clock.now() - asked, PATIENCE);
    }

    #[test]
    fn a_list_says_when_there_are_more() {
        let of = |found: &[u8], most| Listed::of(found.to_vec(), most);
        assert_eq!(of(&[1, 2, 3], 2), Listed { first: vec![1, 2], more: true });
        assert_eq!(of(&[1, 2], 2), Listed { first: vec![1, 2], more: false });
        assert_eq!(of(&[], 2), Listed { first: vec![], more: false });
    }

    #[test]
    fn a_full_sync_is_told_by_how_far_it_has_come() {
        let cursor = Cursor { side: Side::Dev, created: None, ids_at: Vec::new(), done: 7 };
        let told = |completed, cursor| {
            let state = State { initial_sync_completed: completed, cursor, ..State::default() };
            Progress::from(state).full_sync
        };
        assert_eq!(told(None, None), FullSync::NotBegun);
        assert_eq!(told(Some(false), Some(cursor.clone())), FullSync::UnderWay { side: Side::Dev, done: 7 });
        assert_eq!(told(Some(true), None), FullSync::Completed);
    }

    #[test]
    fn a_patrol_that_was_left_half_way_is_under_way() {
        let begun = Some("2024-06-01T12:00:00Z".parse().unwrap());
        let told = |begun, after: Option<IssueId>| {
            let patrol = store::Patrol { begun, after };
            Progress::from(State { patrol, ..State::default() }).patrol.map(|patrol| patrol.under_way)
        };
        assert_eq!(told(None, None), None);
        assert_eq!(told(begun, None), Some(false));
        assert_eq!(told(begun, Some("7".parse().unwrap())), Some(true));
    }
}
