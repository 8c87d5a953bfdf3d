//! An issue's changelog. Of what an answer holds only changes of status and of the description are read.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::Lack;
use super::entries::{Entries, or_none};
use super::issue::StatusBean;
use super::overwritten::{self, RawText, TextChange};
use super::time::time;
use super::user::User;
use crate::flow::{AccountId, Body, JiraTime, StatusChange};
use crate::foreign::Mask;
use crate::jira::dialect::Dialect;

/// `changelog` of an issue.
#[derive(Deserialize)]
pub(super) struct Changelog {
    #[serde(default, deserialize_with = "or_none")]
    histories: Entries<History>,
    total: Option<usize>,
}

/// What somebody changed at one moment.
#[derive(Deserialize)]
pub(in crate::jira) struct History {
    id: Option<String>,
    author: Option<User>,
    #[serde(deserialize_with = "time")]
    created: JiraTime,
    /// None of them may be missing: what the changelog lacks counts as not having happened.
    #[serde(default)]
    items: Vec<Item>,
}

/// One thing that changed. `from` and `to` are ids. Of fields that are not read nothing but their name matters.
#[derive(Deserialize)]
#[serde(try_from = "ItemBean")]
enum Item {
    Status { from: Option<String>, to: Option<String>, from_name: String, name: String },
    Description { from: RawText, to: RawText },
    Other,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ItemBean {
    field: String,
    from: Option<Box<RawValue>>,
    from_string: Option<Box<RawValue>>,
    to: Option<Box<RawValue>>,
    to_string: Option<Box<RawValue>>,
}

impl TryFrom<ItemBean> for Item {
    type Error = serde_json::Error;

    fn try_from(bean: ItemBean) -> Result<Self, serde_json::Error> {
        let text = |raw: Option<Box<RawValue>>| raw.map(|raw| serde_json::from_str::<String>(raw.get())).transpose();
        Ok(match bean.field.as_str() {
            "status" => Self::Status {
                from: text(bean.from)?,
                to: text(bean.to)?,
                from_name: text(bean.from_string)?.unwrap_or_default(),
                name: text(bean.to_string)?.unwrap_or_default(),
            },
            "description" => Self::Description { from: RawText(bean.from_string), to: RawText(bean.to_string) },
            _ => Self::Other,
        })
    }
}

/// Who reads a changelog.
#[derive(Clone, Copy)]
pub(in crate::jira) struct Reader<'a> {
    pub dialect: Dialect,
    /// Our account.
    pub us: &'a AccountId,
    /// Hides our credentials in what is told of an answer.
    pub mask: &'a Mask,
}

/// Which changes another request answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::jira) enum Completed {
    /// All changes of status.
    Statuses,
    /// All changes of status and of the description.
    StatusesAndTexts,
}

impl Changelog {
    /// Whether there may be more of it than was answered. `total` alone proves nothing: by Cloud's document it counts
    /// what is on the page.
    pub(super) fn may_be_short(&self, most: Option<usize>) -> bool {
        let have = self.histories.len();
        self.total.is_some_and(|total| total > have) || most.is_some_and(|most| have >= most)
    }

    /// Whether older changes of the description than were answered must be known to tell what we overwrote.
    pub(super) fn needs_older_texts(&self, reader: Reader<'_>) -> bool {
        let known_from = self.histories.readable().map(|history| history.created).min();
        overwritten::is_open(&self.text_changes(reader), known_from)
    }

    /// Takes in what another request answered of the same changelog. Texts of a request that did not ask for all of
    /// them are no history of the text.
    pub(super) fn complete(&mut self, more: Entries<History>, completed: Completed) {
        let known: BTreeSet<_> = self.histories.readable().filter_map(|history| history.id.clone()).collect();
        let is_news = |history: &History| history.id.as_ref().is_none_or(|id| !known.contains(id));
        let mut new: Vec<_> = more.into_each().filter(|entry| entry.as_ref().ok().is_none_or(is_news)).collect();
        if completed == Completed::Statuses {
            let is_text = |item: &Item| matches!(item, Item::Description { .. });
            new.iter_mut().flatten().for_each(|history| history.items.retain(|item| !is_text(item)));
        }
        // Answered oldest first, where ours are newest first.
        new.reverse();
        self.histories.extend(new);
        self.total = None;
    }

    /// Every change of status, oldest first. An entry that can't be read may be one.
    pub(super) fn status_changes(&self, dialect: Dialect) -> Result<Vec<StatusChange>, Lack> {
        if let Some(entry) = self.histories.first_unreadable() {
            return Err(format!("an entry of its changelog can't be read: {}", entry.lack));
        }
        let mut changes = Vec::new();
        for history in self.in_order() {
            for item in &history.items {
                changes.extend(history.status_change(item, dialect)?);
            }
        }
        Ok(changes)
    }

    /// The text that our last edit of the description replaced unread. Nothing of a changelog of which the newest part
    /// may be lacking.
    pub(super) fn overwritten(&self, reader: Reader<'_>) -> Option<Body> {
        let is_short = self.total.is_some_and(|total| total > self.histories.len());
        if is_short { None } else { overwritten::overwritten(&self.text_changes(reader)) }
    }

    /// Every change of the description, oldest first.
    fn text_changes(&self, reader: Reader<'_>) -> Vec<TextChange<'_>> {
        let texts = |history| texts_of(history, reader);
        self.in_order().into_iter().flat_map(texts).collect()
    }

    /// Oldest first. Cloud answers the newest first, Data Center the oldest; of one instant the smaller id is older,
    /// and without ids they are taken for newest first.
    fn in_order(&self) -> Vec<&History> {
        let mut all: Vec<_> = self.histories.readable().collect();
        all.reverse();
        all.sort_by_key(|history| (history.created, history.number()));
        all
    }
}

fn texts_of<'a>(history: &'a History, reader: Reader<'_>) -> impl Iterator<Item = TextChange<'a>> {
    let by = history.author.as_ref().and_then(|author| reader.dialect.identity(author));
    let (at, ours) = (history.created, by.as_ref() == Some(reader.us));
    history.items.iter().filter_map(move |item| match item {
        Item::Description { from, to } => Some(TextChange { at, ours, from, to }),
        Item::Status { .. } | Item::Other => None,
    })
}

impl History {
    fn number(&self) -> Option<u64> {
        self.id.as_deref()?.parse().ok()
    }

    /// `from` and `to` can be null, whatever the document says; such an entry tells nothing.
    fn status_change(&self, item: &Item, dialect: Dialect) -> Result<Option<StatusChange>, Lack> {
        let Item::Status { from: Some(from), to: Some(to), from_name, name } = item else { return Ok(None) };
        Ok(Some(StatusChange {
            at: self.created,
            by: self.author.as_ref().and_then(|author| dialect.identity(author)),
            from: StatusBean::of(from, from_name.clone()).status()?,
            to: StatusBean::of(to, name.clone()).status()?,
        }))
    }
}
