//! The resolution that goes with a transition: only where its screen has it, and never missing where it must be. What
//! a screen says of itself is a hint; what Jira then says to the transition counts.

use crate::engine::Engine;
use crate::flow::{Intent, IssueRef, Resolution, Transition};
use crate::jira::{Error, Fault, FieldValue, Fields, Offer, Resolves, Standing};

/// A transition that is about to be made.
pub(super) struct Way<'a> {
    pub engine: &'a Engine,
    pub target: &'a IssueRef,
    pub standing: &'a Standing,
    pub offer: &'a Offer,
}

impl Way<'_> {
    /// Makes the transition. Tells why it was made without the resolution that is configured, if it could have had one.
    pub(super) async fn make(&self, intent: &Intent, step: &Transition) -> Result<Option<String>, Error> {
        let end = match &step.resolution {
            Some(wanted) => self.make_resolving(wanted).await,
            None => self.send(None).await.map(|()| None),
        };
        match end {
            Err(error) if is_invalid(&error) => Err(self.explained(intent, step, error).await),
            end => end,
        }
    }

    async fn make_resolving(&self, wanted: &Resolution) -> Result<Option<String>, Error> {
        let resolves = self.asked().await?;
        let (first, second) = match resolves.named(wanted.as_str()) {
            Some(name) => (Some(name), None),
            None => (None, Some(wanted.as_str())),
        };
        match self.send(first).await {
            // Nothing has happened, so the other way may be tried.
            Err(error) if is_invalid(&error) => match self.send(second).await {
                Err(again) if is_invalid(&again) => Err(error),
                end => end.map(|()| None),
            },
            end => end.map(|()| not_among(wanted, first, &resolves)),
        }
    }

    async fn send(&self, resolution: Option<&str>) -> Result<(), Error> {
        let fields = resolution.map(|name| ("resolution".to_owned(), FieldValue::named(name)));
        let fields: Fields = fields.into_iter().collect();
        self.engine.jira.transition(&self.target.id, self.offer, &fields).await
    }

    async fn asked(&self) -> Result<Resolves, Error> {
        self.engine.jira.asks_for_resolution(&self.target.id, self.standing, self.offer).await
    }

    /// Says what a person can do, if it was the resolution that Jira wanted.
    async fn explained(&self, intent: &Intent, step: &Transition, error: Error) -> Error {
        let Fault::Invalid(said) = &error.what else { return error };
        let allowed = match self.asked().await {
            Ok(Resolves::Needed(allowed)) => allowed,
            Ok(Resolves::Allowed(allowed)) if names_resolution(said) => allowed,
            Ok(Resolves::Absent) | Err(_) if names_resolution(said) => None,
            Ok(Resolves::Allowed(_) | Resolves::Absent) | Err(_) => return error,
        };
        let what = Fault::Invalid(format!("{said}; {}", self.advice(intent, step, allowed.as_deref())).into());
        Error { what, ..error }
    }

    fn advice(&self, intent: &Intent, step: &Transition, allowed: Option<&[String]>) -> String {
        let name = &self.offer.name;
        let lack = match &step.resolution {
            None => format!("the transition {name} demands a resolution, and none is configured"),
            Some(wanted) => format!("the transition {name} demands a resolution, and {} is not taken", wanted.as_str()),
        };
        let place = match &intent.rule {
            Some(rule) => format!("`actions.resolution` of the rule {rule}, or the flow's `resolution`,"),
            None => "the flow's `resolution`".to_owned(),
        };
        let to = allowed.map_or_else(|| "a resolution of this Jira".to_owned(), one_of);
        format!("{lack}: set {place} to {to}")
    }
}

/// Why nothing was set although the screen has the field: other resolutions are on it.
fn not_among(wanted: &Resolution, sent: Option<&str>, resolves: &Resolves) -> Option<String> {
    match (sent, resolves) {
        (None, Resolves::Allowed(Some(names)) | Resolves::Needed(Some(names))) => {
            Some(format!("{} can't be set, only {}", wanted.as_str(), one_of(names)))
        }
        (Some(_), _) | (None, Resolves::Absent | Resolves::Allowed(None) | Resolves::Needed(None)) => None,
    }
}

fn one_of(names: &[String]) -> String {
    format!("one of {}", names.join(", "))
}

fn names_resolution(said: &str) -> bool {
    said.to_lowercase().contains("resolution")
}

fn is_invalid(error: &Error) -> bool {
    matches!(error.what, Fault::Invalid(_))
}
