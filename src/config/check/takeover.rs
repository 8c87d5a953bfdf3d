//! Warnings about files of the Node.js service that rely on a behaviour which is different in Lockstep.
//!
//! Files with a `$schema` get none: they were written, or reviewed, for Lockstep.

use super::super::finding::Placed;
use super::super::raw::{DefaultBehavior, FlowFile};
use super::rules::Drafted;
use super::{Checker, general};
use crate::flow::{Fallback, From, Rule, Side, StatusMatch, StatusName};

/// The dev status on which the Node.js service never acted.
const NEVER_ACTED: &str = "Done";

impl Checker<'_> {
    /// `in_order` are the enabled rules in the order in which they are tried.
    pub fn warn_of_changes(
        &self,
        raw: &FlowFile,
        defaults: &DefaultBehavior,
        intermediate: &[StatusName],
        in_order: &[Drafted<'_>],
    ) {
        if raw.schema.is_some() {
            return;
        }
        self.warn_of_fallback(defaults);
        self.warn_of_touches(raw, defaults, in_order);
        let type_is_named = general(raw, |general| &general.issue_type).is_some();
        for (rank, drafted) in in_order.iter().enumerate() {
            self.warn_of_rules_that_did_nothing(drafted, intermediate);
            self.warn_of_spelling(drafted, in_order);
            self.warn_of_order(drafted, &in_order[rank + 1..]);
            self.warn_of_comments(drafted);
            if !type_is_named {
                self.warn_of_issue_type(drafted);
            }
        }
    }

    fn warn_of_fallback(&self, defaults: &DefaultBehavior) {
        if let Some(fallback) = defaults.fallback_behavior.as_ref().filter(|named| named.value.0 != Fallback::Ignore) {
            self.warn(fallback, "acts now, on every status that no rule matches; the Node service ignored it");
        }
    }

    fn warn_of_rules_that_did_nothing(&self, drafted: &Drafted<'_>, intermediate: &[StatusName]) {
        let (raw, rule) = (&drafted.raw.value, &drafted.rule);
        if let (Some(status), true) = (&raw.source_status, rule.on == StatusMatch::Any) {
            self.warn(
                status,
                "acts now, on every status that no other rule names; the Node service ignored such rules",
            );
        }
        if let (Some(status), true) = (&raw.source_status, is_intermediate(rule, intermediate)) {
            self.warn(status, "acts now: a rule may name an intermediate dev status; the Node service passed over it");
        }
        let narrower = raw.actions.as_ref().is_some_and(|actions| actions.value.target_status.is_some());
        if let (Some(target), false, true) = (&raw.target_status, narrower, rule.act.set_status.is_some()) {
            self.warn(target, "takes effect now; the Node service only looked at actions.targetStatus");
        }
    }

    /// `later` are tried after `drafted`.
    fn warn_of_order(&self, drafted: &Drafted<'_>, later: &[Drafted<'_>]) {
        let overtaken = later.iter().find(|other| other.index < drafted.index && meet(&drafted.rule, &other.rule));
        if let (Some(other), Some(priority)) = (overtaken, &drafted.raw.value.priority) {
            let id = &other.rule.id;
            let message = format!(
                "puts this rule before rule \"{id}\" for the same status; the Node service went by the file's order"
            );
            self.warn(priority, message);
        }
    }

    fn warn_of_spelling(&self, drafted: &Drafted<'_>, all: &[Drafted<'_>]) {
        let Some(raw) = &drafted.raw.value.source_status else { return };
        if raw.value != raw.value.trim() {
            self.warn(raw, "matches now: blanks around a status are ignored; the Node service compared them");
        }
        let earlier = all.iter().filter(|other| other.index < drafted.index);
        let differs = |other: &&Drafted<'_>| match (&other.rule.on, &drafted.rule.on) {
            (StatusMatch::Named(a), StatusMatch::Named(b)) => a == b && a.as_str() != b.as_str(),
            (StatusMatch::Any, _) | (_, StatusMatch::Any) => false,
        };
        if let Some(other) = earlier.min_by_key(|other| (!differs(other), other.index)).filter(differs) {
            let (id, status) = (&other.rule.id, &other.rule.on);
            self.warn(raw, format!("is the same as {} of rule \"{id}\" now: case is ignored", quoted(status)));
        }
    }

    /// Warns once for the whole file, since most rules of most files are concerned.
    fn warn_of_touches(&self, raw: &FlowFile, defaults: &DefaultBehavior, in_order: &[Drafted<'_>]) {
        let unsaid = |drafted: &&Drafted<'_>| {
            let conditions = drafted.raw.value.conditions.as_ref();
            let said = conditions.is_some_and(|conditions| conditions.value.on_status_change.is_some());
            drafted.rule.act.set_status.is_some() && !said
        };
        let concerned: Vec<_> = in_order.iter().filter(unsaid).map(|drafted| drafted.rule.id.as_str()).collect();
        if let (Some(rules), None, [first, ..]) = (&raw.rules, &defaults.only_on_status_change, &concerned[..]) {
            let message = format!(
                "rules without onStatusChange, such as \"{first}\", act on changes of status only; the Node service \
                 enforced them on every touch of an issue: say \"onlyOnStatusChange\": true or false in defaultBehavior"
            );
            self.warn(rules, message);
        }
    }

    fn warn_of_comments(&self, drafted: &Drafted<'_>) {
        let (raw, rule) = (&drafted.raw.value, &drafted.rule);
        let comment = raw.actions.as_ref().and_then(|actions| actions.value.add_comment.as_ref());
        if let (Some(comment), Some(_), false) = (comment, &rule.act.comment, rule.only_on_change) {
            self.warn(
                comment,
                "comes only with a change that the rule makes; the Node service repeated it on every touch",
            );
        }
    }

    fn warn_of_issue_type(&self, drafted: &Drafted<'_>) {
        let actions = drafted.raw.value.actions.as_ref();
        let create: Option<&Placed<bool>> = actions.and_then(|actions| actions.value.create_issue.as_ref());
        if let Some(create) = create.filter(|create| create.value) {
            let message = "gives the dev issue its source's type where the dev project has it, else issueType; the \
                       Node service always made a Bug: say \"issueType\": \"Bug\" or another";
            self.warn(create, message);
        }
    }
}

fn is_intermediate(rule: &Rule, intermediate: &[StatusName]) -> bool {
    match &rule.on {
        StatusMatch::Named(status) => {
            let listed = intermediate.contains(status) || *status == StatusName::new(NEVER_ACTED);
            rule.from.includes(Side::Dev) && listed
        }
        StatusMatch::Any => false,
    }
}

/// Whether both rules can match the same issue.
fn meet(a: &Rule, b: &Rule) -> bool {
    let one_side = match (a.from, b.from) {
        (From::Only(a), From::Only(b)) => a == b,
        (From::Both, _) | (_, From::Both) => true,
    };
    one_side && a.on == b.on
}

fn quoted(status: &StatusMatch) -> String {
    match status {
        StatusMatch::Named(name) => format!("{:?}", name.as_str()),
        StatusMatch::Any => "\"*\"".to_owned(),
    }
}
