//! What is MongoDB's own; what every store promises is in the contract.

use mongodb::bson::{Document, doc};

use super::*;
use crate::flow::{IntentKind, PairState, Watermark};
use crate::store::contract::history::{copied, entry, query};
use crate::store::contract::{MongoPlace, at, dev, failure, flow, handled, id, intent, pair, start, user};

mod late;
mod messages;
mod owners;
mod strangers;

/// A flow's database, and whoever works with it.
struct House {
    place: MongoPlace,
    flow: Flow,
}

impl House {
    fn new() -> Self {
        let place = MongoPlace::new(Driver::here());
        let flow = place.placed(&flow("sync-ab"));
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
