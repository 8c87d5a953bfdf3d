//! The issues of a site as they truly are, those that were deleted included.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::attachment::Attachment;
use super::issue::Issue;
use super::link::IssueLink;

/// All issues, with the keys under which they are found.
#[derive(Default)]
pub(super) struct Issues {
    by_id: BTreeMap<u64, Arc<Issue>>,
    /// From key to numeric id; the keys that an issue had before are among them.
    by_key: BTreeMap<String, u64>,
    /// Shown to the checker only.
    deleted: Vec<Arc<Issue>>,
    /// When each issue's last transition was.
    last_moves: BTreeMap<u64, DateTime<Utc>>,
}

/// A project's change of key.
pub(super) struct Rename<'a> {
    pub from: &'a str,
    pub to: &'a str,
}

impl Issues {
    /// The issue of this numeric id.
    pub(super) fn get(&self, id: u64) -> Option<&Arc<Issue>> {
        self.by_id.get(&id)
    }

    /// The issue of this numeric id or key; keys in any letter case.
    pub(super) fn find(&self, id_or_key: &str) -> Option<&Arc<Issue>> {
        let id = match id_or_key.parse() {
            Ok(id) => id,
            Err(_) => *self.by_key.get(&id_or_key.to_ascii_uppercase())?,
        };
        self.by_id.get(&id)
    }

    /// All that are not deleted, oldest first.
    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<Issue>> {
        self.by_id.values()
    }

    /// Deleted issues as they were at their end.
    pub(super) fn deleted(&self) -> impl Iterator<Item = &Arc<Issue>> {
        self.deleted.iter()
    }

    /// The attachment of this id, and its issue.
    pub(super) fn attachment(&self, id: u64) -> Option<(&Arc<Issue>, &Arc<Attachment>)> {
        self.all().find_map(|issue| issue.attachment(id).map(|it| (issue, it)))
    }

    /// The link of this id between two issues.
    pub(super) fn link(&self, id: u64) -> Option<&Arc<IssueLink>> {
        self.all().flat_map(|issue| &issue.links).find(|link| link.id == id)
    }

    /// How many bytes of attached files the site keeps; those of deleted issues count too, since they are remembered.
    pub(super) fn attached_bytes(&self) -> u64 {
        self.all().chain(&self.deleted).flat_map(|issue| &issue.attachments).map(|it| it.file.kept()).sum()
    }

    /// Replaces an issue by its next version, or adds a new one.
    pub(super) fn put(&mut self, issue: Arc<Issue>) {
        self.by_key.insert(issue.key(), issue.id);
        self.by_id.insert(issue.id, issue);
    }

    pub(super) fn delete(&mut self, issue: Arc<Issue>) {
        self.by_key.remove(&issue.key());
        self.by_id.remove(&issue.id);
        self.last_moves.remove(&issue.id);
        self.deleted.push(issue);
    }

    /// Notes a transition of an issue.
    pub(super) fn note_move(&mut self, id: u64, at: DateTime<Utc>) {
        self.last_moves.insert(id, at);
    }

    /// When the issue's last transition was.
    pub(super) fn last_move(&self, id: u64) -> Option<DateTime<Utc>> {
        self.last_moves.get(&id).copied()
    }

    /// Gives the status of this id another name wherever it is now.
    pub(super) fn rename_status(&mut self, id: &str, name: &str) {
        for issue in self.by_id.values_mut().filter(|issue| issue.status.id == id) {
            Arc::make_mut(issue).status.name = name.into();
        }
    }

    /// The issues of a renamed project get new keys, and are found under the former ones too.
    pub(super) fn rename_project(&mut self, rename: &Rename<'_>) {
        self.by_id.values_mut().chain(&mut self.deleted).for_each(|issue| rename.issue(issue));
        let renamed = self.by_id.values().filter(|issue| issue.project == rename.to);
        self.by_key.extend(renamed.map(|issue| (issue.key(), issue.id)));
    }
}

impl Rename<'_> {
    pub(super) fn key(&self, project: &mut String) {
        if project == self.from {
            self.to.clone_into(project);
        }
    }

    pub(super) fn issue(&self, issue: &mut Arc<Issue>) {
        if issue.project == self.from {
            self.key(&mut Arc::make_mut(issue).project);
        }
    }
}
