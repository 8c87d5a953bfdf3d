//! What the screens of transitions want: whether they take a resolution, and what else they demand. A field that is sent
//! to a screen without it is refused, and so is the lack of one that is required.

use std::collections::BTreeMap;

use parking_lot::Mutex;

use super::meta::Field;
use super::moving::{Lineage, Offer, Standing};
use super::{Client, Error};
use crate::flow::{IssueId, StatusId};

/// What a transition's screen says of itself. A hint, as Jira is known to leave out fields: what it then says to
/// [`Client::transition`] counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransitionScreen {
    /// Whether it takes a resolution.
    pub resolves: Resolves,
    /// The names of the other fields that must be set and have no default.
    pub demands: Vec<String>,
}

/// What a transition's screen says of the resolution.
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

impl TransitionScreen {
    /// Of a transition that has none.
    pub(super) const NONE: Self = Self { resolves: Resolves::Absent, demands: Vec::new() };

    fn of(fields: Vec<Field>) -> Self {
        let (resolution, others): (Vec<_>, Vec<_>) = fields.into_iter().partition(|field| field.id == "resolution");
        let resolves = resolution.into_iter().next().map_or(Resolves::Absent, |field| match field.must_be_set {
            true => Resolves::Needed(field.allowed),
            false => Resolves::Allowed(field.allowed),
        });
        let demands = others.into_iter().filter(|field| field.must_be_set).map(|field| field.name).collect();
        Self { resolves, demands }
    }
}

impl Client {
    /// The screens of transitions that were just offered to an issue, in their order. One request at most, none where
    /// Jira says that there is no screen, or where the same transition from the same status was looked at before, of an
    /// issue of that project and type. That is remembered until Jira answers a transition of this id with 400. Needs
    /// *Browse projects*.
    ///
    /// # Errors
    /// When Jira does not answer well, or the issue is missing.
    pub async fn screens_of(
        &self,
        issue: &IssueId,
        standing: &Standing,
        offers: &[&Offer],
    ) -> Result<Vec<TransitionScreen>, Error> {
        let unknown = |offer: &&&Offer| offer.has_screen != Some(false) && self.screens.of(standing, offer).is_none();
        let unknown: Vec<_> = offers.iter().filter(unknown).copied().collect();
        if !unknown.is_empty() {
            let mut told = self.screens_if_offered(issue, &unknown).await?;
            for offer in unknown {
                if let Some(fields) = told.remove(&offer.id) {
                    self.screens.learn(standing, offer, TransitionScreen::of(fields));
                }
            }
        }
        let screen = |offer: &&Offer| self.screens.of(standing, offer).unwrap_or(TransitionScreen::NONE);
        Ok(offers.iter().map(screen).collect())
    }
}

/// A transition, unmistakably: ids of transitions are unique within a workflow, which project and type decide.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Asked {
    id: String,
    from: StatusId,
    lineage: Lineage,
}

impl Asked {
    fn of(standing: &Standing, offer: &Offer) -> Self {
        Self { id: offer.id.clone(), from: standing.status.id.clone(), lineage: standing.lineage.clone() }
    }
}

/// What screens of transitions said.
#[derive(Default)]
pub(super) struct Screens(Mutex<BTreeMap<Asked, TransitionScreen>>);

impl Screens {
    /// More than the workflows of two projects have; beyond it all is forgotten, which costs requests only.
    const MOST: usize = 200;

    fn of(&self, standing: &Standing, offer: &Offer) -> Option<TransitionScreen> {
        let known = self.0.lock();
        known.get(&Asked::of(standing, offer)).cloned()
    }

    fn learn(&self, standing: &Standing, offer: &Offer, screen: TransitionScreen) {
        let mut known = self.0.lock();
        if known.len() >= Self::MOST {
            known.clear();
        }
        known.insert(Asked::of(standing, offer), screen);
    }

    /// Jira did not take a transition of this id.
    pub(super) fn forget(&self, id: &str) {
        self.0.lock().retain(|known, _| known.id != id);
    }
}
