//! What hangs on one issue: files, comments that are there already, properties, links to places elsewhere.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{Misfire, opening};
use crate::attachment::Attachment;
use crate::file::File;
use crate::issue::{By, Change, Comment, Issue, Item};
use crate::link::RemoteLink;
use crate::markup;
use crate::state::State;
use crate::visibility::Visibility;

/// One thing that comes, changes or goes. What is named by id must still be there when the time has come.
#[derive(Clone, Debug)]
pub(crate) enum Hanging {
    /// The files of one upload, which come together.
    Attach(Vec<Attached>),
    Detach(u64),
    Reword(Rewording),
    Unsay(u64),
    /// Without a value the property is removed.
    CommentProperty {
        comment: u64,
        key: String,
        value: Option<Value>,
    },
    DropProperty(String),
    /// Takes the place of the link of the same id, if there is one.
    Refer(RemoteLink),
    Unrefer(u64),
}

/// An attachment to be.
#[derive(Clone, Debug)]
pub(crate) struct Attached {
    pub id: u64,
    pub filename: String,
    pub mime: String,
    pub file: File,
}

/// How a comment is to change.
#[derive(Clone, Debug)]
pub(crate) struct Rewording {
    pub comment: u64,
    pub body: Value,
    /// Added to those it has.
    pub properties: BTreeMap<String, Value>,
    /// Left as it is if absent; `Some(None)` shows it to all readers.
    pub visibility: Option<Option<Visibility>>,
}

/// What a write leaves behind besides what it was for.
#[derive(Default)]
pub(super) struct SideEffects {
    /// For the changelog.
    pub items: Vec<Item>,
    /// For the journal.
    pub told: Vec<String>,
    /// Whether it makes the issue `updated`.
    pub bumps: bool,
}

impl State {
    pub(super) fn hang(&mut self, by: &By, id: u64, what: Hanging) -> Result<(), Misfire> {
        let mut issue = self.issues.get(id).cloned().ok_or(Misfire)?;
        let bumps = what.bumps(self.setup.remote_links_bump_updated);
        let effects = what.apply(by, Arc::make_mut(&mut issue))?;
        self.renew(by, issue, SideEffects { bumps, ..effects });
        Ok(())
    }

    /// A changed issue becomes its next version, with an entry in its changelog if there is anything to enter.
    pub(super) fn renew(&mut self, by: &By, mut shared: Arc<Issue>, effects: SideEffects) {
        let issue = Arc::make_mut(&mut shared);
        if !effects.items.is_empty() {
            let change = Change { id: self.next_id(), at: by.at, author: by.author.clone(), items: effects.items };
            issue.history.push(Arc::new(change));
        }
        issue.version += 1;
        if effects.bumps {
            issue.updated = issue.updated.max(by.at);
        }
        effects.told.into_iter().for_each(|what| self.tell(by, &shared, what));
        self.keep(by.at, shared);
    }
}

impl Hanging {
    fn bumps(&self, remote_links_do: bool) -> bool {
        match self {
            Self::Attach(_) | Self::Detach(_) | Self::Reword(_) | Self::Unsay(_) => true,
            Self::DropProperty(_) => super::PROPERTIES_BUMP_UPDATED,
            Self::CommentProperty { .. } => false,
            Self::Refer(_) | Self::Unrefer(_) => remote_links_do,
        }
    }

    fn apply(self, by: &By, issue: &mut Issue) -> Result<SideEffects, Misfire> {
        match self {
            Self::Attach(files) => Ok(files.into_iter().map(|file| issue.attach(by, file)).collect()),
            Self::Detach(id) => issue.detach(id),
            Self::Reword(rewording) => issue.reword(by, rewording),
            Self::Unsay(id) => issue.unsay(id),
            Self::CommentProperty { comment, key, value } => issue.set_comment_property(comment, key, value),
            Self::DropProperty(key) => {
                issue.properties.remove(&key).ok_or(Misfire)?;
                Ok(SideEffects::told(format!("removed the property {key}")))
            }
            Self::Refer(link) => Ok(issue.refer(link)),
            Self::Unrefer(id) => issue.unrefer(id),
        }
    }
}

impl Issue {
    fn attach(&mut self, by: &By, file: Attached) -> SideEffects {
        let told = format!("attached {}", file.filename);
        let item = Item::come("Attachment", file.id.to_string(), file.filename.clone());
        self.attachments.push(Arc::new(file.by(&by.author, by.at)));
        SideEffects { items: vec![item], ..SideEffects::told(told) }
    }

    fn detach(&mut self, id: u64) -> Result<SideEffects, Misfire> {
        let gone = take(&mut self.attachments, |it| it.id == id)?;
        let item = Item::go("Attachment", id.to_string(), gone.filename.clone());
        Ok(SideEffects { items: vec![item], ..SideEffects::told(format!("removed {}", gone.filename)) })
    }

    fn reword(&mut self, by: &By, new: Rewording) -> Result<SideEffects, Misfire> {
        let comment = self.comment_mut(new.comment)?;
        new.apply(comment, &by.author, by.at);
        Ok(SideEffects::told(format!("changed a comment to {}", opening(&markup::text(&comment.body)))))
    }

    fn unsay(&mut self, id: u64) -> Result<SideEffects, Misfire> {
        let gone = take(&mut self.comments, |it| it.id == id)?;
        Ok(SideEffects::told(format!("removed the comment {}", opening(&markup::text(&gone.body)))))
    }

    fn set_comment_property(
        &mut self,
        comment: u64,
        key: String,
        value: Option<Value>,
    ) -> Result<SideEffects, Misfire> {
        let properties = &mut self.comment_mut(comment)?.properties;
        match value {
            Some(value) => drop(properties.insert(key, value)),
            None => drop(properties.remove(&key).ok_or(Misfire)?),
        }
        Ok(SideEffects::default())
    }

    fn comment_mut(&mut self, id: u64) -> Result<&mut Comment, Misfire> {
        self.comments.iter_mut().find(|it| it.id == id).map(Arc::make_mut).ok_or(Misfire)
    }

    fn refer(&mut self, link: RemoteLink) -> SideEffects {
        // Two requests with one global id can both find none when they come; the second then becomes a change.
        let same_global_id = |it: &RemoteLink| it.global_id.is_some() && it.global_id == link.global_id;
        if let Some(known) = self.remote_links.iter_mut().find(|it| it.id == link.id || same_global_id(it)) {
            *known = Arc::new(RemoteLink { id: known.id, ..link });
            return SideEffects::default();
        }
        let told = link.told();
        let item = Item::come("RemoteIssueLink", link.id.to_string(), told.clone());
        self.remote_links.push(Arc::new(link));
        SideEffects { items: vec![item], ..SideEffects::told(format!("added a link: {told}")) }
    }

    fn unrefer(&mut self, id: u64) -> Result<SideEffects, Misfire> {
        let told = take(&mut self.remote_links, |it| it.id == id)?.told();
        let item = Item::go("RemoteIssueLink", id.to_string(), told.clone());
        Ok(SideEffects { items: vec![item], ..SideEffects::told(format!("removed a link: {told}")) })
    }
}

impl Attached {
    /// The same file once more, under another id.
    pub(crate) fn copy_of(file: &Attachment, id: u64) -> Self {
        Self { id, filename: file.filename.clone(), mime: file.mime.clone(), file: file.file.clone() }
    }

    /// What it becomes.
    pub(crate) fn by(self, author: &str, created: DateTime<Utc>) -> Attachment {
        let Self { id, filename, mime, file } = self;
        Attachment { id, filename, mime, author: author.into(), created, file }
    }
}

impl Rewording {
    pub(crate) fn apply(self, comment: &mut Comment, editor: &str, at: DateTime<Utc>) {
        comment.body = self.body;
        comment.properties.extend(self.properties);
        comment.visibility = self.visibility.unwrap_or(comment.visibility.take());
        comment.updated = at;
        comment.editor = editor.into();
    }
}

/// Takes the first that fits out of the list.
pub(super) fn take<T>(list: &mut Vec<Arc<T>>, fits: impl Fn(&T) -> bool) -> Result<Arc<T>, Misfire> {
    let place = list.iter().position(|it| fits(it)).ok_or(Misfire)?;
    Ok(list.remove(place))
}

impl SideEffects {
    pub(super) fn told(what: String) -> Self {
        Self { told: vec![what], ..Self::default() }
    }
}

impl FromIterator<SideEffects> for SideEffects {
    fn from_iter<I: IntoIterator<Item = SideEffects>>(all_effects: I) -> Self {
        all_effects.into_iter().fold(Self::default(), |mut all, effects| {
            all.items.extend(effects.items);
            all.told.extend(effects.told);
            all
        })
    }
}

impl Item {
    /// Something with an id that was not there before.
    pub(super) fn come(field: &'static str, id: String, name: String) -> Self {
        Self { field: field.into(), custom: None, from: None, from_text: None, to: Some(id), to_text: Some(name) }
    }

    /// Something with an id that is no longer there.
    pub(super) fn go(field: &'static str, id: String, name: String) -> Self {
        Self { field: field.into(), custom: None, from: Some(id), from_text: Some(name), to: None, to_text: None }
    }
}
