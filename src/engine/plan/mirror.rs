//! What crosses between the two issues of a pair: statuses, with their comments.

use super::choice::{Paired, is_intermediate, rule_for};
use super::{Couple, Lost, Plan};
use crate::flow::{
    Comment, Draft, Fallback, FieldName, IntentKind, Issue, JiraTime, OnConflict, Origin, Rule, Rules, SetReplied,
    Side, Sighting, SkipReason, StatusName, Step, TargetStatus, Transition, WantedResolution,
};

/// The status to which `fallbackBehavior: default_to_closed` brings a dev issue.
const CLOSED: &str = "Closed";

/// The status to which `fallbackBehavior: sync_to_resolved` brings a user issue.
const RESOLVED: &str = "Resolved";

/// A status that changed on one side and that a rule names crosses to the other. If both did, and both can't be
/// satisfied, one wins. Only if no change wants anything may a rule mend what has drifted.
pub(super) fn plan(rules: &Rules, couple: Couple<'_>) -> Plan {
    let views = Side::BOTH.map(|side| View::from(side, couple));
    let mut plan = Plan::default();
    let mut desired = Vec::new();
    for view in &views {
        match view.news {
            News::None => {}
            News::Old => plan.skipped.push(SkipReason::BeforeAdoption),
            News::Change => {
                plan.changed.push(view.side);
                match desired_by_change(rules, view) {
                    Ok(status) => desired.push(status),
                    Err(reason) => plan.skipped.push(reason),
                }
            }
        }
    }
    if desired.is_empty() {
        desired = views.iter().filter_map(|view| desired_by_drift(rules, view)).collect();
    }
    decide(rules, desired, plan)
}

/// At most one of the desired statuses is carried out, the user side's being the first; those that are satisfied already
/// don't count.
fn decide(rules: &Rules, desired: Vec<DesiredStatus<'_>>, mut plan: Plan) -> Plan {
    let wanted = !desired.is_empty();
    let mut open = desired.into_iter().filter(|status| !status.is_satisfied());
    let (winner, loser) = match (open.next(), open.next()) {
        (None, _) => {
            plan.skipped.extend(wanted.then_some(SkipReason::AlreadyEqual));
            return plan;
        }
        (Some(user), Some(dev)) if dev_wins(rules.on_conflict, &user, &dev) => (dev, Some(user)),
        (Some(first), other) => (first, other),
    };
    plan.lost = loser.filter(|status| status.occasion == Occasion::Change).map(DesiredStatus::lost);
    plan.skipped.extend(plan.lost.as_ref().map(|_| SkipReason::LostConflict));
    plan.draft = Some(winner.draft(rules.replied_field.as_ref()));
    plan
}

fn dev_wins(on_conflict: OnConflict, user: &DesiredStatus<'_>, dev: &DesiredStatus<'_>) -> bool {
    match on_conflict {
        OnConflict::Always(side) => side == Side::Dev,
        OnConflict::Latest => came_to_stand(&dev.source.issue) > came_to_stand(&user.source.issue),
    }
}

/// One side of a pair, beside the other.
struct View<'a> {
    side: Side,
    source: &'a Sighting,
    target: &'a Sighting,
    news: News,
    /// The flow knows what this side's status was before.
    witnessed: bool,
    /// So it does of the other side.
    target_witnessed: bool,
}

/// What a side's status tells.
#[derive(Clone, Copy, PartialEq, Eq)]
enum News {
    /// It is the one that was handled, or nothing is known of its past.
    None,
    /// It left the one that was handled.
    Change,
    /// It changed, but before that was the flow's business.
    Old,
}

impl<'a> View<'a> {
    fn from(side: Side, couple: Couple<'a>) -> Self {
        let (source, target) = match side {
            Side::User => (couple.user, couple.dev),
            Side::Dev => (couple.dev, couple.user),
        };
        let witnessed = |side, sighting: &Sighting| sighting.handled.is_some() || is_our_making(side, couple.origin);
        Self {
            side,
            source,
            target,
            news: news(side, source, target, couple),
            witnessed: witnessed(side, source),
            target_witnessed: witnessed(side.other(), target),
        }
    }
}

/// Whether the first status of the issue on `side` is known, as Lockstep created it.
fn is_our_making(side: Side, origin: Origin) -> bool {
    side == Side::Dev && origin == Origin::Created
}

/// A status without a record is news only if it came after the other side's last, and after the flow's start: what was
/// never handled is not known to have changed.
fn news(side: Side, source: &Sighting, target: &Sighting, couple: Couple<'_>) -> News {
    let issue = &source.issue;
    if let Some(handled) = &source.handled {
        return if handled.status.id == issue.status.id { News::None } else { News::Change };
    }
    let ours = is_our_making(side, couple.origin);
    match issue.status_since() {
        None => News::None,
        Some(_) if ours && *issue.first_status() == issue.status.id => News::None,
        Some(since) if couple.not_before.is_some_and(|start| since <= start) => News::Old,
        Some(since) if ours || since > came_to_stand(&target.issue) => News::Change,
        Some(_) => News::Old,
    }
}

/// When an issue came into its status: by its last change, else by being created.
fn came_to_stand(issue: &Issue) -> JiraTime {
    issue.status_since().unwrap_or(issue.created)
}

/// The status that the other side is to get, and why.
struct DesiredStatus<'a> {
    /// `None` for the flow's fallback.
    rule: Option<&'a Rule>,
    occasion: Occasion,
    from: Side,
    source: &'a Sighting,
    target: &'a Sighting,
    to: StatusName,
    resolution: Option<WantedResolution>,
}

/// Why something is wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Occasion {
    /// The source's status is a new one.
    Change,
    /// The other side left what the source's status, handled before, wants.
    Drift,
}

impl DesiredStatus<'_> {
    fn is_satisfied(&self) -> bool {
        self.target.issue.status.name == self.to
    }

    fn lost(self) -> Lost {
        Lost { side: self.from, status: self.source.issue.status.name.clone(), wanted: self.to }
    }

    fn draft(self, replied_field: Option<&FieldName>) -> Draft {
        let (side, from) = (self.from.other(), self.target.issue.status.clone());
        let (comment, resolution) = (self.comment(), self.resolution);
        let transition = Step::Transition(Transition { side, from, to: self.to, resolution });
        let reply = replied_field.filter(|_| side == Side::User).cloned();
        let reply = reply.map(|field| Step::Reply(SetReplied { field }));
        Draft {
            kind: IntentKind::Mirror,
            rule: self.rule.map(|rule| rule.id.clone()),
            source: self.from,
            steps: [Some(transition), comment, reply].into_iter().flatten().collect(),
        }
    }

    /// What was said when the source's status was new is not said again.
    fn comment(&self) -> Option<Step> {
        match self.occasion {
            Occasion::Change => Some(Step::Comment(Comment { text: self.rule?.act.comment.clone()? })),
            Occasion::Drift => None,
        }
    }
}

fn desired_by_change<'a>(rules: &'a Rules, view: &View<'a>) -> Result<DesiredStatus<'a>, SkipReason> {
    let status = &view.source.issue.status.name;
    match rule_for(rules, view.side, status, Paired::Yes) {
        Some(rule) => desired_by_rule(rule, view, Occasion::Change).ok_or(SkipReason::NoRule),
        None if is_intermediate(rules, view.side, status) => Err(SkipReason::IntermediateStatus),
        None => fallback(rules, view).ok_or(SkipReason::NoRule),
    }
}

/// What was never handled has not drifted.
fn desired_by_drift<'a>(rules: &'a Rules, view: &View<'a>) -> Option<DesiredStatus<'a>> {
    if view.source.handled.is_none() || !view.target_witnessed {
        return None;
    }
    let rule = rule_for(rules, view.side, &view.source.issue.status.name, Paired::Yes)?;
    if rule.only_on_change { None } else { desired_by_rule(rule, view, Occasion::Drift) }
}

fn desired_by_rule<'a>(rule: &'a Rule, view: &View<'a>, occasion: Occasion) -> Option<DesiredStatus<'a>> {
    let set = rule.act.set_status.as_ref()?;
    let to = match &set.to {
        TargetStatus::Named(status) => status.clone(),
        TargetStatus::SameAsSource => view.source.issue.status.name.clone(),
    };
    let (source, target) = (view.source, view.target);
    let resolution = set.resolution.clone();
    Some(DesiredStatus { rule: Some(rule), occasion, from: view.side, source, target, to, resolution })
}

/// Acts on a status that is known to have changed; that a pair's later status has no rule says nothing about its past.
fn fallback<'a>(rules: &'a Rules, view: &View<'a>) -> Option<DesiredStatus<'a>> {
    let to = match (rules.fallback, view.side) {
        (Fallback::CloseDev, Side::User) => CLOSED,
        (Fallback::ResolveUser, Side::Dev) => RESOLVED,
        (Fallback::Ignore, _) | (Fallback::CloseDev, Side::Dev) | (Fallback::ResolveUser, Side::User) => return None,
    };
    let (source, target, to) = (view.source, view.target, StatusName::new(to));
    let resolution = rules.resolution.clone().map(WantedResolution::OfFlow);
    let occasion = Occasion::Change;
    view.witnessed.then_some(DesiredStatus { rule: None, occasion, from: view.side, source, target, to, resolution })
}
