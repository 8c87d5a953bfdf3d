//! Which of several transitions is tried, with what, and which one after a refusal. What a screen says of itself is a
//! hint; what Jira then says to the transition counts.

use std::collections::BTreeSet;

use super::resolution::{Case, Sends};
use crate::engine::cx::Cx;
use crate::engine::failure::JiraFailure;
use crate::flow::{Event, Intent, IssueRef, Status, StatusName, Transition};
use crate::jira::{Error, Fault, Offer, Resolves, Standing, TransitionScreen};

/// Transitions that are tried at most, each once with a resolution and once without it.
const MOST: usize = 3;

/// The tries of one step: each ends with a refusal after which nothing has happened, or is the last.
pub(super) struct Tries<'a> {
    cx: &'a Cx,
    intent: &'a Intent,
    step: &'a Transition,
    target: &'a IssueRef,
    /// In order.
    refused: Vec<Refused>,
}

/// One request for a transition.
pub(super) struct Try {
    pub offer: Offer,
    pub sends: Sends,
    /// What is configured and can't be sent, if anything: why.
    withheld: Option<String>,
}

struct Refused {
    offer: Offer,
    sends: Sends,
    error: Error,
}

impl<'a> Tries<'a> {
    pub(super) fn new(cx: &'a Cx, intent: &'a Intent, step: &'a Transition, target: &'a IssueRef) -> Self {
        Self { cx, intent, step, target, refused: Vec::new() }
    }

    /// Jira did not take it, and nothing has happened.
    pub(super) fn refused(&mut self, tried: Try, error: Error) {
        self.refused.push(Refused { offer: tried.offer, sends: tried.sends, error });
    }

    /// The next try; `None` when there is nothing more to try.
    pub(super) async fn next(&self, standing: &Standing) -> Result<Option<Try>, Error> {
        let offers = standing.offers_to(&self.step.to);
        if let Some(last) = self.refused.last()
            && let Some(offer) = offers.iter().find(|offer| offer.id == last.offer.id)
            && let Some(again) = self.otherwise(last, standing, offer).await?
        {
            return Ok(Some(again));
        }
        let tried: BTreeSet<_> = self.refused.iter().map(|refused| &refused.offer.id).collect();
        let fresh: Vec<_> = offers.into_iter().filter(|offer| !tried.contains(&offer.id)).collect();
        if fresh.is_empty() || tried.len() >= MOST {
            return Ok(None);
        }
        let screens = self.screens(standing, &fresh).await?;
        let in_order = fresh.into_iter().zip(screens);
        let best = in_order.min_by_key(|(offer, screen)| self.lacks_something(standing, offer, screen));
        Ok(best.map(|(offer, screen)| self.try_of(standing, offer, &screen)))
    }

    /// Screens are looked at where they decide something: which of several transitions, and with what.
    async fn screens(&self, standing: &Standing, offers: &[&Offer]) -> Result<Vec<TransitionScreen>, Error> {
        let depends = |offer: &&Offer| self.case(standing, offer).depends_on_screen();
        if offers.len() > 1 || !self.refused.is_empty() || offers.iter().any(depends) {
            return self.cx.jira.screens_of(&self.target.id, standing, offers).await;
        }
        let unseen = || TransitionScreen { resolves: Resolves::Absent, demands: Vec::new() };
        Ok(offers.iter().map(|_| unseen()).collect())
    }

    /// Whether a screen demands what we can't give it.
    fn lacks_something(&self, standing: &Standing, offer: &Offer, screen: &TransitionScreen) -> bool {
        let resolution = match &screen.resolves {
            needed @ Resolves::Needed(_) => self.case(standing, offer).demanded(needed).is_none(),
            Resolves::Absent | Resolves::Allowed(_) => false,
        };
        resolution || !screen.demands.is_empty()
    }

    fn try_of(&self, standing: &Standing, offer: &Offer, screen: &TransitionScreen) -> Try {
        let case = self.case(standing, offer);
        let sends = case.sends(&screen.resolves);
        let withheld = if sends == Sends::Nothing { not_among(case, &screen.resolves) } else { None };
        Try { offer: offer.clone(), sends, withheld }
    }

    /// The same transition once more, with or without a resolution, if that may help.
    async fn otherwise(&self, last: &Refused, standing: &Standing, offer: &Offer) -> Result<Option<Try>, Error> {
        let before = self.refused.iter().filter(|refused| refused.offer.id == last.offer.id).count();
        if before > 1 {
            return Ok(None);
        }
        let sends = match last.sends {
            Sends::Resolution(_) | Sends::NoResolution if names_others_only(&last.error) => None,
            Sends::Resolution(_) | Sends::NoResolution => Some(Sends::Nothing),
            Sends::Nothing if names_resolution(&last.error) => {
                let screens = self.cx.jira.screens_of(&self.target.id, standing, &[offer]).await?;
                let resolves = screens.into_iter().next().map_or(Resolves::Absent, |screen| screen.resolves);
                self.case(standing, offer).demanded(&resolves).map(Sends::Resolution)
            }
            Sends::Nothing => None,
        };
        Ok(sends.map(|sends| Try { offer: offer.clone(), sends, withheld: None }))
    }

    fn case<'s>(&'s self, standing: &'s Standing, offer: &Offer) -> Case<'s> {
        Case::of(self.step.resolution.as_ref(), standing, offer)
    }

    /// What is worth telling of the try that was made.
    pub(super) fn remarks(&self, made: &Try, reached: &Status) -> Vec<Event> {
        let key = || self.target.key.clone();
        let (name, to) = (made.offer.name.clone(), reached.name.clone());
        let by_name = (to != self.step.to).then(|| Event::TransitionByName { key: key(), name, to });
        let unresolved = self.without_resolution(made).or_else(|| made.withheld.clone());
        let unresolved = unresolved.map(|why| Event::StepRefused { key: key(), what: "resolution", why });
        by_name.into_iter().chain(unresolved).collect()
    }

    /// Why it was made without what was tried to be said of the resolution first.
    fn without_resolution(&self, made: &Try) -> Option<String> {
        let first = self.refused.last().filter(|last| last.offer.id == made.offer.id)?;
        match (&first.sends, &made.sends) {
            (Sends::Resolution(name), Sends::Nothing) => Some(format!("{name} can't be set: {}", said(&first.error))),
            (Sends::NoResolution, Sends::Nothing) => {
                Some(format!("the one that it has can't be emptied, so it stays: {}", said(&first.error)))
            }
            (Sends::Nothing, _) | (_, Sends::Resolution(_) | Sends::NoResolution) => None,
        }
    }

    /// Why none was made.
    pub(super) async fn failure(self, standing: &Standing) -> JiraFailure {
        let Some(last) = self.refused.last() else { return no_way(self.target, standing, &self.step.to) };
        let mut parts: Vec<String> = Vec::new();
        let several = self.refused.iter().any(|refused| refused.offer.id != self.refused[0].offer.id);
        for refused in &self.refused {
            let said = said(&refused.error);
            let part = if several { format!("{}: {said}", refused.offer.name) } else { said };
            if !parts.contains(&part) {
                parts.push(part);
            }
        }
        let demanding = self.refused.iter().find(|it| it.sends == Sends::Nothing && names_resolution(&it.error));
        if let Some(refused) = demanding {
            let screens = self.cx.jira.screens_of(&self.target.id, standing, &[&refused.offer]).await;
            parts.push(self.advice(&refused.offer, screens.ok().and_then(|screens| allowed(&screens)).as_deref()));
        }
        impossible(last.error.request.clone(), &parts.join("; "))
    }

    /// Says what a person can do about a resolution that is demanded.
    fn advice(&self, offer: &Offer, allowed: Option<&[String]>) -> String {
        let name = &offer.name;
        let lack = match &self.step.resolution {
            None => format!("the transition {name} demands a resolution, and none is configured"),
            Some(wanted) => format!("the transition {name} demands a resolution, and {} is not taken", wanted.as_str()),
        };
        let place = match &self.intent.rule {
            Some(rule) => format!("`actions.resolution` of the rule {rule}, or the flow's `resolution`,"),
            None => "the flow's `resolution`".to_owned(),
        };
        let to = allowed.map_or_else(|| "a resolution of this Jira".to_owned(), one_of);
        format!("{lack}: set {place} to {to}")
    }
}

/// Why the configured resolution is not sent although the screen has the field: other resolutions are on it.
fn not_among(case: Case<'_>, screen: &Resolves) -> Option<String> {
    let wanted = match screen {
        Resolves::Absent => None,
        Resolves::Allowed(_) => case.given(),
        Resolves::Needed(_) => case.wanted.map(crate::flow::WantedResolution::as_str),
    }?;
    match screen {
        Resolves::Allowed(Some(names)) | Resolves::Needed(Some(names)) => {
            Some(format!("{wanted} can't be set, only {}", one_of(names)))
        }
        Resolves::Absent | Resolves::Allowed(None) | Resolves::Needed(None) => None,
    }
}

fn allowed(screens: &[TransitionScreen]) -> Option<Vec<String>> {
    match &screens.first()?.resolves {
        Resolves::Absent => None,
        Resolves::Allowed(names) | Resolves::Needed(names) => names.clone(),
    }
}

fn one_of(names: &[String]) -> String {
    format!("one of {}", names.join(", "))
}

fn said(error: &Error) -> String {
    if let Fault::Invalid(said) = &error.what { said.to_string() } else { error.what.to_string() }
}

/// Whether Jira complains of the resolution: by the id of its field, or by its name where no field is given. Another
/// field may have the word in its name.
fn names_resolution(error: &Error) -> bool {
    let Fault::Invalid(refusal) = &error.what else { return false };
    let is_named = || refusal.to_lowercase().split(|c: char| !c.is_alphanumeric()).any(|word| word == "resolution");
    refusal.of_field("resolution").is_some() || (refusal.fields().next().is_none() && is_named())
}

/// Whether Jira complains of other fields.
fn names_others_only(error: &Error) -> bool {
    let Fault::Invalid(refusal) = &error.what else { return false };
    refusal.fields().next().is_some() && refusal.of_field("resolution").is_none()
}

fn impossible(doing: String, why: &str) -> JiraFailure {
    JiraFailure::Impossible { doing, why: format!("Jira does not accept it: {why}") }
}

fn no_way(target: &IssueRef, standing: &Standing, to: &StatusName) -> JiraFailure {
    let told = |offer: &Offer| match &offer.to {
        Some(to) => format!("{} (to {})", offer.name, to.name),
        None => format!("{} (Jira does not say where it leads)", offer.name),
    };
    let offers: Vec<_> = standing.offers.iter().map(told).collect();
    let offers =
        if offers.is_empty() { "none; may this account make transitions?".to_owned() } else { offers.join(", ") };
    let why = format!("no transition leads from {} to {to}; offered: {offers}", standing.status.name);
    impossible(format!("transition of {target}"), &why)
}
