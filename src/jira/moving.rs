//! From one status to another.

use std::collections::BTreeMap;
use std::time::Duration;

use http::Method;
use parking_lot::Mutex;
use serde_json::json;
use tokio::time::Instant;

use super::field::Fields;
use super::meta::Field;
use super::{Client, Error, Fault, get, wire, write};
use crate::flow::{IssueId, Status, StatusName};
use crate::foreign::Mask;

/// Where an issue stands, and where it can go from there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its status now.
    pub status: Status,
    /// Whether that status is of the category "done".
    pub is_done: bool,
    /// The name of the resolution that it has, in whatever status.
    pub resolution: Option<String>,
    /// What Jira offers us; nothing also when we lack *Transition issues*.
    pub offers: Vec<Offer>,
    pub(super) lineage: Lineage,
}

/// What decides by which workflow an issue goes: its project and the name of its type.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Lineage {
    pub project: String,
    pub issue_type: String,
}

/// A transition that can be made now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Jira's id of it; good only for this moment.
    pub id: String,
    /// Its own name, which is not its target's.
    pub name: String,
    /// Where it leads; `None` where Jira does not say.
    pub to: Option<Status>,
    /// Whether that status is of the category "done".
    pub is_done: bool,
    /// Whether it has a screen; `None` where Jira does not say.
    pub has_screen: Option<bool>,
}

impl Standing {
    /// The transitions that *lead* to the status of this name, in Jira's order; else those of that *name*, since people
    /// mix them up. Each workflow names its transitions as it likes, and their ids are good for one moment only.
    #[must_use]
    pub fn offers_to(&self, status: &StatusName) -> Vec<&Offer> {
        let leading: Vec<_> =
            self.offers.iter().filter(|offer| offer.to.as_ref().is_some_and(|to| to.name == *status)).collect();
        match leading.is_empty() {
            true => self.offers.iter().filter(|offer| StatusName::new(&offer.name) == *status).collect(),
            false => leading,
        }
    }
}

impl Client {
    /// Where an issue stands and where it can go, in one request; in none if a fresh read has just told it. Needs
    /// *Browse projects*.
    ///
    /// # Errors
    /// When Jira does not answer well, or the issue is missing.
    pub async fn standing(&self, issue: &IssueId) -> Result<Standing, Error> {
        match self.standings.take(issue, self.clock.now()) {
            Some(standing) => Ok(standing),
            None => self.standing_now(issue).await,
        }
    }

    /// The same, always by a request.
    ///
    /// # Errors
    /// As [`Client::standing`].
    pub async fn standing_now(&self, issue: &IssueId) -> Result<Standing, Error> {
        let path = self.dialect.api(&format!("issue/{issue}?fields=status,issuetype,resolution&expand=transitions"));
        let mut bean: wire::IssueBean = self.json(get(path, "issue").of_one_issue()).await?.value;
        standing_of(&mut bean, self.caller.mask()).map_err(|lack| self.unreadable("issue", &lack))
    }

    /// Keeps for a moment what a fresh read told of where issues can go.
    pub(super) fn learn_standings(&self, beans: &mut [wire::IssueBean]) {
        let now = self.clock.now();
        for bean in beans {
            // One that is not to be understood, or offers nothing, is asked again by whoever needs it.
            if let (Ok(id), Ok(standing)) = (bean.id().parse(), standing_of(bean, self.caller.mask()))
                && !standing.offers.is_empty()
            {
                self.standings.learn(id, standing, now);
            }
        }
    }

    /// The fields on a transition's screen: a hint, since Jira is known to leave some out. What it then says to
    /// [`Client::transition`] counts. Empty when the transition is no longer offered.
    ///
    /// # Errors
    /// When Jira does not answer well, or the issue is missing.
    pub async fn screen(&self, issue: &IssueId, offer: &Offer) -> Result<Vec<Field>, Error> {
        Ok(self.screens_if_offered(issue, &[offer]).await?.remove(&offer.id).unwrap_or_default())
    }

    /// See [`Client::screen`], of several transitions in one request, by their ids; without those that are no longer
    /// offered.
    pub(super) async fn screens_if_offered(
        &self,
        issue: &IssueId,
        offers: &[&Offer],
    ) -> Result<BTreeMap<String, Vec<Field>>, Error> {
        let one = if let [offer] = offers { format!("transitionId={}&", offer.id) } else { String::new() };
        let path = format!("issue/{issue}/transitions?{one}expand=transitions.fields");
        let ask = get(self.dialect.api(&path), "transitions").of_one_issue();
        let offered: wire::Transitions = self.json(ask).await?.value;
        let readable = offered.transitions.into_readable(issue.as_str(), self.caller.mask());
        let wanted = readable.into_iter().filter(|it| offers.iter().any(|offer| offer.id == it.id));
        let fields = |it: wire::TransitionBean| it.fields.into_iter().map(|(id, bean)| Field::of(id, bean)).collect();
        Ok(wanted.map(|it| (it.id.clone(), fields(it))).collect())
    }

    /// Makes a transition, setting fields of its screen, such as `resolution`: a field that is not on the screen is
    /// refused, and so is the lack of a required one. Needs *Transition issues*.
    ///
    /// On Data Center an offer that no longer holds can end in a 500, so in doubt; the changelog then tells.
    ///
    /// # Errors
    /// When it was not made, or nobody knows. [`Conflict`](super::Fault::Conflict) when another one is under way.
    pub async fn transition(&self, issue: &IssueId, offer: &Offer, fields: &Fields) -> Result<(), Error> {
        let path = self.dialect.api(&format!("issue/{issue}/transitions"));
        let mut body = json!({"transition": {"id": offer.id}});
        for (id, value) in fields {
            body["fields"][id] = value.to_jira();
        }
        let made = self.caller.done(write(Method::POST, path, body, "transition").of_one_issue()).await;
        if made.as_ref().is_err_and(|error| matches!(error.what, Fault::Invalid(_))) {
            self.screens.forget(&offer.id);
        }
        made
    }
}

fn standing_of(bean: &mut wire::IssueBean, mask: &Mask) -> Result<Standing, wire::Lack> {
    let (status, offers) = bean.standing(mask)?;
    let offers = offers.into_iter().map(|offer| {
        let wire::TransitionBean { id, name, to, has_screen, .. } = offer;
        let is_done = to.as_ref().is_some_and(wire::StatusBean::is_done);
        Offer { id, name, to: to.and_then(|to| to.status().ok()), is_done, has_screen }
    });
    let (is_done, resolution) = (bean.is_done(), bean.resolution());
    Ok(Standing { status, is_done, resolution, offers: offers.collect(), lineage: bean.lineage() })
}

/// What fresh reads told of where issues stand and can go. Each is good for one use within a moment: as if it had been
/// asked for that use.
#[derive(Default)]
pub(super) struct Standings(Mutex<BTreeMap<IssueId, (Instant, Standing)>>);

impl Standings {
    /// Short, since a person may move the issue meanwhile; long enough for the requests in between.
    const MOMENT: Duration = Duration::from_secs(2);

    fn learn(&self, issue: IssueId, standing: Standing, now: Instant) {
        let mut known = self.0.lock();
        known.retain(|_, (at, _)| is_of_the_moment(*at, now));
        known.insert(issue, (now, standing));
    }

    fn take(&self, issue: &IssueId, now: Instant) -> Option<Standing> {
        let (at, standing) = self.0.lock().remove(issue)?;
        is_of_the_moment(at, now).then_some(standing)
    }
}

fn is_of_the_moment(at: Instant, now: Instant) -> bool {
    now.saturating_duration_since(at) <= Standings::MOMENT
}
