//! A database as the Node.js service leaves it.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use futures::TryStreamExt as _;
use lockstep::flow::{IssueKey, StatusName};
use lockstep::store::Legacy;
use mongodb::bson::{Bson, Document, doc};
use mongodb::options::IndexOptions;
use mongodb::{Database, IndexModel};

use test_mongod::Replica;

const COLLECTIONS: [(&str, &[&str]); 4] = [
    ("sync_state", &["name"]),
    ("jira_mapping", &["user_issue_key", "dev_issue_key"]),
    ("user_project_issue_state", &["issue_key"]),
    ("dev_project_issue_state", &["issue_key"]),
];

/// Where that service keeps the data of a flow.
pub struct Left {
    database: String,
    documents: BTreeSet<String>,
}

impl Left {
    /// It stops, and this is what it has written by then.
    pub fn behind(database: &str, flow: &str, legacy: &Legacy, now: DateTime<Utc>) -> Self {
        Replica::shared().with(database, |database| async move {
            for (collection, keys) in COLLECTIONS {
                make_indexes(&database, collection, keys).await;
            }
            insert(&database, "sync_state", states(flow, legacy, now)).await;
            insert(&database, "jira_mapping", pairs(legacy, now)).await;
            insert(&database, "user_project_issue_state", statuses(&legacy.user_statuses, now)).await;
            insert(&database, "dev_project_issue_state", statuses(&legacy.dev_statuses, now)).await;
        });
        let mut left = Self { database: database.to_owned(), documents: BTreeSet::new() };
        left.documents = left.found();
        left
    }

    /// It was not stopped, and ends another cycle.
    pub fn goes_on(&self, now: DateTime<Utc>) {
        let change = doc! { "$set": { "last_sync": date(now), "updatedAt": date(now) } };
        Replica::shared().with(&self.database, |database| async move {
            database.collection::<Document>("sync_state").update_many(doc! {}, change).await.unwrap();
        });
    }

    /// Whatever became of them, none of its documents is gone.
    pub fn is_still_there(&self) {
        let found = self.found();
        let gone: Vec<_> = self.documents.difference(&found).collect();
        assert!(gone.is_empty(), "{gone:?}");
    }

    fn found(&self) -> BTreeSet<String> {
        Replica::shared().with(&self.database, |database| async move {
            let mut found = BTreeSet::new();
            for (collection, _) in COLLECTIONS {
                let documents = database.collection::<Document>(collection).find(doc! { "__v": 0 }).await.unwrap();
                let documents: Vec<_> = documents.try_collect().await.unwrap();
                found.extend(documents.iter().map(|document| format!("{collection} {:?}", document.get("_id"))));
            }
            found
        })
    }
}

/// Under the flow's name, and under that service's own: the second one is never read there.
fn states(flow: &str, legacy: &Legacy, now: DateTime<Utc>) -> Vec<Document> {
    let last_sync = legacy.last_sync.map(|at| at.0.to_string().parse().unwrap());
    let state = |name: &str, last_sync: Option<DateTime<Utc>>| {
        doc! {
            "name": name, "last_sync": last_sync.map(date), "initial_sync_completed": false,
            "createdAt": date(now), "updatedAt": date(now), "__v": 0,
        }
    };
    vec![state("jira-status-sync", Some(now)), state(flow, last_sync)]
}

fn pairs(legacy: &Legacy, now: DateTime<Utc>) -> Vec<Document> {
    let url = |key: &IssueKey| format!("https://jira.example.net/browse/{key}");
    let pair = |user: &IssueKey, dev: &IssueKey| {
        doc! {
            "user_issue_key": user.as_str(), "dev_issue_key": dev.as_str(),
            "user_issue_url": url(user), "dev_issue_url": url(dev), "created_at": date(now), "__v": 0,
        }
    };
    legacy.pairs.iter().map(|keys| pair(&keys.user, &keys.dev)).collect()
}

fn statuses<'a>(seen: impl IntoIterator<Item = (&'a IssueKey, &'a StatusName)>, now: DateTime<Utc>) -> Vec<Document> {
    let status = |(key, status): (&IssueKey, &StatusName)| {
        doc! { "issue_key": key.as_str(), "status": status.to_string(), "updated_at": date(now), "__v": 0 }
    };
    seen.into_iter().map(status).collect()
}

async fn insert(database: &Database, collection: &str, documents: Vec<Document>) {
    if !documents.is_empty() {
        database.collection(collection).insert_many(documents).await.unwrap();
    }
}

async fn make_indexes(database: &Database, collection: &str, keys: &[&str]) {
    let unique = || IndexOptions::builder().unique(true).build();
    let index = |key: &&str| IndexModel::builder().keys(doc! { *key: 1 }).options(unique()).build();
    database.collection::<Document>(collection).create_indexes(keys.iter().map(index)).await.unwrap();
}

fn date(at: DateTime<Utc>) -> Bson {
    Bson::DateTime(mongodb::bson::DateTime::from_millis(at.timestamp_millis()))
}
