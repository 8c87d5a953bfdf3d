//! One question to one collection.

use futures::TryStreamExt as _;
use mongodb::Database;
use mongodb::bson::Document;
use mongodb::options::FindOptions;

use super::document::Found;
use super::layout::numeric;
use super::trouble::Trouble;

/// What is asked for.
pub(super) struct Ask {
    collection: &'static str,
    which: Document,
    options: FindOptions,
    most: Option<u32>,
}

impl Ask {
    /// All documents of `collection` that are as `which` says, in any order.
    pub(super) fn of(collection: &'static str, which: Document) -> Self {
        Self { collection, which, options: FindOptions::default(), most: None }
    }

    /// In this order.
    pub(super) fn sorted(mut self, order: Document) -> Self {
        self.options.sort = Some(order);
        self
    }

    /// In this order, by the numbers in texts.
    pub(super) fn sorted_by_number(mut self, order: Document) -> Self {
        self.options.collation = Some(numeric());
        self.sorted(order)
    }

    /// These fields only.
    pub(super) fn only(mut self, fields: Document) -> Self {
        self.options.projection = Some(fields);
        self
    }

    /// As many as that at most.
    pub(super) fn at_most(mut self, most: Option<u32>) -> Self {
        self.options.limit = most.map(i64::from);
        self.most = most;
        self
    }

    /// The answer, each document as `read` understands it.
    pub(super) async fn answer<T>(
        self,
        database: &Database,
        read: impl Fn(&Found<'_>) -> Result<T, Trouble>,
    ) -> Result<Vec<T>, Trouble> {
        // MongoDB takes 0 for no limit.
        if self.most == Some(0) {
            return Ok(Vec::new());
        }
        let Self { collection, which, options, .. } = self;
        let asked = database.collection::<Document>(collection);
        let documents: Vec<_> = asked.find(which).with_options(options).await?.try_collect().await?;
        documents.iter().map(|document| read(&Found { collection, document })).collect()
    }
}
