//! From the JSON of `rules` and `defaultBehavior` to [`Rules`].

use super::super::finding::Placed;
use super::super::raw::{self, DefaultBehavior, FlowFile};
use super::{Checker, flag, general};
use crate::flow::{
    Actions, Fallback, From, OnConflict, Rule, Rules, SetStatus, Side, StatusMatch, StatusName, Template,
};

/// A rule, and the JSON it was made from.
pub struct Drafted<'a> {
    pub raw: &'a Placed<raw::Rule>,
    pub rule: Rule,
}

/// What `skipIntermediateStatuses` means where `intermediateStatuses` is absent: work is done, but not yet released.
const DEFAULT_INTERMEDIATE: &str = "Done";

impl Checker<'_> {
    /// All that concerns rules. Disabled ones are checked like the others, and then left out.
    pub fn rules(&self, raw: &FlowFile) -> Option<Rules> {
        let absent = DefaultBehavior::default();
        let defaults = raw.default_behavior.as_ref().map_or(&absent, |defaults| &defaults.value);
        let listed = raw.rules.as_ref().map_or(&[][..], |rules| &rules.value);
        self.refuse_repeated_ids(listed);
        let drafted: Vec<_> = listed.iter().filter_map(|raw| self.drafted(raw, defaults)).collect();
        let in_order = enabled_in_order(drafted);
        self.advise(raw, defaults, &in_order);
        let fallback = self.fallback(defaults);
        let on_conflict = self.on_conflict(raw);
        let intermediate = self.intermediate(raw, defaults);
        let in_order = in_order.into_iter().map(|drafted| drafted.rule).collect();
        Some(Rules { in_order, fallback: fallback?, intermediate, on_conflict: on_conflict? })
    }

    fn refuse_repeated_ids(&self, listed: &[Placed<raw::Rule>]) {
        let ids: Vec<_> = listed.iter().filter_map(|rule| rule.value.id.as_ref()).collect();
        for (index, id) in ids.iter().enumerate() {
            let first = ids[..index].iter().all(|earlier| earlier.value != id.value);
            self.demand(first, id, "is the id of an earlier rule too; each rule needs its own");
        }
    }

    fn fallback(&self, defaults: &DefaultBehavior) -> Option<Fallback> {
        let known = [
            ("ignore", Fallback::Ignore),
            ("default_to_closed", Fallback::CloseDev),
            ("sync_to_resolved", Fallback::ResolveUser),
        ];
        self.choice(&defaults.fallback_behavior, Fallback::Ignore, &known)
    }

    fn on_conflict(&self, raw: &FlowFile) -> Option<OnConflict> {
        let known = [
            ("latest", OnConflict::Latest),
            ("user", OnConflict::Always(Side::User)),
            ("dev", OnConflict::Always(Side::Dev)),
        ];
        general(raw, |general| &general.on_conflict)
            .map_or(Some(OnConflict::Latest), |named| self.chosen(named, &known))
    }

    fn intermediate(&self, raw: &FlowFile, defaults: &DefaultBehavior) -> Vec<StatusName> {
        let named = general(raw, |general| &general.intermediate_statuses);
        let named = named.map(|list| list.value.iter().filter_map(|status| self.status(status)).collect());
        let statuses = named.unwrap_or_else(|| vec![StatusName::new(DEFAULT_INTERMEDIATE)]);
        if flag(&defaults.skip_intermediate_statuses, false) { statuses } else { Vec::new() }
    }

    fn drafted<'a>(&self, raw: &'a Placed<raw::Rule>, defaults: &DefaultBehavior) -> Option<Drafted<'a>> {
        self.rule(raw, defaults).map(|rule| Drafted { raw, rule })
    }

    fn rule(&self, raw: &Placed<raw::Rule>, defaults: &DefaultBehavior) -> Option<Rule> {
        let absent = raw::Conditions::default();
        let conditions = raw.value.conditions.as_ref().map_or(&absent, |conditions| &conditions.value);
        let id = self.parsed(&raw.value.id);
        let on = raw.value.source_status.as_ref().and_then(|status| self.status_match(status));
        let from = self.from(raw);
        let act = self.actions(&raw.value, defaults);
        let (from, act) = (from?, act?);
        self.refuse_create_from_dev(&raw.value, from);
        Some(Rule {
            id: id?,
            from,
            on: on?,
            requires_pair: flag(&conditions.require_mapping, !act.create),
            only_on_change: flag(&conditions.on_status_change, flag(&defaults.only_on_status_change, true)),
            act,
        })
    }

    fn status_match(&self, raw: &Placed<String>) -> Option<StatusMatch> {
        if raw.value.trim() == "*" { Some(StatusMatch::Any) } else { self.status(raw).map(StatusMatch::Named) }
    }

    fn status(&self, raw: &Placed<String>) -> Option<StatusName> {
        let name = StatusName::new(&raw.value);
        let named = self.demand(!name.as_str().is_empty(), raw, "is empty; name a status")
            && self.demand(name.as_str() != "*", raw, "must name one status; only sourceStatus may be \"*\"");
        named.then_some(name)
    }

    /// `syncDirection`; where it is absent, `targetProject` says as much.
    fn from(&self, raw: &Placed<raw::Rule>) -> Option<From> {
        let directions =
            [("user_to_dev", From::Only(Side::User)), ("dev_to_user", From::Only(Side::Dev)), ("both", From::Both)];
        let target = raw.value.target_project.as_ref().map(|project| self.chosen(project, &TARGETS));
        match (&raw.value.sync_direction, target) {
            (Some(direction), _) => self.chosen(direction, &directions),
            (None, Some(target)) => target.map(|side| From::Only(side.other())),
            (None, None) => {
                let message = "is missing; write \"user_to_dev\", \"dev_to_user\" or \"both\"";
                self.findings.problem(&raw.at.missing("syncDirection"), message);
                None
            }
        }
    }

    fn actions(&self, rule: &raw::Rule, defaults: &DefaultBehavior) -> Option<Actions> {
        let raw = &rule.actions.as_ref()?.value;
        let target = [&raw.target_status, &rule.target_status].map(|status| status.as_ref().map(|s| self.status(s)));
        let template = raw.comment_template.as_ref().map(|text| self.template(text));
        let [narrower, wider] = target;
        let set_status = match narrower.or(wider) {
            Some(status) => SetStatus::To(status?),
            None => SetStatus::Same,
        };
        let comment = template.map_or(Some(None), |template| template.map(Some))?;
        Some(Actions {
            create: flag(&raw.create_issue, false),
            set_status: flag(&raw.sync_status, false).then_some(set_status),
            comment: comment.filter(|_| flag(&raw.add_comment, false)),
            cross_link: flag(&raw.add_cross_link, flag(&defaults.add_cross_links, true)),
        })
    }

    fn template(&self, raw: &Placed<String>) -> Option<Template> {
        Template::parse(&raw.value).map_err(|error| self.problem(raw, error.to_string())).ok()
    }

    fn refuse_create_from_dev(&self, rule: &raw::Rule, from: From) {
        let create = rule.actions.as_ref().and_then(|actions| actions.value.create_issue.as_ref());
        if let Some(create) = create {
            let message = "issues are created from user to dev only; set syncDirection to \"user_to_dev\" or \"both\"";
            self.demand(!create.value || from.includes(Side::User), create, message);
        }
    }
}

/// `targetProject`: the side a rule acts on.
pub const TARGETS: [(&str, Side); 2] = [("user", Side::User), ("dev", Side::Dev)];

/// Smaller priorities first, none last, ties in the file's order (the sort is stable).
fn enabled_in_order(mut drafted: Vec<Drafted<'_>>) -> Vec<Drafted<'_>> {
    let rank = |drafted: &Drafted<'_>| drafted.raw.value.priority.as_ref().map_or(f64::INFINITY, |p| p.value);
    drafted.retain(|drafted| flag(&drafted.raw.value.enabled, false));
    drafted.sort_by(|a, b| rank(a).total_cmp(&rank(b)));
    drafted
}
