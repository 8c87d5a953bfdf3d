//! From the JSON of `rules` and `defaultBehavior` to [`Rules`].

use super::super::finding::Placed;
use super::super::raw::{self, DefaultBehavior, FlowFile};
use super::super::reader::Maybe;
use super::{Checker, flag, general};
use crate::flow::{
    Actions, Attachments, Fallback, From, OnConflict, Resolution, Rule, Rules, SetStatus, Side, StatusMatch,
    StatusName, TargetStatus, Template, WantedResolution,
};

/// A rule with the JSON that it was made from.
pub struct Drafted<'a> {
    /// Its index in `rules`.
    pub index: usize,
    pub raw: &'a Placed<raw::Rule>,
    pub rule: Rule,
}

/// Defaults of the flow for what a rule leaves out.
struct Defaults<'a> {
    raw: &'a DefaultBehavior,
    resolution: Option<Resolution>,
}

/// The intermediate status where `intermediateStatuses` is absent: work is done, but not yet released.
const DEFAULT_INTERMEDIATE: &str = "Done";

impl Checker<'_> {
    /// Checks all rules. Disabled ones are checked like the others, and then left out.
    pub fn rules(&self, raw: &FlowFile) -> Rules {
        let absent = DefaultBehavior::default();
        let behavior = raw.default_behavior.as_ref().map_or(&absent, |defaults| &defaults.value);
        let resolution = general(raw, |general| &general.resolution).and_then(|raw| self.resolution(raw));
        let defaults = Defaults { raw: behavior, resolution };
        let listed = raw.rules.as_ref().map_or(&[][..], |rules| &rules.value);
        self.refuse_repeated_ids(listed);
        let drafted = listed.iter().enumerate().filter_map(|(index, raw)| self.drafted(index, raw, &defaults));
        let in_order = enabled_in_order(drafted.collect());
        let intermediate = self.intermediate(raw, behavior);
        self.advise(raw, behavior, &in_order);
        self.warn_of_changes(raw, behavior, &intermediate, &in_order);
        Rules {
            in_order: in_order.into_iter().map(|drafted| drafted.rule).collect(),
            fallback: behavior.fallback_behavior.as_ref().map_or(Fallback::Ignore, |named| named.value.0),
            intermediate,
            on_conflict: general(raw, |general| &general.on_conflict).map_or(OnConflict::Latest, |named| named.value.0),
            resolution: defaults.resolution,
            replied_field: self.replied_field(raw),
        }
    }

    fn refuse_repeated_ids(&self, listed: &[Placed<raw::Rule>]) {
        let ids: Vec<_> =
            listed.iter().enumerate().filter_map(|(index, rule)| Some((index, rule.value.id.as_ref()?))).collect();
        for (nth, (_, id)) in ids.iter().enumerate() {
            if let Some((index, earlier)) = ids[..nth].iter().find(|(_, earlier)| earlier.value == id.value) {
                let place = earlier.at.place(self.text);
                self.problem(id, format!("is the id of rules[{index}] at {place} too; each rule needs its own"));
            }
        }
    }

    fn intermediate(&self, raw: &FlowFile, defaults: &DefaultBehavior) -> Vec<StatusName> {
        let named = general(raw, |general| &general.intermediate_statuses);
        let named = named.map(|list| list.value.iter().filter_map(|status| self.status(status)).collect());
        let statuses = named.unwrap_or_else(|| vec![StatusName::new(DEFAULT_INTERMEDIATE)]);
        if flag(&defaults.skip_intermediate_statuses, false) { statuses } else { Vec::new() }
    }

    fn drafted<'a>(&self, index: usize, raw: &'a Placed<raw::Rule>, defaults: &Defaults<'_>) -> Option<Drafted<'a>> {
        self.rule(raw, defaults).map(|rule| Drafted { index, raw, rule })
    }

    fn rule(&self, raw: &Placed<raw::Rule>, defaults: &Defaults<'_>) -> Option<Rule> {
        let absent = raw::Conditions::default();
        let conditions = raw.value.conditions.as_ref().map_or(&absent, |conditions| &conditions.value);
        let id = self.parsed(&raw.value.id);
        let on = raw.value.source_status.as_ref().and_then(|status| self.status_match(status));
        let from = from(&raw.value);
        let act = self.actions(&raw.value, defaults);
        let (from, act) = (from?, act?);
        self.refuse_create_from_dev(&raw.value, from);
        Some(Rule {
            id: id?,
            from,
            on: on?,
            requires_pair: flag(&conditions.require_mapping, !act.create),
            only_on_change: flag(&conditions.on_status_change, flag(&defaults.raw.only_on_status_change, true)),
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

    fn actions(&self, rule: &raw::Rule, defaults: &Defaults<'_>) -> Option<Actions> {
        let raw = &rule.actions.as_ref()?.value;
        let set_status = self.set_status(rule, raw, defaults);
        let is_said = flag(&raw.add_comment, false) && flag(&rule.enabled, false);
        let comment = raw.comment_template.as_ref().map_or(Some(None), |text| self.comment(text, is_said).map(Some));
        let attachments = raw.sync_attachments.as_ref().or(defaults.raw.sync_attachments.as_ref());
        Some(Actions {
            create: flag(&raw.create_issue, false),
            set_status: Some(set_status?).filter(|_| flag(&raw.sync_status, false)),
            comment: comment?.filter(|_| flag(&raw.add_comment, false)),
            cross_link: flag(&raw.add_cross_link, flag(&defaults.raw.add_cross_links, true)),
            attachments: attachments.map_or(Attachments::AtCreation, |asked| match asked.value {
                true => Attachments::AlsoLater,
                false => Attachments::Never,
            }),
        })
    }

    /// The status to set, checked even where `syncStatus` is off. `None` has been reported.
    fn set_status(&self, rule: &raw::Rule, actions: &raw::Actions, defaults: &Defaults<'_>) -> Option<SetStatus> {
        let named = |status: &Maybe<String>| status.as_ref().map(|status| self.status(status));
        let (narrower, wider) = (named(&actions.target_status), named(&rule.target_status));
        let own = actions.resolution.as_ref().map(|raw| self.resolution(raw));
        let to = narrower.or(wider).map_or(Some(TargetStatus::SameAsSource), |status| status.map(TargetStatus::Named));
        let of_flow = || defaults.resolution.clone().map(WantedResolution::OfFlow);
        let resolution = own.map_or_else(|| Some(of_flow()), |own| own.map(|own| Some(WantedResolution::OfRule(own))));
        Some(SetStatus { to: to?, resolution: resolution? })
    }

    fn resolution(&self, raw: &Placed<String>) -> Option<Resolution> {
        let resolution = Resolution::new(&raw.value);
        self.demand(resolution.is_some(), raw, "is empty; name a resolution");
        resolution
    }

    /// The comment of a rule; `is_said` tells whether it is ever written. `None` has been reported.
    fn comment(&self, raw: &Placed<String>, is_said: bool) -> Option<Template> {
        let template = self.template(raw)?;
        match (template.is_blank(), is_said) {
            (true, true) => {
                self.problem(
                    raw,
                    "is blank, and Jira takes no empty comment; write a text, or set addComment to false",
                );
                return None;
            }
            (true, false) => self.warn(raw, "is blank: with \"addComment\": true and its rule enabled it is refused"),
            (false, _) => {}
        }
        Some(template)
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

/// The direction: `syncDirection`, else that which follows from `targetProject`. `None` has been reported.
fn from(raw: &raw::Rule) -> Option<From> {
    let by_target = || raw.target_project.as_ref().map(|project| From::Only(project.value.0.other()));
    raw.sync_direction.as_ref().map(|direction| direction.value.0).or_else(by_target)
}

/// The enabled rules by priority: smaller ones first, none last, equal ones in the order of the file (a stable sort).
fn enabled_in_order(mut drafted: Vec<Drafted<'_>>) -> Vec<Drafted<'_>> {
    let rank = |drafted: &Drafted<'_>| drafted.raw.value.priority.as_ref().map_or(f64::INFINITY, |p| p.value);
    drafted.retain(|drafted| flag(&drafted.raw.value.enabled, false));
    drafted.sort_by(|a, b| rank(a).total_cmp(&rank(b)));
    drafted
}
