//! What flow files can say and nobody acts upon yet. A line goes when its field comes to life; the checking of its
//! value is complete already.

use super::super::finding::At;
use super::super::raw::{DefaultBehavior, FlowFile, Rule};
use super::super::reader::Maybe;
use super::{Checker, general};

/// A field that is not acted upon.
pub struct NotYet {
    /// Where it stands in a file, as often as it does.
    pub fields: fn(&FlowFile) -> Vec<&At>,
    /// What is done about it.
    pub verdict: Verdict,
    /// What that means for the file's writer.
    pub words: &'static str,
}

/// What is done about a field that is not acted upon.
pub enum Verdict {
    /// The flow would do without something that its writer can't do without.
    Refused,
    /// The flow is of use without it.
    Warned,
}

/// All of them.
pub const ALL: &[NotYet] = &[
    NotYet {
        fields: |raw| at(&raw.field_map),
        verdict: Verdict::Refused,
        words: "is not supported yet; remove it: summary, description and type are copied",
    },
    NotYet {
        fields: |raw| at(&raw.replied_field),
        verdict: Verdict::Refused,
        words: "is not supported yet; remove it",
    },
    NotYet {
        fields: |raw| general(raw, |general| &general.resolution).map(|field| &field.at).into_iter().collect(),
        verdict: Verdict::Warned,
        words: "is not used yet; transitions are made without it",
    },
    NotYet {
        fields: |raw| in_rules(raw, |rule| at(&rule.actions.as_ref()?.value.resolution).pop()),
        verdict: Verdict::Warned,
        words: "is not used yet; transitions are made without it",
    },
    NotYet {
        fields: |raw| defaults(raw).and_then(|defaults| switched_on(&defaults.sync_attachments)).into_iter().collect(),
        verdict: Verdict::Warned,
        words: "attachments are not copied yet",
    },
    NotYet {
        fields: |raw| in_rules(raw, |rule| switched_on(&rule.actions.as_ref()?.value.sync_attachments)),
        verdict: Verdict::Warned,
        words: "attachments are not copied yet",
    },
];

impl Checker<'_> {
    pub fn tell_what_is_not_done(&self, raw: &FlowFile, not_yet: &[NotYet]) {
        for NotYet { fields, verdict, words } in not_yet {
            for at in fields(raw) {
                match verdict {
                    Verdict::Refused => self.findings.problem(at, *words),
                    Verdict::Warned => self.findings.warn(at, *words),
                }
            }
        }
    }
}

fn at<T>(field: &Maybe<T>) -> Vec<&At> {
    field.iter().map(|field| &field.at).collect()
}

fn switched_on(field: &Maybe<bool>) -> Option<&At> {
    field.as_ref().filter(|field| field.value).map(|field| &field.at)
}

fn defaults(raw: &FlowFile) -> Option<&DefaultBehavior> {
    raw.default_behavior.as_ref().map(|defaults| &defaults.value)
}

/// Also in rules that are off: switching one on must not be what reveals it.
fn in_rules<'a>(raw: &'a FlowFile, field: impl Fn(&'a Rule) -> Option<&'a At>) -> Vec<&'a At> {
    raw.rules.iter().flat_map(|rules| &rules.value).filter_map(|rule| field(&rule.value)).collect()
}
