//! An issue's changelog.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::Lack;
use super::issue::StatusBean;
use super::time::time;
use super::user::User;
use crate::flow::{JiraTime, StatusChange};
use crate::jira::dialect::Dialect;

/// `changelog` of an issue.
#[derive(Deserialize)]
pub(super) struct Changelog {
    #[serde(default)]
    histories: Vec<History>,
    total: Option<usize>,
}

/// What somebody changed at one moment.
#[derive(Deserialize)]
pub(in crate::jira) struct History {
    id: Option<String>,
    author: Option<User>,
    #[serde(deserialize_with = "time")]
    created: JiraTime,
    #[serde(default)]
    items: Vec<Item>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    field: String,
    from: Option<String>,
    from_string: Option<String>,
    to: Option<String>,
    to_string: Option<String>,
}

impl Changelog {
    /// Whether there may be more of it than was answered. `total` alone proves nothing: by Cloud's document it counts
    /// what is on the page.
    pub(super) fn may_be_short(&self, most: Option<usize>) -> bool {
        let have = self.histories.len();
        self.total.is_some_and(|total| total > have) || most.is_some_and(|most| have >= most)
    }

    /// Takes in what another request answered of the same changelog.
    pub(super) fn complete(&mut self, more: Vec<History>) {
        let known: BTreeSet<_> = self.histories.iter().filter_map(|history| history.id.clone()).collect();
        let new = more.into_iter().filter(|history| history.id.as_ref().is_none_or(|id| !known.contains(id)));
        // Answered oldest first, where ours are newest first.
        let mut new: Vec<_> = new.collect();
        new.reverse();
        self.histories.extend(new);
        self.total = None;
    }

    /// Jira answers the newest first, and says nothing of entries of the same instant: so turn it, then sort stably.
    pub(super) fn status_changes(self, dialect: Dialect) -> Result<Vec<StatusChange>, Lack> {
        let mut changes = Vec::new();
        for history in self.histories.iter().rev() {
            for item in &history.items {
                changes.extend(history.status_change(item, dialect)?);
            }
        }
        changes.sort_by_key(|change: &StatusChange| change.at);
        Ok(changes)
    }
}

impl History {
    /// `from` and `to` can be null, whatever the document says; such an entry tells nothing.
    fn status_change(&self, item: &Item, dialect: Dialect) -> Result<Option<StatusChange>, Lack> {
        let (Some(from), Some(to)) = (&item.from, &item.to) else { return Ok(None) };
        if item.field != "status" {
            return Ok(None);
        }
        let status = |id: &str, name: &Option<String>| StatusBean::of(id, name.clone().unwrap_or_default()).status();
        Ok(Some(StatusChange {
            at: self.created,
            by: self.author.as_ref().and_then(|author| dialect.identity(author)),
            from: status(from, &item.from_string)?,
            to: status(to, &item.to_string)?,
        }))
    }
}
