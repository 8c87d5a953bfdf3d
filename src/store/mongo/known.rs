//! What is there already and may refuse a change: looked up before a batch is written, and kept up to date as the batch
//! is gone through.

use std::collections::BTreeMap;

use futures::TryStreamExt as _;
use futures::future::try_join;
use mongodb::Database;
use mongodb::bson::{Bson, Document, doc};

use super::document::row;
use super::layout::{INTENTS, JIRA_MAPPING};
use super::trouble::Trouble;
use crate::flow::{Intent, IntentId, IssueId, Pair, Side};
use crate::store::Change;
use crate::store::records::{Row, kind_text};

/// The intents and pairs that a batch has to do with.
#[derive(Default)]
pub(super) struct Known {
    /// What each open intent is for: at most one of a kind for an issue.
    intents: BTreeMap<String, Purpose>,
    partner_of_user: BTreeMap<String, String>,
    partner_of_dev: BTreeMap<String, String>,
    /// Documents with keys only.
    bare: Vec<Bare>,
}

/// A pair of the Node.js service, of which nobody has found the ids.
struct Bare {
    user_key: String,
    dev_key: String,
    id: Bson,
}

/// Side, issue and kind.
type Purpose = (String, String, String);

/// What is there of a pair.
pub(super) enum Partner {
    /// Nothing.
    None,
    /// This pair.
    Same,
    /// Only keys, one of its two at least, in this document.
    Bare(Bson),
    /// One of the two is paired with another.
    Another,
}

impl Known {
    /// Looks up what `batch` has to do with.
    pub(super) async fn look(database: &Database, batch: &[Change]) -> Result<Self, Trouble> {
        let mut known = Self::default();
        let (intents, pairs) =
            try_join(found(database, INTENTS, intents_asked(batch)), found(database, JIRA_MAPPING, pairs_asked(batch)))
                .await?;
        for document in intents {
            known.note_intent(&row(INTENTS, document))?;
        }
        for document in pairs {
            let id = document.get("_id").cloned().unwrap_or(Bson::Null);
            known.note_pair(id, &row(JIRA_MAPPING, document))?;
        }
        Ok(known)
    }

    fn note_intent(&mut self, found: &Row) -> Result<(), Trouble> {
        let text = |field| found.text(field).map(str::to_owned);
        let purpose = (text("source_side")?, text("source_issue_id")?, text("kind")?);
        self.intents.insert(text("_id")?, purpose);
        Ok(())
    }

    fn note_pair(&mut self, id: Bson, found: &Row) -> Result<(), Trouble> {
        match (found.maybe_text("user_issue_id")?, found.maybe_text("dev_issue_id")?) {
            (Some(user), Some(dev)) => self.note(user, dev),
            _ => {
                let key = |field| Ok::<_, Trouble>(found.maybe_text(field)?.unwrap_or_default().to_owned());
                self.bare.push(Bare { user_key: key("user_issue_key")?, dev_key: key("dev_issue_key")?, id });
            }
        }
        Ok(())
    }

    fn note(&mut self, user: &str, dev: &str) {
        self.partner_of_user.insert(user.to_owned(), dev.to_owned());
        self.partner_of_dev.insert(dev.to_owned(), user.to_owned());
    }

    /// Whether there is room for it.
    pub(super) fn add_intent(&mut self, intent: &Intent) -> bool {
        let purpose =
            (intent.source.to_string(), intent.source_id().as_str().to_owned(), kind_text(intent.kind).to_owned());
        let taken = self.has_intent(&intent.id) || self.intents.values().any(|other| *other == purpose);
        self.intents.insert(intent.id.to_string(), purpose);
        !taken
    }

    /// Whether it is open.
    pub(super) fn has_intent(&self, id: &IntentId) -> bool {
        self.intents.contains_key(id.as_str())
    }

    pub(super) fn close_intent(&mut self, id: &IntentId) {
        self.intents.remove(id.as_str());
    }

    /// What is there of `pair`, which is there itself from now on.
    pub(super) fn pair(&mut self, pair: &Pair) -> Partner {
        let (user, dev) = (pair.user.id.as_str(), pair.dev.id.as_str());
        match (self.partner_of_user.get(user), self.partner_of_dev.get(dev)) {
            (Some(partner), _) if partner == dev => return Partner::Same,
            (None, None) => {}
            (Some(_), _) | (None, Some(_)) => return Partner::Another,
        }
        // One key is enough: the other issue was moved since, or deleted and created anew.
        let is_its = |bare: &Bare| bare.user_key == pair.user.key.as_str() || bare.dev_key == pair.dev.key.as_str();
        let partner = match &self.bare.iter().filter(|bare| is_its(bare)).collect::<Vec<_>>()[..] {
            [] => Partner::None,
            [bare] => Partner::Bare(bare.id.clone()),
            _ => return Partner::Another,
        };
        self.bare.retain(|bare| !is_its(bare));
        self.note(user, dev);
        partner
    }

    /// Whether there was a pair of that user issue.
    pub(super) fn remove_pair(&mut self, user: &IssueId) -> bool {
        let partner = self.partner_of_user.remove(user.as_str());
        partner.is_some_and(|dev| self.partner_of_dev.remove(&dev).is_some())
    }
}

/// The intents that a batch changes, and those that are in the way of those that it adds.
fn intents_asked(batch: &[Change]) -> Option<Document> {
    let (mut ids, mut sources) = (Vec::new(), Vec::new());
    for change in batch {
        if let Change::AddIntent(intent) | Change::UpdateIntent(intent) = change {
            ids.push(intent.id.as_str());
        }
        if let Change::AddIntent(intent) = change {
            sources.push(intent.source_id().as_str());
        }
    }
    let sides = Side::BOTH.map(|side| side.to_string()).to_vec();
    let in_the_way = doc! { "source_side": { "$in": sides }, "source_issue_id": { "$in": sources } };
    let asked = doc! { "$or": [{ "_id": { "$in": &ids } }, in_the_way] };
    (!ids.is_empty()).then_some(asked)
}

/// The pairs, by id or key, of the issues that a batch pairs or takes apart.
fn pairs_asked(batch: &[Change]) -> Option<Document> {
    let (mut users, mut devs, mut user_keys, mut dev_keys) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for change in batch {
        if let Change::PutPair(pair) = change {
            users.push(pair.user.id.as_str());
            devs.push(pair.dev.id.as_str());
            user_keys.push(pair.user.key.as_str());
            dev_keys.push(pair.dev.key.as_str());
        }
        if let Change::RemovePair(user) = change {
            users.push(user.as_str());
        }
    }
    let any_of = |field: &str, values: &[&str]| doc! { field: { "$in": values } };
    let bare = |field: &str, values: &[&str]| doc! { field: { "$in": values }, "user_issue_id": null };
    let asked = doc! { "$or": [
        any_of("user_issue_id", &users),
        any_of("dev_issue_id", &devs),
        bare("user_issue_key", &user_keys),
        bare("dev_issue_key", &dev_keys),
    ] };
    (!users.is_empty()).then_some(asked)
}

async fn found(database: &Database, collection: &str, asked: Option<Document>) -> Result<Vec<Document>, Trouble> {
    match asked {
        Some(asked) => Ok(database.collection(collection).find(asked).await?.try_collect().await?),
        None => Ok(Vec::new()),
    }
}
