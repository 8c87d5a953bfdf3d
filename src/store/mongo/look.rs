//! Looking into a flow's database from outside its worker.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use mongodb::Database;

use super::base::Base;
use super::driver::Lane;
use super::read;
use super::trouble::Trouble;
use crate::flow::{AttachmentId, Copied, HistoryQuery, Intent, IssueId, MissingDev, Pair, Side, Told};
use crate::store::reader::{Reader, Room, Seat};
use crate::store::{Error, Failure, HandledIssue, State};

/// The longest that one question may take: whoever looks is gone by then.
const LIMIT: Duration = Duration::from_secs(6);

/// Asks the database and makes nothing.
pub(super) struct Look {
    base: Base,
    lane: Lane,
    room: Room,
}

impl Look {
    pub(super) fn new(base: Base, lane: Lane, room: Room) -> Self {
        Self { base, lane, room }
    }

    fn ask<T, A, F>(&self, ask: A) -> BoxFuture<'_, Result<T, Error>>
    where
        T: Send + 'static,
        A: FnOnce(Base, Database) -> F + Send + 'static,
        F: Future<Output = Result<T, Trouble>> + Send + 'static,
    {
        let (base, lane) = (self.base.clone(), self.lane.clone());
        let question = move |seat| async move {
            let asked = base.clone();
            let answer = lane.run(LIMIT, async move {
                let _seat: Seat = seat;
                let database = asked.database().await?;
                asked.refuse_foreign(&database).await?;
                // Says so if there is nothing.
                asked.state(&database).await?;
                ask(asked, database).await
            });
            base.told(answer.await)
        };
        let server = Arc::clone(&self.base.server);
        self.room.visit(self.base.place(), question, move || server.in_the_way()).boxed()
    }
}

impl Reader for Look {
    fn state(&self) -> BoxFuture<'_, Result<State, Error>> {
        self.ask(|base, database| async move { read::state(&base, &database).await })
    }

    fn open_intents(&self, most: u32) -> BoxFuture<'_, Result<Vec<Intent>, Error>> {
        self.ask(move |_, database| async move { read::open_intents(&database, Some(most)).await })
    }

    fn failures(&self, most: u32) -> BoxFuture<'_, Result<Vec<Failure>, Error>> {
        self.ask(move |_, database| async move { read::failures(&database, Some(most)).await })
    }

    fn troubled_pairs(&self, most: u32) -> BoxFuture<'_, Result<Vec<Pair>, Error>> {
        self.ask(move |_, database| async move { read::troubled_pairs(&database, most).await })
    }

    fn missing_after(&self, after: Option<IssueId>, most: u32) -> BoxFuture<'_, Result<Vec<MissingDev>, Error>> {
        self.ask(move |_, database| async move { read::missing_after(&database, after.as_ref(), most).await })
    }

    fn history(&self, query: HistoryQuery) -> BoxFuture<'_, Result<Vec<Told>, Error>> {
        self.ask(move |_, database| async move { read::history(&database, &query).await })
    }

    fn failures_after(&self, after: Option<(Side, IssueId)>, most: u32) -> BoxFuture<'_, Result<Vec<Failure>, Error>> {
        self.ask(move |_, database| async move { read::failures_after(&database, after.as_ref(), most).await })
    }

    fn pairs_after(&self, after: Option<IssueId>, most: u32) -> BoxFuture<'_, Result<Vec<Pair>, Error>> {
        self.ask(move |_, database| async move { read::pairs_after(&database, after.as_ref(), most).await })
    }

    fn handled_after(
        &self,
        side: Side,
        after: Option<IssueId>,
        most: u32,
    ) -> BoxFuture<'_, Result<Vec<HandledIssue>, Error>> {
        self.ask(move |_, database| async move { read::handled_after(&database, side, after.as_ref(), most).await })
    }

    fn ledger_after(&self, after: Option<AttachmentId>, most: u32) -> BoxFuture<'_, Result<Vec<Copied>, Error>> {
        self.ask(move |_, database| async move { read::ledger_after(&database, after.as_ref(), most).await })
    }

    fn damaged(&self, what: String) -> Error {
        self.base.damaged(&what)
    }
}
