//! From one status to another.

use http::Method;
use serde_json::json;

use super::field::Fields;
use super::meta::Field;
use super::{Client, Error, get, strange, wire, write};
use crate::flow::{IssueId, Status, StatusName};

/// Where an issue stands, and where it can go from there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its status now.
    pub status: Status,
    /// What Jira offers us; nothing also when we lack *Transition issues*.
    pub offers: Vec<Offer>,
}

/// A transition that can be made now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Jira's id of it; good only for this moment.
    pub id: String,
    /// Its own name, which is not its target's.
    pub name: String,
    /// Where it leads.
    pub to: Status,
    /// Whether that status is of the category "done".
    pub is_done: bool,
}

impl Standing {
    /// A transition that *leads* to the status of this name; else one of that *name*, since people mix them up. Names
    /// of transitions are made up by each workflow, and their ids are remembered by nobody.
    #[must_use]
    pub fn offer_to(&self, status: &StatusName) -> Option<&Offer> {
        let leading = self.offers.iter().find(|offer| offer.to.name == *status);
        leading.or_else(|| self.offers.iter().find(|offer| StatusName::new(&offer.name) == *status))
    }
}

impl Client {
    /// Where an issue stands and where it can go, in one request. Needs *Browse projects*.
    ///
    /// # Errors
    /// When Jira does not answer well, or the issue is missing.
    pub async fn standing(&self, issue: &IssueId) -> Result<Standing, Error> {
        let path = self.dialect.api(&format!("issue/{issue}?fields=status&expand=transitions"));
        let bean: wire::IssueBean = self.json(get(path, "issue").of_one_issue()).await?.value;
        let (status, offers) = bean.standing().map_err(|lack| strange("issue", &lack))?;
        let offers = offers.into_iter().map(|offer| {
            let wire::TransitionBean { id, name, to, .. } = offer;
            let is_done = to.is_done();
            to.status().map(|to| Offer { id, name, to, is_done }).map_err(|lack| strange("issue", &lack))
        });
        Ok(Standing { status, offers: offers.collect::<Result<_, _>>()? })
    }

    /// The fields on a transition's screen: a hint, since Jira is known to leave some out. What it then says to
    /// [`Client::transition`] counts. Empty when the transition is no longer offered.
    ///
    /// # Errors
    /// When Jira does not answer well, or the issue is missing.
    pub async fn screen(&self, issue: &IssueId, offer: &Offer) -> Result<Vec<Field>, Error> {
        let path = format!("issue/{issue}/transitions?transitionId={}&expand=transitions.fields", offer.id);
        let ask = get(self.dialect.api(&path), "transitions").of_one_issue();
        let offered: wire::Transitions = self.json(ask).await?.value;
        let ours = offered.transitions.into_iter().find(|transition| transition.id == offer.id);
        let fields = ours.map(|transition| transition.fields).unwrap_or_default();
        Ok(fields.into_iter().map(|(id, bean)| Field::of(id, bean)).collect())
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
        self.caller.done(write(Method::POST, path, body, "transition").of_one_issue()).await
    }
}
