//! A user issue without a dev issue: whether it gets one.

use super::choice::{Paired, rule_for};
use super::{Plan, upkeep};
use crate::flow::{
    CreateIssue, Draft, IntentKind, Issue, JiraTime, LinkIssues, Rule, Rules, Side, Sighting, SkipReason, StatusMatch,
    StatusName, Step,
};

/// It does if it stands in a status that asks for one, or passed through one since it was last looked at.
pub(super) fn plan(rules: &Rules, user: &Sighting, unseen_since: Option<JiraTime>) -> Plan {
    let since = user.handled.as_ref().map(|handled| handled.updated).or(unseen_since);
    let changed = user.handled.as_ref().is_none_or(|handled| handled.status.id != user.issue.status.id);
    let changed = if changed { vec![Side::User] } else { Vec::new() };
    let standing = creating(rules, &user.issue.status.name);
    match standing.or_else(|| passed_through(rules, &user.issue, since?)) {
        Some(rule) => Plan { draft: Some(create(rules, rule, &user.issue)), changed, ..Plan::default() },
        None => Plan { skipped: vec![why_not(rules, &user.issue.status.name)], changed, ..Plan::default() },
    }
}

/// By the first rule that creates one for where the user issue stands, else by the first that creates any.
pub(super) fn creation(rules: &Rules, user: &Issue) -> Option<Draft> {
    let creating = || rules.in_order.iter().filter(|rule| rule.act.create);
    let fits = |rule: &&Rule| match &rule.on {
        StatusMatch::Named(status) => *status == user.status.name,
        StatusMatch::Any => true,
    };
    creating().find(fits).or_else(|| creating().next()).map(|rule| create(rules, rule, user))
}

fn creating<'a>(rules: &'a Rules, status: &StatusName) -> Option<&'a Rule> {
    rule_for(rules, Side::User, status, Paired::No).filter(|rule| rule.act.create)
}

/// The rule of the latest status it came into since then. It was created in the first.
fn passed_through<'a>(rules: &'a Rules, issue: &Issue, since: JiraTime) -> Option<&'a Rule> {
    let came_into = issue.changes.iter().rev().map(|change| (change.at, &change.to.name));
    let first = issue.changes.first().map(|change| (issue.created, &change.from.name));
    let news = came_into.chain(first).filter(|(at, _)| *at > since);
    news.map(|(_, status)| status).find_map(|status| creating(rules, status))
}

fn why_not(rules: &Rules, status: &StatusName) -> SkipReason {
    match rule_for(rules, Side::User, status, Paired::Yes) {
        Some(_) => SkipReason::NoMapping,
        None => SkipReason::NoRule,
    }
}

fn create(rules: &Rules, rule: &Rule, user: &Issue) -> Draft {
    let cross_link = rule.act.cross_link;
    let create = Step::Create(CreateIssue { cross_link });
    let link = Step::Link(LinkIssues { cross_link, comment: rule.act.comment.clone(), owed: None });
    let files = upkeep::first_files(rules, rule, user);
    Draft {
        kind: IntentKind::Create,
        rule: Some(rule.id.clone()),
        source: Side::User,
        steps: std::iter::once(create).chain(files).chain([link]).collect(),
    }
}
