//! Whether the statuses that rules name are there (docs/sync.md, "Statuses").

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use crate::engine::cx::{Cx, Error};
use crate::flow::{IssueId, NoticeKind, Pair, Rule, RuleId, Side, StatusId, StatusMatch, StatusName, TargetStatus};

/// Recorded pairs among which the id of a status is looked for by the name that it had.
const SOUGHT: u32 = 500;

/// A status that a rule names in a project.
#[derive(Clone, Debug, PartialEq, Eq)]
struct NamedStatus<'a> {
    rule: &'a RuleId,
    side: Side,
    name: &'a StatusName,
}

/// Every status that a rule names, on each side on which it means one.
fn named_by(rule: &Rule) -> Vec<NamedStatus<'_>> {
    let mut named = Vec::new();
    for source in Side::BOTH.into_iter().filter(|side| rule.from.includes(*side)) {
        let on = match &rule.on {
            StatusMatch::Named(name) => Some(name),
            StatusMatch::Any => None,
        };
        let to = rule.act.set_status.as_ref().and_then(|set| match &set.to {
            TargetStatus::Named(name) => Some(name),
            TargetStatus::SameAsSource => on,
        });
        named.extend(on.map(|name| NamedStatus { rule: &rule.id, side: source, name }));
        named.extend(to.map(|name| NamedStatus { rule: &rule.id, side: source.other(), name }));
    }
    named
}

/// Has it shown if a rule names a status that its project does not have; asked whenever the lists of statuses have
/// changed.
pub(in crate::engine) async fn look_for_named_statuses(cx: &Cx) -> Result<(), Error> {
    let version = cx.jira.statuses_version();
    if cx.memory.statuses_seen.swap(version, Ordering::Relaxed) == version {
        return Ok(());
    }
    let mut lacking = Vec::new();
    for named in cx.flow.rules.in_order.iter().flat_map(named_by) {
        let Some(listed) = cx.jira.statuses_of(cx.sides.id(named.side)) else { continue };
        if !listed.iter().any(|status| status.name == *named.name) {
            lacking.push(told_of_lacking(cx, &named).await?);
        }
    }
    cx.teller.notice(NoticeKind::StatusMissing, (!lacking.is_empty()).then(|| lacking.join("; ")));
    Ok(())
}

async fn told_of_lacking(cx: &Cx, named: &NamedStatus<'_>) -> Result<String, Error> {
    let NamedStatus { rule, side, name } = named;
    let project = cx.flow.project(*side);
    let said = format!("the rule {rule} names the status {name}, which {project} does not have");
    Ok(match present_name(cx, *side, name).await? {
        Some(now) => format!("{said}: it is called {now} now, write that into the file"),
        None => format!("{said}: the rule does nothing there until the file names one that it has"),
    })
}

/// What a status is called now that was recorded under this name, if it is listed still.
async fn present_name(cx: &Cx, side: Side, name: &StatusName) -> Result<Option<StatusName>, Error> {
    let ids = recorded_as(cx, side, name).await?;
    let listed = cx.jira.statuses_of(cx.sides.id(side)).unwrap_or_default();
    Ok(listed.into_iter().find(|status| ids.contains(&status.id)).map(|status| status.name))
}

/// The ids of the statuses that were recorded under this name, among issues of that side.
async fn recorded_as(cx: &Cx, side: Side, name: &StatusName) -> Result<BTreeSet<StatusId>, Error> {
    let mut issues: BTreeSet<IssueId> = cx.store.newest_issues(side).await?.into_iter().map(|issue| issue.id).collect();
    issues.extend(cx.store.page::<Pair>(None, SOUGHT).await?.into_iter().map(|pair| pair.on(side).id.clone()));
    let handled = cx.store.handled(side, issues.into_iter().collect()).await?;
    let statuses = handled.into_values().map(|handled| handled.status);
    Ok(statuses.filter(|status| status.name == *name).map(|status| status.id).collect())
}
