//! `GET /api/v1/flows/NAME/history`: what was done, page by page, latest first.

use std::collections::BTreeMap;
use std::str::FromStr;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};

use super::Inside;
use super::answer::{no_flow_and_why, problem, timestamp};
use crate::api;
use crate::flow::{FlowName, HistoryQuery, Told};
use crate::supervisor::HistoryPage;

/// Lines of a page, unless it is said how many.
const USUAL: u32 = 50;

/// More lines are asked for page by page.
const MOST: u32 = 500;

/// A page of a flow's history; 400 when that is asked for in a way that makes no sense, 404 when there is no such flow,
/// 503 when its data can't be read.
pub(super) async fn page(State(inside): State<Inside>, Path(name): Path<String>, uri: Uri) -> Response {
    let query = match asked(&uri) {
        Ok(query) => query,
        Err(why) => return problem(StatusCode::BAD_REQUEST, why),
    };
    let Ok(flow) = name.parse::<FlowName>() else { return no_flow_and_why(&inside.handle.look(), &name) };
    match inside.handle.history(&flow, query).await {
        None => no_flow_and_why(&inside.handle.look(), &name),
        Some(Ok(page)) => Json(api::HistoryPage::from(page)).into_response(),
        Some(Err(unread)) => problem(StatusCode::SERVICE_UNAVAILABLE, unread.why),
    }
}

/// What the parameters ask for; in words what makes no sense.
fn asked(uri: &Uri) -> Result<HistoryQuery, String> {
    let Query(given) = Query::<Vec<(String, String)>>::try_from_uri(uri).map_err(|why| why.to_string())?;
    let mut parameters = BTreeMap::new();
    for (name, value) in given {
        if !["issue", "before", "limit"].contains(&&*name) {
            return Err(format!("there is no parameter {name:?}, only issue, before and limit"));
        }
        if parameters.insert(name.clone(), value).is_some() {
            return Err(format!("{name} is given twice"));
        }
    }
    Ok(HistoryQuery {
        issue: parsed(&parameters, "issue", "a key such as USER-A-12, or an id of digits")?,
        before: parsed(&parameters, "before", "the number of a line: what an earlier page named as next")?,
        most: limit(&parameters)?,
    })
}

fn limit(parameters: &BTreeMap<String, String>) -> Result<u32, String> {
    let rule = format!("a number from 1 to {MOST}");
    let limit = parsed(parameters, "limit", &rule)?.unwrap_or(USUAL);
    if (1..=MOST).contains(&limit) { Ok(limit) } else { Err(format!("limit must be {rule}")) }
}

fn parsed<T: FromStr>(parameters: &BTreeMap<String, String>, name: &str, rule: &str) -> Result<Option<T>, String> {
    let value = parameters.get(name).map(|value| value.parse().map_err(|_| format!("{name} must be {rule}")));
    value.transpose()
}

impl From<HistoryPage> for api::HistoryPage {
    fn from(page: HistoryPage) -> Self {
        Self { lines: page.lines.into_iter().map(api::HistoryLine::from).collect(), next: page.next }
    }
}

impl From<Told> for api::HistoryLine {
    fn from(told: Told) -> Self {
        let named = serde_json::from_str(&told.fields);
        let fields = named.map_or(api::Fields::Text(told.fields), api::Fields::Named);
        Self {
            number: told.number,
            at: timestamp(told.at),
            issue: (&told.issue).into(),
            level: told.level,
            event: told.event,
            message: told.message,
            fields,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(query: &str) -> Result<HistoryQuery, String> {
        super::asked(&format!("/api/v1/flows/a/history{query}").parse().unwrap())
    }

    #[test]
    fn what_is_asked_for_is_read_from_the_parameters() {
        let usual = HistoryQuery { most: USUAL, ..HistoryQuery::default() };
        assert_eq!(asked(""), Ok(usual.clone()));
        assert_eq!(asked("?"), Ok(usual.clone()));
        let issue = Some("USER-A-1".parse().unwrap());
        assert_eq!(asked("?issue=user-a-1"), Ok(HistoryQuery { issue: issue.clone(), ..usual }));
        assert_eq!(
            asked("?limit=500&issue=USER%2DA-1&before=7"),
            Ok(HistoryQuery { issue, before: Some(7), most: 500 })
        );
    }

    #[test]
    fn a_wrong_parameter_is_named() {
        for (query, name) in [
            ("?isue=USER-A-1", "\"isue\""),
            ("?issue=", "issue must"),
            ("?issue=USER", "issue must"),
            ("?issue=1&issue=2", "issue is given twice"),
            ("?before=-1", "before must"),
            ("?before=last", "before must"),
            ("?limit=0", "limit must be a number from 1 to 500"),
            ("?limit=501", "limit must"),
            ("?limit=99999999999", "limit must"),
            ("?limit", "limit must"),
        ] {
            let why = asked(query).unwrap_err();
            assert!(why.contains(name), "{query}: {why}");
        }
    }
}
