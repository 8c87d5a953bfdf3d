//! Reading a flow's database from outside its worker.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use mongodb::Database;

use super::base::Base;
use super::driver::Lane;
use super::read;
use super::trouble::Trouble;
use crate::flow::FlowName;
use crate::store::read::Unusable;
use crate::store::read_limit::{ReadLimit, ReadPermit};
use crate::store::records::{Row, Select, Table};
use crate::store::{Error, Read};

/// The longest that one question may take: its caller is gone by then.
const LIMIT: Duration = Duration::from_secs(6);

/// Asks the database and makes nothing.
pub(super) struct Look {
    base: Base,
    lane: Lane,
    limit: ReadLimit,
}

impl Look {
    pub(super) fn new(base: Base, lane: Lane, limit: ReadLimit) -> Self {
        Self { base, lane, limit }
    }

    fn ask<T, A, F>(&self, ask: A) -> BoxFuture<'_, Result<T, Error>>
    where
        T: Send + 'static,
        A: FnOnce(Database) -> F + Send + 'static,
        F: Future<Output = Result<T, Trouble>> + Send + 'static,
    {
        let (base, lane) = (self.base.clone(), self.lane.clone());
        let question = move |permit| async move {
            let asked = base.clone();
            let answer = lane.run(LIMIT, async move {
                let _permit: ReadPermit = permit;
                let database = asked.database().await?;
                asked.refuse_foreign(&database).await?;
                // Says so if there is nothing.
                asked.state(&database).await?;
                ask(database).await
            });
            base.told(answer.await)
        };
        let server = Arc::clone(&self.base.server);
        self.limit.visit(self.base.place(), question, move || server.in_the_way()).boxed()
    }
}

impl Read for Look {
    fn flow(&self) -> &FlowName {
        &self.base.flow
    }

    fn rows(&self, select: Select) -> BoxFuture<'_, Result<Vec<Row>, Error>> {
        self.ask(move |database| async move { read::rows(&database, select).await })
    }

    fn count_rows(&self, table: &'static Table) -> BoxFuture<'_, Result<u64, Error>> {
        self.ask(move |database| async move { read::count(&database, table).await })
    }

    fn unusable(&self, why: Unusable) -> Error {
        self.base.unusable(why)
    }
}
