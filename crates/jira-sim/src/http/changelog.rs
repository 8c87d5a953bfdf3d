//! The history of issues.

use serde_json::{Value, json};

use super::answer::Answer;
use super::call::Call;
use super::members;
use super::wire::Wire;
use crate::issue::{Change, Issue, Item};
use crate::state::State;

/// Limits of `changelog/bulkfetch`, as documented.
const MOST_ISSUES: usize = 1000;
const MOST_FIELDS: usize = 10;
const USUAL_PAGE: usize = 1000;
const LARGEST_PAGE: usize = 10_000;

/// One issue's history, oldest first.
pub(super) fn show(state: &State, call: &Call) -> Result<Answer, Answer> {
    let issue = state.issues.find(call.param("issueIdOrKey")).ok_or_else(Answer::no_issue)?;
    let wire = Wire::new(state, call);
    let start = call.number("startAt")?.unwrap_or(0);
    let most = call.number("maxResults")?.unwrap_or(100).min(100);
    let total = issue.history.len();
    let values: Vec<Value> = issue.history.iter().skip(start).take(most).map(|change| wire.change(change)).collect();
    let url = wire.url(&format!("issue/{}/changelog", issue.id));
    let end = start + values.len();
    let mut page = json!({
        "self": format!("{url}?startAt={start}&maxResults={most}"),
        "startAt": start, "maxResults": most, "total": total, "isLast": end >= total, "values": values,
    });
    if end < total {
        page["nextPage"] = format!("{url}?startAt={end}&maxResults={most}").into();
    }
    Ok(Answer::ok(page))
}

/// Those changes of one issue that are asked for by id, oldest first; ids that it does not have are passed over.
pub(super) fn some(state: &State, call: &Call) -> Result<Answer, Answer> {
    let issue = state.issues.find(call.param("issueIdOrKey")).ok_or_else(Answer::no_issue)?;
    let body = call.json()?;
    let ids = members::known(&body, &["changelogIds"])?.get("changelogIds").and_then(Value::as_array);
    let ids: Option<Vec<u64>> = ids.and_then(|ids| ids.iter().map(Value::as_u64).collect());
    let ids = ids.ok_or_else(Answer::invalid_payload)?;
    let wire = Wire::new(state, call);
    let chosen = issue.history.iter().filter(|change| ids.contains(&change.id));
    let histories: Vec<Value> = chosen.map(|change| wire.change(change)).collect();
    let count = histories.len();
    Ok(Answer::ok(json!({"startAt": 0, "maxResults": count, "total": count, "histories": histories})))
}

/// The histories of many issues, oldest change first and of equal ones the smallest issue id, cut into pages.
pub(super) fn fetch(state: &State, call: &Call) -> Result<Answer, Answer> {
    let ask = HistoryRequest::read(&call.json()?)?;
    let changes = ask.changes(state, &call.account);
    let page: Vec<_> = changes.iter().skip(ask.start).take(ask.most).collect();
    let end = ask.start + page.len();
    let mut logs: Vec<(u64, Vec<Value>)> = Vec::new();
    let wire = Wire::new(state, call);
    for (id, change) in page {
        let written = dated(&wire, change);
        match logs.iter_mut().find(|(known, _)| known == id) {
            Some((_, log)) => log.push(written),
            None => logs.push((*id, vec![written])),
        }
    }
    let log = |(id, log): (u64, Vec<Value>)| json!({"issueId": id.to_string(), "changeHistories": log});
    let mut answer = json!({"issueChangeLogs": logs.into_iter().map(log).collect::<Vec<_>>()});
    if end < changes.len() {
        answer["nextPageToken"] = end.to_string().into();
    }
    Ok(Answer::ok(answer))
}

struct HistoryRequest {
    issues: Vec<String>,
    fields: Vec<String>,
    most: usize,
    start: usize,
}

impl HistoryRequest {
    fn read(body: &Value) -> Result<Self, Answer> {
        let members = members::known(body, &["issueIdsOrKeys", "fieldIds", "maxResults", "nextPageToken"])?;
        let issues = members::texts(members, "issueIdsOrKeys")?.unwrap_or_default();
        let fields = members::texts(members, "fieldIds")?.unwrap_or_default();
        let most = members::number(members, "maxResults")?.unwrap_or(USUAL_PAGE);
        let token = members::text(members, "nextPageToken")?;
        if issues.is_empty() || issues.len() > MOST_ISSUES {
            return Err(Answer::bad(&format!("From 1 to {MOST_ISSUES} issue ids or keys are needed.")));
        }
        if fields.len() > MOST_FIELDS || !(1..=LARGEST_PAGE).contains(&most) {
            return Err(Answer::invalid_payload());
        }
        let start = token.map_or(Ok(0), |token| token.parse().map_err(|_| Answer::invalid_payload()))?;
        Ok(Self { issues, fields, most, start })
    }

    fn changes(&self, state: &State, account: &str) -> Vec<(u64, Change)> {
        let mut issues: Vec<_> = self.issues.iter().filter_map(|it| state.find_for(account, it)).collect();
        issues.sort_by_key(|issue| issue.id);
        issues.dedup_by_key(|issue| issue.id);
        let mut changes: Vec<_> = issues.into_iter().flat_map(|issue| self.of(issue)).collect();
        changes.sort_by_key(|(issue, change)| (change.at, *issue, change.id));
        changes
    }

    /// An issue's changes of the wanted fields.
    fn of(&self, issue: &Issue) -> impl Iterator<Item = (u64, Change)> {
        let wanted =
            |item: &Item| self.fields.is_empty() || self.fields.iter().any(|it| Some(it.as_str()) == item.field_id());
        issue.history.iter().filter_map(move |change| {
            let mut change = Change::clone(change);
            change.items.retain(&wanted);
            (!change.items.is_empty()).then_some((issue.id, change))
        })
    }
}

fn dated(wire: &Wire, change: &Change) -> Value {
    let mut written = wire.change(change);
    if wire.state.setup.numeric_changelog_dates {
        written["created"] = change.at.timestamp_millis().into();
    }
    written
}
