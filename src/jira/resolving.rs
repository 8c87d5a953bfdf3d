//! Whether a transition wants to be told a resolution. One that is sent to a screen without it is refused, and so is
//! the lack of one that is required.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::moving::{Lineage, Offer, Standing};
use super::{Client, Error};
use crate::flow::{IssueId, StatusId};

/// What a transition's screen says of the resolution. A hint, as Jira is known to leave out fields: what it then says to
/// [`Client::transition`] counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolves {
    /// It is not on the screen, or there is no screen: one that is sent is refused.
    Absent,
    /// One may be set: any of these, or any at all where Jira does not limit them.
    Allowed(Option<Vec<String>>),
    /// One must be set: any of these, or any at all where Jira does not limit them.
    Needed(Option<Vec<String>>),
}

impl Resolves {
    /// The resolution of this name, without case, as Jira writes it; `None` if it can't be set here.
    #[must_use]
    pub fn named<'a>(&'a self, wanted: &'a str) -> Option<&'a str> {
        match self {
            Self::Absent => None,
            Self::Allowed(None) | Self::Needed(None) => Some(wanted),
            Self::Allowed(Some(names)) | Self::Needed(Some(names)) => {
                let same = |name: &&String| name.trim().to_lowercase() == wanted.trim().to_lowercase();
                names.iter().find(same).map(String::as_str)
            }
        }
    }
}

impl Client {
    /// Whether a transition that was just offered to an issue takes a resolution. One request at most, none where Jira
    /// says that there is no screen, or where the same transition from the same status was looked at before, of an
    /// issue of that project and type. That is remembered until Jira answers a transition of this id with 400. Needs
    /// *Browse projects*.
    ///
    /// # Errors
    /// When Jira does not answer well, or the issue is missing.
    pub async fn asks_for_resolution(
        &self,
        issue: &IssueId,
        standing: &Standing,
        offer: &Offer,
    ) -> Result<Resolves, Error> {
        if offer.has_screen == Some(false) {
            return Ok(Resolves::Absent);
        }
        let of = Asked { id: offer.id.clone(), from: standing.status.id.clone(), lineage: standing.lineage.clone() };
        if let Some(known) = self.resolutions.of(&of) {
            return Ok(known);
        }
        let Some(screen) = self.screen_if_offered(issue, offer).await? else { return Ok(Resolves::Absent) };
        let resolution = screen.into_iter().find(|field| field.id == "resolution");
        let resolves = resolution.map_or(Resolves::Absent, |field| match field.must_be_set {
            true => Resolves::Needed(field.allowed),
            false => Resolves::Allowed(field.allowed),
        });
        self.resolutions.learn(of, resolves.clone());
        Ok(resolves)
    }
}

/// A transition, unmistakably: ids of transitions are unique within a workflow, which project and type decide.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Asked {
    id: String,
    from: StatusId,
    lineage: Lineage,
}

/// What screens of transitions said.
#[derive(Default)]
pub(super) struct Resolutions(Mutex<BTreeMap<Asked, Resolves>>);

impl Resolutions {
    /// More than the workflows of two projects have; beyond it all is forgotten, which costs requests only.
    const MOST: usize = 200;

    fn of(&self, transition: &Asked) -> Option<Resolves> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(transition).cloned()
    }

    fn learn(&self, transition: Asked, resolves: Resolves) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= Self::MOST {
            known.clear();
        }
        known.insert(transition, resolves);
    }

    /// Jira did not take a transition of this id.
    pub(super) fn forget(&self, id: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|known, _| known.id != id);
    }
}
