//! Writes: what they are, and how they change an issue.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::issue::{By, Change, Comment, Issue, Item, Via};
use super::markup;
use super::stamp;
use super::state::{Destination, State};
use super::values::{FieldValue, Touch};
use super::visibility::Visibility;
use super::workflow::{Status, Transition};

mod hanging;
mod joining;
mod telling;

pub(super) use hanging::{Attached, Hanging, Rewording};
pub(super) use joining::Join;
use telling::{opening, tell_item};

/// One write, and who does it.
#[derive(Clone, Debug)]
pub(super) struct Effect {
    /// By which its answer asks how it went.
    pub id: u64,
    /// An account id.
    pub author: String,
    pub via: Via,
    pub write: Write,
}

#[derive(Clone, Debug)]
pub(super) enum Write {
    Create(Draft),
    /// A copy of an issue, and its link to the original.
    Clone(Box<Draft>, Join),
    Edit {
        issue: u64,
        edit: Edit,
    },
    Move {
        issue: u64,
        to: Destination,
    },
    Restrict {
        issue: u64,
        viewers: Option<BTreeSet<String>>,
    },
    Delete {
        issue: u64,
    },
    /// Something that hangs on this issue comes, changes or goes.
    Hang {
        issue: u64,
        what: Hanging,
    },
    Link(Join),
    /// The id of a link between issues.
    Unlink {
        link: u64,
    },
}

/// An issue to be, valid already; its id and number were given away when it was asked for.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub id: u64,
    pub project: String,
    pub number: u64,
    pub kind: String,
    pub summary: String,
    /// As ADF on Cloud, as a string of wiki markup on Data Center; so all rich texts.
    pub description: Option<Value>,
    pub values: BTreeMap<String, FieldValue>,
    pub properties: BTreeMap<String, Value>,
    /// The id of a transition that it takes at once.
    pub transition: Option<String>,
    /// The accounts that may see it; if absent, all that may browse the project.
    pub viewers: Option<BTreeSet<String>>,
    /// What is attached to it from the start.
    pub files: Vec<Attached>,
}

/// Changes to one issue that happen together or not at all. (That Jira keeps `fields`, `update` and `properties` of one
/// request together is believed, not documented.)
#[derive(Clone, Debug, Default)]
pub(super) struct Edit {
    pub summary: Option<String>,
    /// `Some(None)` empties it.
    pub description: Option<Option<Value>>,
    /// Changes to other fields, in this order.
    pub touches: Vec<Touch>,
    /// The id of a transition, which must still be offered when the time has come.
    pub transition: Option<String>,
    pub comments: Vec<Remark>,
    pub properties: BTreeMap<String, Value>,
}

/// A comment to be.
#[derive(Clone, Debug)]
pub(super) struct Remark {
    pub id: u64,
    pub body: Value,
    pub properties: BTreeMap<String, Value>,
    /// For all readers if absent.
    pub visibility: Option<Visibility>,
}

/// The write had become impossible by the time it was due: its issue is gone, or has moved on.
#[derive(Debug)]
pub(super) struct Misfire;

/// Whether a write of properties alone makes an issue `updated`. How Cloud behaves is not documented; yes is the harder
/// case for a client that watches `updated`, since it then sees its own marks as changes.
const PROPERTIES_BUMP_UPDATED: bool = true;

impl State {
    pub(super) fn carry_out(&mut self, at: DateTime<Utc>, effect: Effect) -> Result<(), Misfire> {
        let at = stamp::whole_millis(at);
        let by = By { at, author: effect.author, via: effect.via };
        match effect.write {
            Write::Create(draft) => self.create(&by, draft),
            Write::Clone(draft, join) => self.create(&by, *draft).and_then(|()| self.link(&by, join)),
            Write::Edit { issue, edit } => self.edit(&by, issue, edit),
            Write::Move { issue, to } => self.move_to_project(&by, issue, to),
            Write::Restrict { issue, viewers } => self.restrict(&by, issue, viewers),
            Write::Delete { issue } => self.delete(&by, issue),
            Write::Hang { issue, what } => self.hang(&by, issue, what),
            Write::Link(join) => self.link(&by, join),
            Write::Unlink { link } => self.unlink(&by, link),
        }
    }

    fn create(&mut self, by: &By, draft: Draft) -> Result<(), Misfire> {
        let home = self.projects.get(&draft.project).ok_or(Misfire)?;
        let status = home.project.workflow.statuses.first().ok_or(Misfire)?.clone();
        let transition = draft.transition.clone();
        let issue = Arc::new(draft.born(by, status));
        self.tell(by, &issue, format!("reported “{}”", issue.summary));
        self.keep(by.at, Arc::clone(&issue));
        self.notice(by.at, issue.id);
        let moved = |transition| self.edit(by, issue.id, Edit { transition: Some(transition), ..Edit::default() });
        transition.map_or(Ok(()), moved)
    }

    fn edit(&mut self, by: &By, id: u64, edit: Edit) -> Result<(), Misfire> {
        let mut shared = self.issues.get(id).cloned().ok_or(Misfire)?;
        let target = edit.transition.as_deref().map(|wanted| self.target(&shared, wanted)).transpose()?;
        let moved = target.is_some();
        if moved {
            self.issues.note_move(id, by.at);
        }
        let issue = Arc::make_mut(&mut shared);
        let bumps = PROPERTIES_BUMP_UPDATED || !edit.only_properties();
        let told = edit.tell();
        let items = issue.change(by, &edit, target);
        let told: Vec<String> = items.iter().map(tell_item).chain(told).collect();
        self.chronicle(by, issue, items);
        issue.take(by, edit, bumps);
        told.into_iter().for_each(|what| self.tell(by, &shared, what));
        self.keep(by.at, shared);
        if moved && by.via == Via::Api {
            self.notice(by.at, id);
        }
        Ok(())
    }

    fn delete(&mut self, by: &By, id: u64) -> Result<(), Misfire> {
        let issue = self.issues.get(id).cloned().ok_or(Misfire)?;
        self.tell(by, &issue, "deleted it".into());
        self.let_go(by, &issue);
        self.remove(by.at, issue);
        Ok(())
    }

    /// Adds an entry to the changelog, unless nothing changed.
    pub(super) fn chronicle(&mut self, by: &By, issue: &mut Issue, items: Vec<Item>) {
        if !items.is_empty() {
            let change = Change { id: self.next_id(), at: by.at, author: by.author.clone(), items };
            issue.history.push(Arc::new(change));
        }
    }

    /// This transition and where it leads, if the issue is offered it.
    fn target(&self, issue: &Issue, transition: &str) -> Result<(Transition, Status), Misfire> {
        let workflow = &self.projects.get(&issue.project).ok_or(Misfire)?.project.workflow;
        let chosen = workflow.offered(&issue.status.id).find(|it| it.id == transition).ok_or(Misfire)?;
        let status = workflow.status(&chosen.to).cloned().ok_or(Misfire)?;
        Ok((chosen.clone(), status))
    }
}

impl Draft {
    fn born(self, by: &By, status: Status) -> Issue {
        Issue {
            id: self.id,
            version: 1,
            project: self.project,
            number: self.number,
            kind: self.kind,
            summary: self.summary,
            description: self.description,
            status,
            values: self.values,
            resolved: None,
            viewers: self.viewers,
            comments: Vec::new(),
            attachments: self.files.into_iter().map(|file| Arc::new(file.by(&by.author, by.at))).collect(),
            links: Vec::new(),
            remote_links: Vec::new(),
            properties: self.properties,
            history: Vec::new(),
            created: by.at,
            updated: by.at,
            creator: by.author.clone(),
        }
    }
}

impl Write {
    /// The rich texts it brings.
    pub(super) fn texts(&mut self) -> impl Iterator<Item = &mut Value> {
        let (single, comments): (_, &mut [Remark]) = match self {
            Self::Create(draft) => (draft.description.as_mut(), &mut []),
            Self::Edit { edit, .. } => (edit.description.as_mut().and_then(Option::as_mut), &mut edit.comments),
            Self::Hang { what: Hanging::Reword(new), .. } => (Some(&mut new.body), &mut []),
            Self::Link(join) => (join.comment.as_mut().map(|remark| &mut remark.body), &mut []),
            // A copy's description is in the site's own form already.
            Self::Clone(..)
            | Self::Hang { .. }
            | Self::Move { .. }
            | Self::Restrict { .. }
            | Self::Delete { .. }
            | Self::Unlink { .. } => (None, &mut []),
        };
        single.into_iter().chain(comments.iter_mut().map(|remark| &mut remark.body))
    }
}

impl Edit {
    fn only_properties(&self) -> bool {
        let fields = self.summary.is_some() || self.description.is_some() || self.transition.is_some();
        !fields && self.touches.is_empty() && self.comments.is_empty()
    }

    /// What a person would say about those parts that leave no entry in the changelog.
    fn tell(&self) -> Vec<String> {
        let comments = self.comments.iter().map(|it| format!("commented: {}", opening(&markup::text(&it.body))));
        comments.chain(self.properties.keys().map(|key| format!("set the property {key}"))).collect()
    }
}

impl Issue {
    /// Changes fields and status; answers what really changed.
    fn change(&mut self, by: &By, edit: &Edit, target: Option<(Transition, Status)>) -> Vec<Item> {
        let summary = edit.summary.clone().and_then(|summary| self.rename(summary));
        let description = edit.description.clone().and_then(|description| self.describe(description));
        let mut touches = edit.touches.clone();
        let status = target.map(|(transition, status)| {
            touches.extend(transition.resolves.touch());
            self.move_to(status)
        });
        let touched: Vec<Item> = touches.into_iter().flat_map(|touch| self.touch(by, touch)).collect();
        [summary, description, status].into_iter().flatten().chain(touched).collect()
    }

    fn rename(&mut self, summary: String) -> Option<Item> {
        let old = std::mem::replace(&mut self.summary, summary);
        (old != self.summary).then(|| Item::text("summary", Some(old), Some(self.summary.clone())))
    }

    fn describe(&mut self, description: Option<Value>) -> Option<Item> {
        let old = std::mem::replace(&mut self.description, description);
        // Changelogs tell texts as wiki markup, on Cloud too.
        let text = |body: &Option<Value>| body.as_ref().map(markup::to_wiki);
        (old != self.description).then(|| Item::text("description", text(&old), text(&self.description)))
    }

    pub(super) fn move_to(&mut self, status: Status) -> Item {
        let old = std::mem::replace(&mut self.status, status);
        let new = &self.status;
        Item::system("status", Some((&old.id, &old.name)), Some((&new.id, &new.name)))
    }

    /// Takes what leaves no entry in the changelog, and becomes a new version.
    fn take(&mut self, by: &By, edit: Edit, bumps: bool) {
        self.comments.extend(edit.comments.into_iter().map(|remark| Arc::new(remark.said(&by.author, by.at))));
        self.properties.extend(edit.properties);
        self.version += 1;
        if bumps {
            self.updated = self.updated.max(by.at);
        }
    }
}

impl Remark {
    pub(super) fn said(self, author: &str, at: DateTime<Utc>) -> Comment {
        Comment {
            id: self.id,
            author: author.into(),
            body: self.body,
            properties: self.properties,
            visibility: self.visibility,
            created: at,
            updated: at,
            editor: author.into(),
        }
    }
}
