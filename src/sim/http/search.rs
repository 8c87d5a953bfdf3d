//! Search: slow to learn, and never more than a page at a time.

use std::collections::BTreeSet;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::Duration;
use serde_json::{Value, json};

use super::answer::Answer;
use super::bodies;
use super::bulk::few;
use super::call::{Call, comma_separated};
use super::wire::{Fields, Selection, Wire};
use crate::sim::issue::Issue;
use crate::sim::jql::{self, Names, Place, Query, Reader};
use crate::sim::permissions::Permission;
use crate::sim::setup::Flavour;
use crate::sim::state::State;

const USUAL_PAGE: usize = 50;
const MOST_RECONCILED: usize = 50;

/// How long a page token may be used.
const TOKEN_DAYS: i64 = 7;

pub(super) fn by_query(state: &State, call: &Call) -> Result<Answer, Answer> {
    let number = |text: String| text.parse().map_err(|_| Answer::invalid_payload());
    let ask = Ask {
        jql: call.query("jql").unwrap_or_default().into(),
        most: call.number("maxResults")?.unwrap_or(USUAL_PAGE),
        token: call.query("nextPageToken").map(String::from),
        selection: Selection {
            fields: fields(call.list("fields")),
            expand: call.list("expand").unwrap_or_default(),
            properties: few(call.list("properties").unwrap_or_default())?,
        },
        reconcile: call
            .list("reconcileIssues")
            .unwrap_or_default()
            .into_iter()
            .map(number)
            .collect::<Result<_, _>>()?,
    };
    ask.answer(state, call)
}

pub(super) fn by_body(state: &State, call: &Call) -> Result<Answer, Answer> {
    const KNOWN: [&str; 8] =
        ["expand", "fields", "fieldsByKeys", "jql", "maxResults", "nextPageToken", "properties", "reconcileIssues"];
    let body = call.json()?;
    let members = bodies::members(&body, &KNOWN)?;
    let expand = bodies::text(members, "expand")?.unwrap_or_default();
    let ids = members.get("reconcileIssues").and_then(Value::as_array).into_iter().flatten();
    let ask = Ask {
        jql: bodies::text(members, "jql")?.unwrap_or_default(),
        most: bodies::number(members, "maxResults")?.unwrap_or(USUAL_PAGE),
        token: bodies::text(members, "nextPageToken")?,
        selection: Selection {
            fields: fields(bodies::texts(members, "fields")?),
            expand: comma_separated(&expand).collect(),
            properties: few(bodies::texts(members, "properties")?.unwrap_or_default())?,
        },
        reconcile: ids.map(|id| id.as_u64().ok_or_else(Answer::invalid_payload)).collect::<Result<_, _>>()?,
    };
    ask.answer(state, call)
}

/// Where search used to be.
pub(super) fn removed(_: &State, _: &Call) -> Result<Answer, Answer> {
    Err(Answer::gone())
}

/// What a stranger finds.
pub(super) fn nothing(flavour: Flavour) -> Answer {
    Answer::ok(match flavour {
        Flavour::Cloud => json!({"issues": [], "isLast": true}),
        Flavour::DataCenter => json!({"startAt": 0, "maxResults": USUAL_PAGE, "total": 0, "issues": []}),
    })
}

/// Only ids, unless more is asked for.
fn fields(named: Option<Vec<String>>) -> Fields {
    match named {
        None => Fields::IdOnly,
        Some(names) if names.iter().all(|name| name == "id") => Fields::IdOnly,
        Some(names) => Fields::Named(names),
    }
}

struct Ask {
    jql: String,
    most: usize,
    token: Option<String>,
    selection: Selection,
    /// Issues that must be shown as they are now, index or not.
    reconcile: BTreeSet<u64>,
}

impl Ask {
    fn answer(&self, state: &State, call: &Call) -> Result<Answer, Answer> {
        if self.most == 0 || self.reconcile.len() > MOST_RECONCILED {
            return Err(Answer::invalid_payload());
        }
        let query = self.query(state, call)?;
        let after = self.token.as_deref().map(|token| self.redeem(token, state)).transpose()?;
        let mut rows = self.rows(state, &call.account, &query);
        rows.sort_by(|(one, _), (other, _)| query.compare(one, other));
        rows.retain(|(place, _)| after.as_ref().is_none_or(|after| query.compare(place, after).is_gt()));
        let page = &rows[..rows.len().min(self.most).min(state.setup.page_cap)];
        let wire = Wire::new(state, call);
        let issues: Vec<Value> = page.iter().map(|(_, issue)| wire.issue(issue, &self.selection)).collect();
        let is_last = page.len() == rows.len();
        let mut answer = json!({"issues": issues, "isLast": is_last});
        if let Some((last, _)) = page.last().filter(|_| !is_last) {
            answer["nextPageToken"] = self.token(last, state).into();
        }
        Ok(Answer::ok(answer))
    }

    fn query(&self, state: &State, call: &Call) -> Result<Query, Answer> {
        let zone = state.accounts.get(&call.account).map_or(chrono_tz::Tz::UTC, |account| account.time_zone);
        let names = Seen { state, account: &call.account };
        let reader = Reader { names: &names, zone, now: state.now };
        Query::read(&self.jql, &reader).map_err(|message| Answer::bad(&message))
    }

    /// What the index knows, the account sees and the query wants, each with its place.
    fn rows<'a>(&self, state: &'a State, account: &str, query: &Query) -> Vec<(Place, &'a Arc<Issue>)> {
        let indexed = state.index.rows().filter(|issue| !self.reconcile.contains(&issue.id));
        let current = self.reconcile.iter().filter_map(|id| state.issues.get(id));
        let wanted = indexed.chain(current).filter(|issue| query.matches(issue));
        let seen = wanted.filter(|issue| state.may_see(account, issue));
        seen.map(|issue| (query.place(issue), issue)).collect()
    }

    /// A token names the last place shown. So a row that changes place meanwhile is met again or missed, but it makes no
    /// other row be met twice or missed.
    fn token(&self, last: &Place, state: &State) -> String {
        let values: Vec<Value> = last.values.iter().map(write_value).collect();
        let since = state.now.timestamp_millis();
        let token = json!({"jql": self.jql, "since": since, "values": values, "id": last.id});
        BASE64_URL_SAFE_NO_PAD.encode(token.to_string())
    }

    /// The place a token names, if it is one of ours, for this query, and not too old.
    fn redeem(&self, token: &str, state: &State) -> Result<Place, Answer> {
        let read = || {
            let token: Value = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
            let age = state.now.timestamp_millis() - token["since"].as_i64()?;
            let values = token["values"].as_array()?.iter().map(read_value).collect::<Option<_>>()?;
            let fresh = age <= Duration::days(TOKEN_DAYS).num_milliseconds() && token["jql"] == self.jql.as_str();
            fresh.then_some(Place { values, id: token["id"].as_u64()? })
        };
        read().ok_or_else(|| Answer::bad("The provided next page token is invalid or expired."))
    }
}

fn write_value(value: &jql::Value) -> Value {
    match value {
        jql::Value::Millis(millis) => json!(millis),
        jql::Value::Key(project, number) => json!([project, number]),
    }
}

fn read_value(value: &Value) -> Option<jql::Value> {
    let key = |key: &Vec<Value>| Some(jql::Value::Key(key.first()?.as_str()?.into(), key.get(1)?.as_u64()?));
    value.as_i64().map(jql::Value::Millis).or_else(|| value.as_array().and_then(key))
}

/// The names that an account can use in a query: what it may not see, it can't name either.
struct Seen<'a> {
    state: &'a State,
    account: &'a str,
}

impl Names for Seen<'_> {
    fn project(&self, wanted: &str) -> Option<String> {
        Names::project(self.state, wanted).filter(|key| self.state.may(self.account, key, Permission::BrowseProjects))
    }

    fn status(&self, wanted: &str) -> Option<String> {
        Names::status(self.state, wanted)
    }

    fn issue(&self, wanted: &str) -> Option<u64> {
        self.state.find_for(self.account, wanted).map(|issue| issue.id)
    }
}

impl Names for State {
    fn project(&self, wanted: &str) -> Option<String> {
        self.find_project(wanted).map(|home| home.project.key.clone())
    }

    fn status(&self, wanted: &str) -> Option<String> {
        let statuses = self.statuses();
        let named = || statuses.values().find(|status| status.name.eq_ignore_ascii_case(wanted));
        statuses.get(wanted).or_else(named).map(|status| status.id.clone())
    }

    fn issue(&self, wanted: &str) -> Option<u64> {
        self.find(wanted).map(|issue| issue.id)
    }
}
