//! What follows from each way in which a request can end: the table "How a request can end" of docs/architecture.md.

use super::Fault;

/// What follows from a failed request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nature {
    /// What it has done, if it was a write.
    pub effect: Effect,
    /// Who is concerned.
    pub scope: Scope,
    /// Whether the client sends it again by itself.
    pub repeat: Repeat,
    /// What of it may be to blame.
    pub blame: Blame,
}

/// What a failed write has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing, and it may be tried again later.
    None,
    /// Nothing, and trying again unchanged is useless.
    Never,
    /// It is not known: look it up, never repeat it blindly.
    Unknown,
}

/// Who is concerned by a failed request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The issue that it was about; the others go on.
    Issue,
    /// The flow: its cycle ends, and a later one tries again.
    Flow,
    /// The flow, which is parked until a person acts.
    Account,
    /// The worker, which is to end.
    Worker,
}

/// Whether the client sends a failed request again by itself, after a short pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// Yes, also a write.
    Always,
    /// If it only reads.
    Reads,
    /// Once, if it only reads.
    ReadsOnce,
    /// No.
    No,
}

/// What of a failed request may be to blame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// Nothing that it asks for.
    Nothing,
    /// One of the issues that it is about: a request for the others may end well.
    Issue,
    /// Its size, or one of its issues: a request for less may end well.
    Size,
}

impl Fault {
    /// What follows from it for a request that writes.
    #[must_use]
    pub const fn nature(&self) -> Nature {
        use {Blame as B, Effect as E, Repeat as R, Scope as S};
        let (effect, scope, repeat, blame) = match self {
            Self::Throttled(_) => (E::None, S::Flow, R::Always, B::Nothing),
            Self::IssueThrottled(_) => (E::None, S::Issue, R::Always, B::Nothing),
            Self::Refused(_) => (E::Never, S::Account, R::No, B::Nothing),
            Self::Denied(_) => (E::None, S::Issue, R::ReadsOnce, B::Size),
            Self::Forbidden(_) | Self::Missing(_) => (E::Never, S::Issue, R::No, B::Nothing),
            Self::Removed(_) => (E::Never, S::Account, R::No, B::Nothing),
            Self::TooLarge(_) => (E::Never, S::Issue, R::No, B::Size),
            Self::Conflict(_) => (E::None, S::Issue, R::No, B::Issue),
            Self::Invalid(_) => (E::Never, S::Issue, R::No, B::Issue),
            Self::NoEndpoint(_) => (E::None, S::Issue, R::No, B::Nothing),
            Self::BlockedByProxy(_) => (E::None, S::Issue, R::No, B::Size),
            Self::NotSent(_) => (E::None, S::Flow, R::Always, B::Nothing),
            Self::NotOurs => (E::None, S::Flow, R::No, B::Nothing),
            Self::Unanswered(_) | Self::NotJira(_) => (E::Unknown, S::Issue, R::Reads, B::Size),
            Self::Stopping => (E::None, S::Worker, R::No, B::Nothing),
            Self::Cancelled => (E::Unknown, S::Worker, R::No, B::Nothing),
        };
        Nature { effect, scope, repeat, blame }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::time::Duration;

    use super::*;

    const DOCUMENT: &str = include_str!("../../../docs/architecture.md");

    /// The row of a fault in the document, and the fault after it.
    fn row_and_next(fault: &Fault) -> (&'static str, Option<Fault>) {
        let (row, next): (_, fn(String) -> Fault) = match fault {
            Fault::Throttled(wait) => return ("throttled", Some(Fault::IssueThrottled(*wait))),
            Fault::IssueThrottled(_) => ("throttled for one issue", Fault::Refused),
            Fault::Refused(_) => ("refused", Fault::Denied),
            Fault::Denied(_) => ("denied", Fault::Forbidden),
            Fault::Forbidden(_) => ("forbidden", Fault::Missing),
            Fault::Missing(_) => ("missing", Fault::Removed),
            Fault::Removed(_) => ("removed", Fault::TooLarge),
            Fault::TooLarge(_) => ("too large", Fault::Conflict),
            Fault::Conflict(_) => ("conflict", |said| Fault::Invalid(said.into())),
            Fault::Invalid(_) => ("invalid", Fault::NoEndpoint),
            Fault::NoEndpoint(_) => ("no endpoint", Fault::BlockedByProxy),
            Fault::BlockedByProxy(_) => ("blocked by proxy", Fault::NotSent),
            Fault::NotSent(_) => ("not sent", |_| Fault::NotOurs),
            Fault::NotOurs => ("not ours", Fault::Unanswered),
            Fault::Unanswered(_) => ("unanswered", Fault::NotJira),
            Fault::NotJira(_) => ("not Jira", |_| Fault::Stopping),
            Fault::Stopping => ("stopping", |_| Fault::Cancelled),
            Fault::Cancelled => return ("cancelled", None),
        };
        (row, Some(next(String::new())))
    }

    /// What the document says of a nature: its last four columns, of the third how it begins.
    fn words(nature: Nature) -> [&'static str; 4] {
        [
            match nature.effect {
                Effect::None => "no",
                Effect::Never => "no, nor if repeated",
                Effect::Unknown => "unknown",
            },
            match nature.scope {
                Scope::Issue => "this issue",
                Scope::Flow => "the flow",
                Scope::Account => "the flow is parked",
                Scope::Worker => "the worker",
            },
            match nature.repeat {
                Repeat::Always => "yes",
                Repeat::Reads => "reads",
                Repeat::ReadsOnce => "reads, once",
                Repeat::No => "no",
            },
            match nature.blame {
                Blame::Nothing => "no",
                Blame::Issue => "an issue",
                Blame::Size => "an issue or its size",
            },
        ]
    }

    /// The first, and the last four cells of each row of the document's table.
    fn documented() -> BTreeMap<&'static str, [&'static str; 4]> {
        let (_, table) = DOCUMENT.split_once("**How a request can end:**").unwrap();
        let rows = table.trim_start().lines().skip(2).take_while(|line| line.starts_with('|'));
        rows.map(|row| {
            let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
            let [end, _, rest @ ..] = cells.as_slice() else { panic!("{row}") };
            (*end, rest.try_into().unwrap_or_else(|_| panic!("{row}")))
        })
        .collect()
    }

    #[test]
    fn the_document_says_of_each_fault_what_its_nature_is() {
        let documented = documented();
        let mut named = BTreeSet::new();
        let mut fault = Some(Fault::Throttled(Duration::ZERO));
        while let Some(one) = fault {
            let (row, next) = row_and_next(&one);
            let [effect, scope, repeat, blame] = words(one.nature());
            let told = documented.get(row).unwrap_or_else(|| panic!("the document has no row {row}"));
            assert_eq!((told[0], told[2], told[3]), (effect, repeat, blame), "{row}");
            let is_parked = told[1] == "the flow is parked";
            assert!(
                told[1].starts_with(scope) && is_parked == (one.nature().scope == Scope::Account),
                "{row}: {}",
                told[1]
            );
            named.insert(row);
            fault = next;
        }
        assert_eq!(named, documented.into_keys().collect());
    }
}
