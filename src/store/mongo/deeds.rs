//! What a batch's changes come to in MongoDB's terms, and whether anything refuses it.

use chrono::{DateTime, Utc};
use mongodb::bson::{Document, doc};

use super::base::Base;
use super::bulk::{Put, Remove};
use super::document::{jira_date, long, record, wall_date};
use super::known::{Known, Partner};
use super::layout::{ATTACHMENTS, FAILURES, HISTORY, INTENTS, JIRA_MAPPING, MISSING, handled};
use crate::flow::{
    AttachmentId, Copied, Entry, Handled, Intent, IntentId, IssueId, IssueRef, MissingDev, Pair, Side, Told,
};
use crate::store::records::{fields_json, intent_json, kind_text, level_text, origin_text};
use crate::store::{Change, Epoch, Error, Failure, State};

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
            Change::CloseIntent(id) => self.close_intent(&id),
            Change::PutPair(pair) => self.put_pair(&pair)?,
            Change::RemovePair(user) => self.remove_pair(&user),
            Change::PutMissing(missing) => self.put_missing(&missing),
            Change::ClearMissing(user) => self.remove(MISSING, doc! { "user_issue_id": user.as_str() }, false),
            Change::PutCopied(copied) => self.put_copied(&copied),
            Change::Tell(entry) => self.tell(&entry),
            Change::Retell(told) => self.retell(&told),
            Change::PutHandled(side, issue, handled) => self.put_handled(side, &issue, &handled),
            Change::PutFailure(failure) => self.put_failure(&failure),
            Change::ClearFailure(side, id) => self.remove(FAILURES, doc! { "_id": failure_id(side, &id) }, false),
            Change::PutState(state) => self.put_state(state),
            Change::PutPause(until) => self.deeds.push(Deed::Pause(until)),
        }
        Ok(())
    }

    fn add_intent(&mut self, intent: &Intent) -> Result<(), Error> {
        let kind = kind_text(intent.kind);
        let source = intent.on(intent.source).unwrap_or(&intent.user);
        let what = format!("an open {kind} intent for {source}");
        let fields = doc! {
            "number": self.number(),
            "source_side": intent.source.to_string(),
            "source_issue_id": intent.source_id().as_str(),
            "kind": kind,
            "document": record(&intent_json(intent)),
            "created_at": self.now,
            "updated_at": self.now,
        };
        if !self.known.add_intent(intent) {
            return Err(Error::Taken { what });
        }
        self.put(INTENTS, doc! { "_id": intent.id.as_str() }, doc! {}, fields, what);
        Ok(())
    }

    fn update_intent(&mut self, intent: &Intent) -> Result<(), Error> {
        if !self.known.has_intent(&intent.id) {
            return Err(Error::Outdated);
        }
        let which = self.ours(doc! { "_id": intent.id.as_str() });
        let set = doc! { "document": record(&intent_json(intent)), "updated_at": self.now, "epoch": self.stamp() };
        let put = Put { collection: INTENTS, which, change: doc! { "$set": set }, add: false, what: String::new() };
        self.deeds.push(Deed::Put(put));
        Ok(())
    }

    fn close_intent(&mut self, id: &IntentId) {
        self.known.close_intent(id);
        self.remove(INTENTS, doc! { "_id": id.as_str() }, false);
    }

    fn put_pair(&mut self, pair: &Pair) -> Result<(), Error> {
        let what = format!("another pair of {} or {}", pair.user, pair.dev);
        let ids = doc! { "user_issue_id": pair.user.id.as_str(), "dev_issue_id": pair.dev.id.as_str() };
        let mut fields = doc! {
            "user_issue_key": pair.user.key.as_str(),
            "dev_issue_key": pair.dev.key.as_str(),
            "user_issue_url": self.base.site.browse(&pair.user.key),
            "dev_issue_url": self.base.site.browse(&pair.dev.key),
            "state": pair.state.as_str(),
        };
        let added = doc! { "origin": origin_text(pair.origin), "created_at": self.now };
        match self.known.pair(pair) {
            Partner::Same => self.put(JIRA_MAPPING, ids, fields, added, what),
            Partner::Another => return Err(Error::Taken { what }),
            Partner::None => {
                self.put(JIRA_MAPPING, ids, fields, added, what);
                self.added += 1;
            }
            // The Node.js service's document of this very pair becomes ours.
            Partner::Bare(id) => {
                fields.extend(ids);
                fields.insert("origin", origin_text(pair.origin));
                self.put(JIRA_MAPPING, doc! { "_id": id }, fields, doc! {}, what);
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
        self.remove(ATTACHMENTS, doc! { "user_issue_id": user.as_str() }, true);
        self.remove(JIRA_MAPPING, doc! { "user_issue_id": user.as_str() }, false);
    }

    fn put_missing(&mut self, missing: &MissingDev) {
        let fields = doc! {
            "version": 1,
            "user_issue_key": missing.user.key.as_str(),
            "dev_issue_key": missing.dev.as_str(),
            "created_at": self.now,
        };
        let which = doc! { "user_issue_id": missing.user.id.as_str() };
        self.put(MISSING, which, fields, doc! {}, String::new());
    }

    fn put_copied(&mut self, copied: &Copied) {
        let fields = doc! {
            "version": 1,
            "user_issue_id": copied.on.as_str(),
            "copy_id": copied.copy.as_ref().map(AttachmentId::as_str),
            "created_at": self.now,
        };
        self.put(ATTACHMENTS, doc! { "_id": copied.file.as_str() }, fields, doc! {}, String::new());
    }

    fn tell(&mut self, entry: &Entry) {
        let fields = doc! {
            "version": 1,
            "at": wall_date(entry.at),
            "issue_id": entry.issue.id.as_str(),
            "issue_key": entry.issue.key.as_str(),
            "level": level_text(entry.line.level),
            "event": entry.line.event,
            "message": &entry.line.message,
            "fields": record(&fields_json(&entry.line.fields)),
        };
        let number = self.number();
        self.put(HISTORY, doc! { "_id": number }, doc! {}, fields, String::new());
    }

    fn retell(&mut self, told: &Told) {
        let fields = doc! {
            "version": 1,
            "at": wall_date(told.at),
            "issue_id": told.issue.id.as_str(),
            "issue_key": told.issue.key.as_str(),
            "level": &told.level,
            "event": &told.event,
            "message": &told.message,
            "fields": record(&told.fields),
        };
        self.put(HISTORY, doc! { "_id": long(told.number) }, fields, doc! {}, String::new());
    }

    fn put_handled(&mut self, side: Side, issue: &IssueRef, was: &Handled) {
        let fields = doc! {
            "issue_key": issue.key.as_str(),
            "status": was.status.name.as_str(),
            "status_id": was.status.id.as_str(),
            "seen_updated": jira_date(was.updated),
            "updated_at": self.now,
        };
        self.put(handled(side), doc! { "issue_id": issue.id.as_str() }, fields, doc! {}, String::new());
    }

    fn put_failure(&mut self, failure: &Failure) {
        let fields = doc! {
            "version": 1,
            "side": failure.side.to_string(),
            "issue_id": failure.issue.id.as_str(),
            "issue_key": failure.issue.key.as_str(),
            "attempts": i64::from(failure.attempts),
            "next_try": wall_date(failure.next_try),
            "why": &failure.why,
            "seen_updated": failure.seen.map(jira_date),
            "unseen_since": failure.unseen_since.map(jira_date),
            "updated_at": self.now,
        };
        let id = failure_id(failure.side, &failure.issue.id);
        self.put(FAILURES, doc! { "_id": id }, fields, doc! { "created_at": self.now }, String::new());
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

    /// Adds a document or replaces `fields` of it; `added` only where it was not there. `what` names it if there is
    /// another like it.
    fn put(&mut self, collection: &'static str, which: Document, fields: Document, added: Document, what: String) {
        let mut change = Document::new();
        let (mut fields, mut added) = (fields, added);
        // What is only ever added is never stamped anew.
        let stamped = if fields.is_empty() { &mut added } else { &mut fields };
        stamped.insert("epoch", self.stamp());
        for (operator, fields) in [("$set", fields), ("$setOnInsert", added)] {
            if !fields.is_empty() {
                change.insert(operator, fields);
            }
        }
        self.deeds.push(Deed::Put(Put { collection, which: self.ours(which), change, add: true, what }));
    }

    fn remove(&mut self, collection: &'static str, which: Document, all: bool) {
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

/// One for each issue.
pub(super) fn failure_id(side: Side, id: &IssueId) -> String {
    format!("{side}/{id}")
}
