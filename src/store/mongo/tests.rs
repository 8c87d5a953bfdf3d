//! What is MongoDB's own; what every store promises is in the contract.

use mongodb::bson::{Document, doc};

use super::*;
use crate::flow::{IntentKind, PairState, Watermark};
use crate::store::contract::history::{copied, entry, query};
use crate::store::contract::{MongoPlace, at, dev, failure, flow, handled, id, intent, missing, pair, start, user};

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
    let numeric = doc! { "locale": "en", "numericOrdering": true };
    let some = || doc! { "$in": ["1", "2"] };
    let handled_after = || doc! { "issue_id": { "$gt": "1" }, "issue_key": { "$not": { "$regex": displace::FORMER } } };
    for question in [
        doc! { "find": "jira_mapping", "filter": { "dev_issue_id": some() } },
        doc! { "find": "jira_mapping", "filter": { "user_issue_id": { "$gt": "1" } }, "sort": { "user_issue_id": 1 }, "collation": &numeric },
        doc! { "find": "dev_project_issue_state", "filter": layout::known("issue_id"), "sort": { "issue_id": -1 }, "collation": &numeric },
        doc! { "find": "user_project_issue_state", "filter": { "issue_id": some() } },
        doc! { "find": "user_project_issue_state", "filter": handled_after(), "sort": { "issue_id": 1 }, "collation": &numeric },
        doc! { "find": "attachments", "filter": { "_id": { "$gt": "1" } }, "sort": { "_id": 1 } },
        doc! { "find": "failures", "filter": { "_id": { "$gt": "dev/1" } }, "sort": { "_id": 1 } },
        doc! { "find": "attachments", "filter": { "user_issue_id": some() } },
        doc! { "find": "failures", "filter": {}, "sort": { "next_try": 1, "side": 1, "issue_id": 1 } },
        doc! { "find": "history", "filter": { "issue_id": some(), "at": { "$gte": 0 } } },
        doc! { "find": "intents", "filter": { "source_side": some(), "source_issue_id": some() } },
        doc! { "count": "jira_mapping", "query": layout::known("user_issue_id") },
    ] {
        let asked = question.clone();
        let plan =
            house.plain(|database| async move { database.run_command(doc! { "explain": asked }).await.unwrap() });
        let plan = plan.get_document("queryPlanner").unwrap().get_document("winningPlan").unwrap().to_string();
        let (found, sorted) = (plan.contains("IXSCAN") || plan.contains("COUNT_SCAN"), !plan.contains("\"SORT\""));
        assert!(found && sorted, "{question}: {plan}");
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
