//! What a question costs: it reads what it is about, however much there is.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::store::read::Unusable;
use crate::store::records::{Row, Select, Table};

const MANY: u64 = 10_000;

/// A database whose rows are counted as they are read.
struct Counted<'a> {
    database: &'a dyn Read,
    rows: AtomicUsize,
}

impl Counted<'_> {
    /// How many rows were read since the last look.
    fn read(&self) -> usize {
        self.rows.swap(0, Ordering::Relaxed)
    }
}

impl Read for Counted<'_> {
    fn flow(&self) -> &crate::flow::FlowName {
        self.database.flow()
    }

    fn rows(&self, select: Select) -> BoxFuture<'_, Result<Vec<Row>, Error>> {
        async {
            let rows = self.database.rows(select).await?;
            self.rows.fetch_add(rows.len(), Ordering::Relaxed);
            Ok(rows)
        }
        .boxed()
    }

    fn count_rows(&self, table: &'static Table) -> BoxFuture<'_, Result<u64, Error>> {
        self.database.count_rows(table)
    }

    fn unusable(&self, why: Unusable) -> Error {
        self.database.unusable(why)
    }
}

pub(super) async fn a_page_reads_only_what_concerns_it_among_ten_thousand_failures(place: impl Place) {
    let worker = begin(&place, "sync-ab").await;
    let put = |n| Change::PutFailure(failure(Side::User, n, 1, "2024-01-01T00:01:00Z"));
    worker.write((1..=MANY).map(put).collect()).await.unwrap();
    worker.write(vec![Change::PutFailure(failure(Side::User, 77, 1, "2024-01-01T00:00:00Z"))]).await.unwrap();
    let counted = Counted { database: worker.read(), rows: AtomicUsize::new(0) };
    let database: &dyn Read = &counted;

    let page = Side::BOTH.into_iter().flat_map(|side| on(side, (MANY - 49..MANY + 51).map(id).collect()));
    assert_eq!(database.failures_about(page.collect()).await.unwrap().len(), 50);
    assert_eq!(counted.read(), 50);
    let now: DateTime<Utc> = "2024-01-01T00:00:30Z".parse().unwrap();
    let due = Due { now, latest: vec![now + Duration::from_secs(60); 2] };
    assert_eq!(database.due_failures(&due, None, 100).await.unwrap().len(), 1);
    assert_eq!(counted.read(), 1);
    assert_eq!(database.count::<Failure>().await.unwrap(), MANY);
    assert_eq!(counted.read(), 0);
}
