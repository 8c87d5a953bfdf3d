//! Links between two issues: each end has its own entry, history and version.

use std::sync::Arc;

use super::hanging::{SideEffects, take};
use super::{Misfire, Remark};
use crate::issue::{By, Issue, Item};
use crate::link::IssueLink;
use crate::state::State;

/// A link to be, and what is said about it.
#[derive(Clone, Debug)]
pub(crate) struct Join {
    pub link: IssueLink,
    pub comment: Option<Remark>,
}

impl State {
    /// A link that is there already is not made again, but what is said about it is said all the same.
    pub(super) fn link(&mut self, by: &By, join: Join) -> Result<(), Misfire> {
        let link = Arc::new(join.link);
        let ends = [link.source, link.destination];
        let [Some(source), Some(_)] = ends.map(|id| self.issues.get(id).cloned()) else { return Err(Misfire) };
        if !source.links.iter().any(|it| it.joins_as(&link)) {
            ends.into_iter().for_each(|end| self.tie(by, end, &link));
        }
        match join.comment {
            None => Ok(()),
            Some(remark) => {
                self.edit(by, link.source, super::Edit { comments: vec![remark], ..super::Edit::default() })
            }
        }
    }

    pub(super) fn unlink(&mut self, by: &By, link: u64) -> Result<(), Misfire> {
        let link = self.issues.link(link).cloned().ok_or(Misfire)?;
        for end in [link.source, link.destination] {
            let Some(mut issue) = self.issues.get(end).cloned() else { continue };
            take(&mut Arc::make_mut(&mut issue).links, |it| it.id == link.id)?;
            let (says, other) = self.spoken(&link, end);
            let item = Item::go("Link", other.clone(), format!("This issue {says} {other}"));
            let told = SideEffects::told(format!("removed the link: {says} {other}"));
            self.renew(by, issue, SideEffects { items: vec![item], bumps: true, ..told });
        }
        Ok(())
    }

    /// The links of an issue that is about to go go with it; the other ends' changelogs do not mention it.
    pub(super) fn let_go(&mut self, by: &By, issue: &Issue) {
        for link in &issue.links {
            let (_, other) = link.seen_from(issue.id);
            let Some(mut other) = self.issues.get(other).cloned() else { continue };
            Arc::make_mut(&mut other).links.retain(|it| it.id != link.id);
            self.renew(by, other, SideEffects::default());
        }
    }

    fn tie(&mut self, by: &By, end: u64, link: &Arc<IssueLink>) {
        let Some(mut issue) = self.issues.get(end).cloned() else { return };
        Arc::make_mut(&mut issue).links.push(Arc::clone(link));
        let (says, other) = self.spoken(link, end);
        let item = Item::come("Link", other.clone(), format!("This issue {says} {other}"));
        let told = SideEffects::told(format!("linked it: {says} {other}"));
        self.renew(by, issue, SideEffects { items: vec![item], bumps: true, ..told });
    }

    /// How this end of a link speaks of the other, and the key of that other.
    fn spoken(&self, link: &IssueLink, end: u64) -> (&'static str, String) {
        let (says, other) = link.seen_from(end);
        (says, self.issues.get(other).map(|issue| issue.key()).unwrap_or_default())
    }
}

impl IssueLink {
    /// Whether the two links say the same.
    fn joins_as(&self, other: &Self) -> bool {
        (self.kind.id, self.source, self.destination) == (other.kind.id, other.source, other.destination)
    }
}
