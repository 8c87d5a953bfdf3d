//! Cloud's search: what it finds comes by pages, each with a token for the next.

use std::collections::BTreeSet;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::Duration;
use serde_json::{Map, Value, json};

use crate::http::answer::{Answer, USUAL_PAGE};
use crate::http::bulk::few;
use crate::http::call::{Call, comma_separated};
use crate::http::members;
use crate::http::wire::{Fields, Selection, Wire};
use crate::jql::{self, SortPosition};
use crate::state::State;

/// The most issues of one page that may be asked for.
const LARGEST_PAGE: usize = 5000;

const MOST_RECONCILED: usize = 50;

/// How long a page token may be used.
const TOKEN_DAYS: i64 = 7;

pub(in crate::http) fn by_query(state: &State, call: &Call) -> Result<Answer, Answer> {
    let number = |text: String| text.parse().map_err(|_| Answer::invalid_payload());
    let ask = TokenSearch {
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

pub(in crate::http) fn by_body(state: &State, call: &Call) -> Result<Answer, Answer> {
    const KNOWN: [&str; 8] =
        ["expand", "fields", "fieldsByKeys", "jql", "maxResults", "nextPageToken", "properties", "reconcileIssues"];
    let body = call.json()?;
    let members = members::known(&body, &KNOWN)?;
    let expand = members::text(members, "expand")?.unwrap_or_default();
    // Taken in but of no use here: no field has a key that differs from its id.
    members::flag(members, "fieldsByKeys")?;
    let ask = TokenSearch {
        jql: members::text(members, "jql")?.unwrap_or_default(),
        most: most(members)?,
        token: members::text(members, "nextPageToken")?,
        selection: Selection {
            fields: fields(members::texts(members, "fields")?),
            expand: comma_separated(&expand).collect(),
            properties: few(members::texts(members, "properties")?.unwrap_or_default())?,
        },
        reconcile: reconciled(members.get("reconcileIssues"))?,
    };
    ask.answer(state, call)
}

/// Here `null` is not the same as nothing.
fn most(members: &Map<String, Value>) -> Result<usize, Answer> {
    match members.get("maxResults") {
        Some(Value::Null) => Err(Answer::invalid_payload()),
        Some(_) | None => Ok(members::number(members, "maxResults")?.unwrap_or(USUAL_PAGE)),
    }
}

/// Ids as numbers, if there are any.
fn reconciled(ids: Option<&Value>) -> Result<Vec<u64>, Answer> {
    let Some(ids) = ids.filter(|ids| !ids.is_null()) else { return Ok(Vec::new()) };
    let ids = ids.as_array().and_then(|ids| ids.iter().map(Value::as_u64).collect());
    ids.ok_or_else(Answer::invalid_payload)
}

/// Only ids, unless more is asked for.
fn fields(named: Option<Vec<String>>) -> Fields {
    match named {
        None => Fields::IdOnly,
        Some(names) if names.iter().all(|name| name == "id") => Fields::IdOnly,
        Some(names) => Fields::Named(names),
    }
}

struct TokenSearch {
    jql: String,
    most: usize,
    token: Option<String>,
    selection: Selection,
    /// Issues that must be shown as they are now, index or not.
    reconcile: Vec<u64>,
}

impl TokenSearch {
    fn answer(&self, state: &State, call: &Call) -> Result<Answer, Answer> {
        if self.most == 0 || self.most > LARGEST_PAGE || self.reconcile.len() > MOST_RECONCILED {
            return Err(Answer::invalid_payload());
        }
        let query = super::query(state, call, &self.jql, true)?;
        let after = self.token.as_deref().map(|token| self.redeem(token, state, call)).transpose()?;
        let as_they_are: BTreeSet<u64> = self.reconcile.iter().copied().collect();
        let mut rows = super::rows(state, &call.account, &query, &as_they_are);
        rows.retain(|(place, _)| after.as_ref().is_none_or(|after| query.compare(place, after).is_gt()));
        let page = &rows[..rows.len().min(self.most).min(state.setup.page_cap)];
        let wire = Wire::new(state, call);
        let issues: Vec<Value> = page.iter().map(|(_, issue)| super::row(&wire, issue, &self.selection)).collect();
        let is_last = page.len() == rows.len();
        let mut answer = json!({"issues": issues, "isLast": is_last});
        if let Some((last, _)) = page.last().filter(|_| !is_last) {
            answer["nextPageToken"] = self.token(last, state, call).into();
        }
        Ok(Answer::ok(answer))
    }

    /// A token names the last place shown. So a row that changes place meanwhile is met again or missed, but it makes
    /// no other row be met twice or missed.
    fn token(&self, last: &SortPosition, state: &State, call: &Call) -> String {
        let values: Vec<Value> = last.values.iter().map(write_value).collect();
        let since = state.now.timestamp_millis();
        let token = json!({
            "for": owner(state, call), "jql": self.jql, "since": since, "values": values, "id": last.id,
        });
        BASE64_URL_SAFE_NO_PAD.encode(token.to_string())
    }

    /// The place a token names, if this site gave it to this account, for this query, and not too long ago.
    fn redeem(&self, token: &str, state: &State, call: &Call) -> Result<SortPosition, Answer> {
        let read = || {
            let token: Value = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
            let age = state.now.timestamp_millis() - token["since"].as_i64()?;
            let values = token["values"].as_array()?.iter().map(read_value).collect::<Option<_>>()?;
            let fresh = age <= Duration::days(TOKEN_DAYS).num_milliseconds();
            let ours = token["for"] == owner(state, call) && token["jql"] == self.jql.as_str();
            (fresh && ours).then_some(SortPosition { values, id: token["id"].as_u64()? })
        };
        read().ok_or_else(|| Answer::bad("The provided next page token is invalid or expired."))
    }
}

/// Whose tokens these are: a site, which its seed tells from others, and an account of it.
fn owner(state: &State, call: &Call) -> Value {
    json!([state.setup.base_url, state.setup.seed, call.account])
}

fn write_value(value: &jql::Value) -> Value {
    match value {
        jql::Value::Millis(millis) => json!(millis),
        jql::Value::Key(project, number) => json!([project, number]),
        jql::Value::Text(text) => json!(text),
    }
}

fn read_value(value: &Value) -> Option<jql::Value> {
    let key = |key: &Vec<Value>| Some(jql::Value::Key(key.first()?.as_str()?.into(), key.get(1)?.as_u64()?));
    match value {
        Value::Number(millis) => millis.as_i64().map(jql::Value::Millis),
        Value::Array(parts) => key(parts),
        Value::String(text) => Some(jql::Value::Text(text.clone())),
        Value::Null | Value::Bool(_) | Value::Object(_) => None,
    }
}
