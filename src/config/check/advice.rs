//! Warnings about what has no effect in a flow file, or another effect than its author may expect.

use super::super::raw::{self, DefaultBehavior, FlowFile};
use super::rules::Drafted;
use super::{Checker, flag, general};
use crate::flow::{From, Rule, Side};

impl Checker<'_> {
    /// `in_order` are the enabled rules in the order in which they are tried.
    pub fn advise(&self, raw: &FlowFile, defaults: &DefaultBehavior, in_order: &[Drafted<'_>]) {
        if let Some(statuses) = general(raw, |general| &general.intermediate_statuses)
            && !flag(&defaults.skip_intermediate_statuses, false)
        {
            self.warn(statuses, "is not used: skipIntermediateStatuses is off");
        }
        if let (Some(rules), []) = (&raw.rules, in_order) {
            self.warn(rules, "no rule is enabled; a rule needs \"enabled\": true");
        }
        for (index, drafted) in in_order.iter().enumerate() {
            self.advise_on_rule(drafted);
            self.advise_on_order(drafted, &in_order[..index]);
        }
    }

    fn advise_on_rule(&self, drafted: &Drafted<'_>) {
        let (raw, rule) = (drafted.raw, &drafted.rule);
        if !rule.act.create && rule.act.set_status.is_none() {
            self.warn(
                raw,
                "does nothing; switch on actions.createIssue or actions.syncStatus, or set enabled to false",
            );
        }
        if rule.act.create && rule.requires_pair {
            self.warn(raw, "creates nothing: issues to be created have no counterpart, and requireMapping demands one");
        }
        self.advise_on_target(&raw.value, rule);
        if let Some(actions) = &raw.value.actions {
            self.advise_on_actions(&actions.value);
        }
    }

    fn advise_on_actions(&self, actions: &raw::Actions) {
        match (&actions.add_comment, &actions.comment_template) {
            (Some(add), None) if add.value => self.warn(add, "says nothing without a commentTemplate"),
            (None, Some(template)) => self.warn(template, "is not used without \"addComment\": true"),
            (Some(_), _) | (None, None) => (),
        }
        for named in [&actions.target_status, &actions.resolution] {
            if let (None, Some(named)) = (&actions.sync_status, named) {
                self.warn(named, "is not used without \"syncStatus\": true");
            }
        }
    }

    fn advise_on_target(&self, raw: &raw::Rule, rule: &Rule) {
        let (Some(project), From::Only(from)) = (&raw.target_project, rule.from) else { return };
        if project.value.0 == from {
            let acts_on = from.other();
            self.warn(project, format!("is not used: by its syncDirection the rule acts on the {acts_on} project"));
        }
    }

    fn advise_on_order(&self, drafted: &Drafted<'_>, earlier: &[Drafted<'_>]) {
        let rule = &drafted.rule;
        let first_on = |side| earlier.iter().map(|earlier| &earlier.rule).find(|earlier| hides(earlier, rule, side));
        let mut hidden_by = Side::BOTH.into_iter().filter(|side| rule.from.includes(*side)).map(first_on);
        if let Some(Some(first)) = hidden_by.next()
            && hidden_by.all(|other| other.is_some())
        {
            self.warn(
                drafted.raw,
                format!("never fires: rule \"{}\" comes first for the same side and status", first.id),
            );
        }
    }
}

/// Whether `earlier` matches every issue of `side` that `later` could match.
fn hides(earlier: &Rule, later: &Rule, side: Side) -> bool {
    let leaves_the_unpaired = earlier.requires_pair && !later.requires_pair;
    earlier.on == later.on && earlier.from.includes(side) && !leaves_the_unpaired
}
