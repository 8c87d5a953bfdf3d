//! What is MongoDB's own; what every store promises is in the contract.

use chrono::{DateTime, Utc};
use mongodb::bson::{Document, doc};

use super::layout::HISTORY;
use super::*;
use crate::flow::{Copied, Intent, IntentKind, IssueRef, MissingDev, Pair, PairState, Side, Watermark};
use crate::store::contract::history::{copied, entry, query};
use crate::store::contract::{
    MongoPlace, at, dev, failure, flow, handled, handled_of, id, intent, missing, on, pair, reading, start, user,
};
use crate::store::{Due, Failure, HandledIssue, State};

mod causes;
mod late;
mod legacy;
mod messages;
mod owners;
mod strangers;

#[tokio::test]
async fn every_question_finds_an_index() {
    let house = House::new();
    house.process().begin().await.unwrap();
    for select in every_question().await {
        let (is_history, asked) = (select.table.name == HISTORY, command(select));
        let plan = house.explained(&asked, "queryPlanner");
        let plan = plan.get_document("winningPlan").unwrap().to_string();
        let (found, sorted) = (plan.contains("IXSCAN"), !plan.contains("\"SORT\"") || is_history);
        assert!(found && sorted, "{asked}: {plan}");
    }
    let counted = doc! { "count": "jira_mapping", "query": layout::known("user_issue_id") };
    let plan = house.explained(&counted, "queryPlanner").to_string();
    assert!(plan.contains("COUNT_SCAN") || plan.contains("IXSCAN"), "{plan}");
}

/// All questions but those about keys, which look through history.
async fn every_question() -> Vec<Select> {
    let recorder = Recorder { flow: flow("sync-ab").name, asked: Mutex::default() };
    let reader: &dyn Read = &recorder;
    let ids = || Side::BOTH.map(|side| (side, id(1))).to_vec();
    let _ = reader.get::<Pair>(ids()).await;
    let _ = reader.get::<HandledIssue>(ids()).await;
    let _ = reader.get::<MissingDev>(ids()).await;
    let _ = reader.get::<Copied>(ids()).await;
    let _ = reader.get::<Intent>(ids()).await;
    let _ = reader.failures_about(ids()).await;
    let _ = reader.page::<Pair>(Some(id(1)), 9).await;
    let _ = reader.page::<HandledIssue>(Some((Side::User, id(1))), 9).await;
    let _ = reader.page::<MissingDev>(Some(id(1)), 9).await;
    let _ = reader.page::<Copied>(Some("1".parse().unwrap()), 9).await;
    let _ = reader.page::<Failure>(Some((Side::Dev, id(1))), 9).await;
    let _ = reader.failures(9).await;
    let due = Due { now: start(), latest: vec![start(); 9] };
    let _ = reader.due_failures(&due, None, 9).await;
    let _ = reader.due_failures(&due, Some(&failure(Side::Dev, 1, 1, "2024-01-01T00:00:00Z")), 9).await;
    let _ = reader.troubled_pairs(9).await;
    let _ = reader.pairs_recorded_as(&user(1).key).await;
    let _ = reader.newest_issues(Side::User).await;
    let _ = reader.newest_issues(Side::Dev).await;
    let _ = reader.recent_writes(vec![id(1)], start()..=start()).await;
    let _ = reader.history(query(None, Some(9), 9)).await;
    let _ = reader.history(query(Some(1), Some(9), 9)).await;
    recorder.asked.into_inner()
}

/// Notes what it is asked.
struct Recorder {
    flow: FlowName,
    asked: Mutex<Vec<Select>>,
}

impl Read for Recorder {
    fn flow(&self) -> &FlowName {
        &self.flow
    }

    fn rows(&self, select: Select) -> BoxFuture<'_, Result<Vec<Row>, Error>> {
        self.asked.lock().push(select);
        async { Ok(Vec::new()) }.boxed()
    }

    fn count_rows(&self, _: &'static Table) -> BoxFuture<'_, Result<u64, Error>> {
        async { Ok(0) }.boxed()
    }

    fn unusable(&self, why: Unusable) -> Error {
        panic!("{why:?}")
    }
}

/// As the driver sends it.
fn command(select: Select) -> Document {
    let table = select.table.name;
    let (filter, options) = read::query(select);
    let mut find = doc! { "find": table, "filter": filter };
    find.extend(options.sort.map(|sort| ("sort".to_owned(), sort.into())));
    find.extend(options.limit.map(|limit| ("limit".to_owned(), limit.into())));
    let numeric = options.collation.map(|_| doc! { "locale": "en", "numericOrdering": true });
    find.extend(numeric.map(|numeric| ("collation".to_owned(), numeric.into())));
    find
}

#[tokio::test]
async fn failures_that_are_not_asked_for_are_not_looked_at() {
    let house = House::new();
    let worker = house.process();
    let epoch = worker.begin().await.unwrap();
    let waits = |n| Change::PutFailure(failure(Side::User, n, 8, "2024-01-01T00:01:00Z"));
    worker.write(epoch, (1..=10_000).map(waits).collect()).await.unwrap();
    let now: DateTime<Utc> = "2024-01-01T00:00:00Z".parse().unwrap();
    let recorder = Recorder { flow: flow("sync-ab").name, asked: Mutex::default() };
    let reader: &dyn Read = &recorder;
    let _ = reader.due_failures(&Due { now, latest: vec![now + Duration::from_secs(60); 9] }, None, 100).await;
    let _ = reader.failures_about((1..=100).map(|n| (Side::User, id(n))).collect()).await;
    for (select, most) in recorder.asked.into_inner().into_iter().zip([0, 0, 100, 0]) {
        let stats = house.explained(&command(select.clone()), "executionStats");
        let looked_at = stats.get_i32("totalDocsExamined").unwrap();
        assert!(looked_at <= most, "{looked_at}: {select:?}");
    }
}

/// A flow's database, and whoever works with it.
struct House {
    place: MongoPlace,
    flow: Flow,
}

impl House {
    fn new() -> Self {
        Self::named("sync-ab")
    }

    fn named(name: &str) -> Self {
        let place = MongoPlace::new(Driver::here());
        let flow = place.placed(&flow(name));
        Self { place, flow }
    }

    /// The flow's database as a process of its own opens it.
    fn process(&self) -> Database {
        self.place.other().database(&self.flow)
    }

    /// The database as any other program has it.
    fn plain<T: Send, F: Future<Output = T>>(&self, work: impl FnOnce(mongodb::Database) -> F + Send) -> T {
        self.place.plain(&flow("sync-ab"), work)
    }

    /// The documents of a collection, in the order of their coming.
    /// What the server says of how it answers.
    fn explained(&self, command: &Document, what: &str) -> Document {
        let explain = doc! { "explain": command, "verbosity": what };
        let said = self.plain(|database| async move { database.run_command(explain).await.unwrap() });
        said.get_document(what).unwrap().clone()
    }

    fn documents(&self, collection: &'static str) -> Vec<Document> {
        use futures::TryStreamExt as _;
        self.plain(|database| async move {
            let all = database.collection::<Document>(collection);
            all.find(doc! {}).sort(doc! { "$natural": 1 }).await.unwrap().try_collect().await.unwrap()
        })
    }

    fn insert(&self, collection: &'static str, documents: Vec<Document>) {
        self.plain(|database| async move { database.collection(collection).insert_many(documents).await.unwrap() });
    }

    /// Whoever serves the flow is silent for that long.
    fn silence(&self, seconds: i64) {
        self.place.silence(self.flow.database.name.as_str(), seconds);
    }
}
