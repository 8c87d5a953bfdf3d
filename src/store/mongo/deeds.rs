//! What a batch's changes come to in MongoDB's terms, and whether anything refuses it.

use chrono::{DateTime, Utc};
use mongodb::bson::{Document, doc};

use super::base::Base;
use super::bulk::{Put, Remove};
use super::document::{bson, fields, long, wall_date, which};
use super::known::{Known, Partner};
use super::layout::{ATTACHMENTS, JIRA_MAPPING};
use crate::flow::{Entry, Intent, IssueId, MissingDev, Pair};
use crate::store::records::{
    Created, Failure, HISTORY, HandledIssue, Record, Value, entry_fields, intent_json, kind_text, origin_text,
};
use crate::store::{Change, Epoch, Error, State};

/// When a document was first written, and when last.
const CREATED: &str = "created_at";
const UPDATED: &str = "updated_at";

/// One thing to be done.
pub(super) enum Deed {
    /// Add or replace a document.
    Put(Put),
    /// Remove documents.
    Remove(Remove),
    /// There are so many more pairs.
    Count(i64),
    /// Replace the state document.
    Commit(Box<State>),
    /// Note in the state document until when Jira asked to wait.
    Pause(DateTime<Utc>),
}

impl Deed {
    /// Whether both are done by one command.
    pub(super) fn goes_with(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Put(one), Self::Put(other)) => one.collection == other.collection,
            (Self::Remove(one), Self::Remove(other)) => one.collection == other.collection,
            (Self::Put(_) | Self::Remove(_) | Self::Count(_) | Self::Commit(_) | Self::Pause(_), _) => false,
        }
    }

    pub(super) fn as_put(&self) -> Option<&Put> {
        match self {
            Self::Put(put) => Some(put),
            Self::Remove(_) | Self::Count(_) | Self::Commit(_) | Self::Pause(_) => None,
        }
    }

    pub(super) fn as_remove(&self) -> Option<&Remove> {
        match self {
            Self::Remove(remove) => Some(remove),
            Self::Put(_) | Self::Count(_) | Self::Commit(_) | Self::Pause(_) => None,
        }
    }
}

/// The deeds of a batch as it is understood, change by change.
pub(super) struct Deeds<'a> {
    base: &'a Base,
    epoch: Epoch,
    now: mongodb::bson::DateTime,
    next_number: i64,
    known: Known,
    /// Pairs that were added and not yet counted.
    added: i64,
    deeds: Vec<Deed>,
}

impl<'a> Deeds<'a> {
    pub(super) fn of(base: &'a Base, epoch: Epoch, now: DateTime<Utc>, first_number: i64, known: Known) -> Self {
        let now = wall_date(now);
        Self { base, epoch, now, next_number: first_number, known, added: 0, deeds: Vec::new() }
    }

    /// All of them, unless something is known to refuse one.
    pub(super) fn all(mut self, batch: Vec<Change>) -> Result<Vec<Deed>, Error> {
        for change in batch {
            self.take(change)?;
        }
        self.count_added();
        Ok(self.deeds)
    }

    fn take(&mut self, change: Change) -> Result<(), Error> {
        match change {
            Change::AddIntent(intent) => self.add_intent(&intent)?,
            Change::UpdateIntent(intent) => self.update_intent(&intent)?,
            Change::CloseIntent(id) => {
                self.known.close_intent(&id);
                self.remove::<Intent>(&id);
            }
            Change::PutPair(pair) => self.put_pair(&pair)?,
            Change::RemovePair(user) => self.remove_pair(&user),
            Change::PutMissing(missing) => self.put(&missing),
            Change::ClearMissing(user) => self.remove::<MissingDev>(&user),
            Change::PutCopied(copied) => self.put(&copied),
            Change::Tell(entry) => self.tell(&entry),
            Change::Retell(told) => self.put(&told),
            Change::PutHandled(side, issue, was) => self.put(&HandledIssue::new(side, issue, was)),
            Change::PutFailure(failure) => self.put(&failure),
            Change::ClearFailure(side, id) => self.remove::<Failure>(&(side, id)),
            Change::PutState(state) => self.put_state(state),
            Change::PutPause(until) => self.deeds.push(Deed::Pause(until)),
        }
        Ok(())
    }

    /// Adds a record, or replaces the one of its key.
    fn put<R: Record>(&mut self, record: &R) {
        let (table, key) = R::locate(&record.key());
        let (mut set, mut added) = (Document::new(), Document::new());
        if table.versioned {
            set.insert("version", 1);
        }
        // What is in an `_id` with something else can't be queried there.
        if let (true, [_, _, ..]) = (table.key_is_id, table.key) {
            set.extend(table.key.iter().zip(&key).map(|(column, value)| (column.name.to_owned(), bson(value.clone()))));
        }
        set.extend(fields(record.fields()));
        match table.created {
            Created::No => {}
            Created::First => _ = added.insert(CREATED, self.now),
            Created::Anew => _ = set.insert(CREATED, self.now),
        }
        if table.updated {
            set.insert(UPDATED, self.now);
        }
        self.upsert(table.name, which(table, key), (set, added), String::new());
    }

    /// Removes the record of a key, if there is one.
    fn remove<R: Record>(&mut self, key: &R::Key) {
        let (table, key) = R::locate(key);
        self.delete(table.name, which(table, key), false);
    }

    fn add_intent(&mut self, intent: &Intent) -> Result<(), Error> {
        let source = intent.on(intent.source).unwrap_or(&intent.user);
        let what = format!("an open {} intent for {source}", kind_text(intent.kind));
        let mut added = doc! { "number": self.number() };
        added.extend(fields(intent.fields()));
        added.extend(doc! { CREATED: self.now, UPDATED: self.now });
        if !self.known.add_intent(intent) {
            return Err(Error::Taken { what });
        }
        let (table, key) = Intent::locate(&intent.id);
        self.upsert(table.name, which(table, key), (doc! {}, added), what);
        Ok(())
    }

    fn update_intent(&mut self, intent: &Intent) -> Result<(), Error> {
        if !self.known.has_intent(&intent.id) {
            return Err(Error::Outdated);
        }
        let (table, key) = Intent::locate(&intent.id);
        let document = bson(Value::Json(intent_json(intent)));
        let change = doc! { "$set": { "document": document, UPDATED: self.now, "epoch": self.stamp() } };
        let which = self.ours(which(table, key));
        self.deeds.push(Deed::Put(Put { collection: table.name, which, change, add: false, what: String::new() }));
        Ok(())
    }

    fn put_pair(&mut self, pair: &Pair) -> Result<(), Error> {
        let what = format!("another pair of {} or {}", pair.user, pair.dev);
        let ids = doc! { "user_issue_id": pair.user.id.as_str(), "dev_issue_id": pair.dev.id.as_str() };
        let mut set = fields(pair.fields());
        for (field, issue) in [("user_issue_url", &pair.user), ("dev_issue_url", &pair.dev)] {
            set.insert(field, self.base.site.browse(&issue.key));
        }
        let origin = origin_text(pair.origin);
        let added = doc! { "origin": origin, CREATED: self.now };
        match self.known.pair(pair) {
            Partner::Same => self.upsert(JIRA_MAPPING, ids, (set, added), what),
            Partner::Another => return Err(Error::Taken { what }),
            Partner::None => {
                self.upsert(JIRA_MAPPING, ids, (set, added), what);
                self.added += 1;
            }
            // The Node.js service's document of this very pair becomes ours.
            Partner::Bare(id) => {
                set.extend(ids);
                set.insert("origin", origin);
                self.upsert(JIRA_MAPPING, doc! { "_id": id }, (set, doc! {}), what);
                self.added += 1;
            }
        }
        Ok(())
    }

    fn remove_pair(&mut self, user: &IssueId) {
        if self.known.remove_pair(user) {
            self.deeds.push(Deed::Count(-1));
        }
        // Should this end in between, the order to remove is still there and removes the rest.
        self.delete(ATTACHMENTS, doc! { "user_issue_id": user.as_str() }, true);
        self.delete(JIRA_MAPPING, doc! { "user_issue_id": user.as_str() }, false);
    }

    fn tell(&mut self, entry: &Entry) {
        let mut added = doc! { "version": 1 };
        added.extend(fields(entry_fields(entry)));
        let number = self.number();
        self.upsert(HISTORY.name, doc! { "_id": number }, (doc! {}, added), String::new());
    }

    fn put_state(&mut self, state: State) {
        // A commit counts all pairs that are there.
        self.added = 0;
        self.deeds.push(Deed::Commit(Box::new(state)));
    }

    fn count_added(&mut self) {
        if self.added > 0 {
            self.deeds.push(Deed::Count(self.added));
        }
    }

    /// Adds a document or sets fields of it; `added` only where it was not there. `what` names it if there is another like
    /// it.
    fn upsert(
        &mut self,
        collection: &'static str,
        which: Document,
        (mut set, mut added): (Document, Document),
        what: String,
    ) {
        let mut change = Document::new();
        // What is only ever added is never stamped anew.
        let stamped = if set.is_empty() { &mut added } else { &mut set };
        stamped.insert("epoch", self.stamp());
        for (operator, fields) in [("$set", set), ("$setOnInsert", added)] {
            if !fields.is_empty() {
                change.insert(operator, fields);
            }
        }
        self.deeds.push(Deed::Put(Put { collection, which: self.ours(which), change, add: true, what }));
    }

    fn delete(&mut self, collection: &'static str, which: Document, all: bool) {
        self.deeds.push(Deed::Remove(Remove { collection, which: self.ours(which), all }));
    }

    /// Finds nothing that a successor wrote.
    fn ours(&self, mut which: Document) -> Document {
        which.insert("epoch", doc! { "$not": { "$gt": self.stamp() } });
        which
    }

    fn stamp(&self) -> i64 {
        long(self.epoch.0)
    }

    fn number(&mut self) -> i64 {
        let number = self.next_number;
        self.next_number += 1;
        number
    }
}
