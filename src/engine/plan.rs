//! What to do about what was observed: pure, without waiting and without a clock (docs/sync.md, "Rules", "Pairs").

use crate::flow::{
    Comment, CreateIssue, Draft, Fallback, IntentKind, Issue, JiraTime, LinkIssues, Observed, OnConflict, Origin, Rule,
    RuleId, Rules, Side, Sighting, SkipReason, StatusMatch, StatusName, Step, TargetStatus, Template, Transition,
};

/// The status to which `fallbackBehavior: default_to_closed` brings a dev issue.
const CLOSED: &str = "Closed";

/// The status to which `fallbackBehavior: sync_to_resolved` brings a user issue.
const RESOLVED: &str = "Resolved";

/// What is to be done for one pair or one unpaired issue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The writes; `None` when there is nothing to write.
    pub draft: Option<Draft>,
    /// Which sides left their handled status.
    pub changed: Vec<Side>,
    /// Why something that could have been done is not.
    pub skipped: Vec<SkipReason>,
}

/// Decides. The same observation always gives the same plan.
#[must_use]
pub fn plan(rules: &Rules, seen: &Observed) -> Plan {
    match seen {
        Observed::Unpaired { user, unseen_since } => unpaired(rules, user, *unseen_since),
        Observed::Paired { pair, user, dev, not_before, copied: _, recent_writes: _ } => {
            paired(rules, pair.origin, *not_before, user, dev)
        }
    }
}

/// The dev issue that an operator asks for: by the first rule that creates one for where the user issue stands, else by
/// the first that creates any. `None` when none does.
#[must_use]
pub fn creation(rules: &Rules, user: &Sighting) -> Option<Draft> {
    let status = &user.issue.status.name;
    let creating = || rules.in_order.iter().filter(|rule| rule.act.create);
    let fits = |rule: &&Rule| match &rule.on {
        StatusMatch::Named(named) => named == status,
        StatusMatch::Any => true,
    };
    creating().find(fits).or_else(|| creating().next()).map(create)
}

/// An unpaired user issue gets its dev issue if it stands in a status that asks for one, or passed through one since it
/// was last looked at.
fn unpaired(rules: &Rules, user: &Sighting, unseen_since: Option<JiraTime>) -> Plan {
    let since = user.handled.as_ref().map(|handled| handled.updated).or(unseen_since);
    let changed = match &user.handled {
        Some(handled) if handled.status.id == user.issue.status.id => Vec::new(),
        Some(_) | None => vec![Side::User],
    };
    let standing = rule_for(rules, Side::User, &user.issue.status.name, Paired::No).filter(|rule| rule.act.create);
    match standing.or_else(|| passed_through(rules, &user.issue, since?)) {
        Some(rule) => Plan { draft: Some(create(rule)), changed, skipped: Vec::new() },
        None => Plan { draft: None, skipped: vec![why_not_created(rules, &user.issue.status.name)], changed },
    }
}

fn passed_through<'a>(rules: &'a Rules, issue: &Issue, since: JiraTime) -> Option<&'a Rule> {
    let news = issue.changes.iter().rev().filter(|change| change.at > since);
    news.filter_map(|change| rule_for(rules, Side::User, &change.to.name, Paired::No)).find(|rule| rule.act.create)
}

fn why_not_created(rules: &Rules, status: &StatusName) -> SkipReason {
    match rule_for(rules, Side::User, status, Paired::Yes) {
        Some(_) => SkipReason::NoMapping,
        None => SkipReason::NoRule,
    }
}

fn create(rule: &Rule) -> Draft {
    let cross_link = rule.act.cross_link;
    Draft {
        kind: IntentKind::Create,
        rule: Some(rule.id.clone()),
        source: Side::User,
        steps: vec![
            Step::Create(CreateIssue { cross_link }),
            Step::Link(LinkIssues { cross_link, comment: rule.act.comment.clone() }),
        ],
    }
}

/// A status that changed on one side and that a rule names crosses to the other. If both did, and want different
/// things, one wins. Only if neither changed may a rule mend what has drifted.
fn paired(rules: &Rules, origin: Origin, not_before: Option<JiraTime>, user: &Sighting, dev: &Sighting) -> Plan {
    let view = |side, source, target| View::new(side, source, target, origin, not_before);
    let sides = [view(Side::User, user, dev), view(Side::Dev, dev, user)];
    let mut plan = Plan::default();
    let mut wishes = Vec::new();
    for view in &sides {
        plan.skipped.extend(view.before_adoption.then_some(SkipReason::BeforeAdoption));
        if view.changed {
            plan.changed.push(view.side);
            match wish_of_change(rules, view) {
                Ok(wish) => wishes.push(wish),
                Err(reason) => plan.skipped.push(reason),
            }
        }
    }
    if wishes.is_empty() {
        wishes = sides.iter().filter_map(|view| wish_of_drift(rules, view)).collect();
    }
    decide(rules.on_conflict, wishes, plan)
}

fn decide(on_conflict: OnConflict, wishes: Vec<Wish<'_>>, mut plan: Plan) -> Plan {
    if wishes.iter().all(Wish::is_granted) {
        plan.skipped.extend(wishes.first().map(|_| SkipReason::AlreadyEqual));
        return plan;
    }
    let contested = wishes.len() > 1;
    let winner = wishes.into_iter().reduce(|user, dev| if dev_wins(on_conflict, &user, &dev) { dev } else { user });
    plan.skipped.extend(contested.then_some(SkipReason::LostConflict));
    match winner {
        Some(wish) if wish.is_granted() => plan.skipped.push(SkipReason::AlreadyEqual),
        Some(wish) => plan.draft = Some(wish.draft()),
        None => {}
    }
    plan
}

fn dev_wins(on_conflict: OnConflict, user: &Wish<'_>, dev: &Wish<'_>) -> bool {
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
    changed: bool,
    /// It changed before the pair was found: nobody's news.
    before_adoption: bool,
}

impl<'a> View<'a> {
    fn new(
        side: Side,
        source: &'a Sighting,
        target: &'a Sighting,
        origin: Origin,
        not_before: Option<JiraTime>,
    ) -> Self {
        let (changed, before_adoption) = match (&source.handled, origin, side) {
            (Some(handled), Origin::Created | Origin::Adopted, _) => {
                (handled.status.id != source.issue.status.id, false)
            }
            // We created it and have not looked since: whatever left its first status is news.
            (None, Origin::Created, Side::Dev) => (*source.issue.first_status() != source.issue.status.id, false),
            (None, Origin::Created, Side::User) | (None, Origin::Adopted, _) => {
                let came = came_to_stand(&source.issue);
                let news = came > came_to_stand(&target.issue) && not_before.is_none_or(|start| came > start);
                (news, !news && source.issue.status_since().is_some())
            }
        };
        Self { side, source, target, changed, before_adoption }
    }
}

/// When an issue came into its status: by its last change, else by being created.
fn came_to_stand(issue: &Issue) -> JiraTime {
    issue.status_since().unwrap_or(issue.created)
}

/// What a rule wants of the other side.
struct Wish<'a> {
    rule: Option<&'a RuleId>,
    from: Side,
    source: &'a Sighting,
    target: &'a Sighting,
    to: StatusName,
    comment: Option<&'a Template>,
}

impl Wish<'_> {
    fn is_granted(&self) -> bool {
        self.target.issue.status.name == self.to
    }

    fn draft(&self) -> Draft {
        let transition = Step::Transition(Transition {
            side: self.from.other(),
            from: self.target.issue.status.clone(),
            to: self.to.clone(),
            resolution: None,
        });
        let comment = self.comment.map(|text| Step::Comment(Comment { text: text.clone() }));
        Draft {
            kind: IntentKind::Mirror,
            rule: self.rule.cloned(),
            source: self.from,
            steps: std::iter::once(transition).chain(comment).collect(),
        }
    }
}

fn wish_of_change<'a>(rules: &'a Rules, view: &View<'a>) -> Result<Wish<'a>, SkipReason> {
    let status = &view.source.issue.status.name;
    match rule_for(rules, view.side, status, Paired::Yes) {
        Some(rule) => wish(rule, view).ok_or(SkipReason::NoRule),
        None if is_intermediate(rules, view.side, status) => Err(SkipReason::IntermediateStatus),
        None => fallback(rules.fallback, view).ok_or(SkipReason::NoRule),
    }
}

fn wish_of_drift<'a>(rules: &'a Rules, view: &View<'a>) -> Option<Wish<'a>> {
    // What was never handled has not drifted.
    view.source.handled.as_ref()?;
    let rule = rule_for(rules, view.side, &view.source.issue.status.name, Paired::Yes)?;
    if rule.only_on_change { None } else { wish(rule, view) }
}

fn wish<'a>(rule: &'a Rule, view: &View<'a>) -> Option<Wish<'a>> {
    let to = match &rule.act.set_status.as_ref()?.to {
        TargetStatus::Named(status) => status.clone(),
        TargetStatus::SameAsSource => view.source.issue.status.name.clone(),
    };
    let (source, target) = (view.source, view.target);
    Some(Wish { rule: Some(&rule.id), from: view.side, source, target, to, comment: rule.act.comment.as_ref() })
}

fn fallback<'a>(fallback: Fallback, view: &View<'a>) -> Option<Wish<'a>> {
    let to = match (fallback, view.side) {
        (Fallback::CloseDev, Side::User) => CLOSED,
        (Fallback::ResolveUser, Side::Dev) => RESOLVED,
        (Fallback::Ignore, _) | (Fallback::CloseDev, Side::Dev) | (Fallback::ResolveUser, Side::User) => return None,
    };
    let (source, target) = (view.source, view.target);
    Some(Wish { rule: None, from: view.side, source, target, to: StatusName::new(to), comment: None })
}

/// Whether the issue that a rule looks at has a counterpart.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Paired {
    Yes,
    No,
}

/// The first rule in order that looks at `side` and names `status`; else the first for any status, unless `status` is
/// named by some rule or is intermediate.
fn rule_for<'a>(rules: &'a Rules, side: Side, status: &StatusName, paired: Paired) -> Option<&'a Rule> {
    let of_side = || rules.in_order.iter().filter(move |rule| rule.from.includes(side));
    let names = |rule: &&Rule| matches!(&rule.on, StatusMatch::Named(named) if named == status);
    let fits = |rule: &&Rule| paired == Paired::Yes || !rule.requires_pair;
    if of_side().any(|rule| names(&rule)) {
        return of_side().filter(names).find(fits);
    }
    if is_intermediate(rules, side, status) {
        return None;
    }
    of_side().filter(|rule| rule.on == StatusMatch::Any).find(fits)
}

fn is_intermediate(rules: &Rules, side: Side, status: &StatusName) -> bool {
    side == Side::Dev && rules.intermediate.contains(status)
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
