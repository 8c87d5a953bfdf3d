//! The site as a whole, its accounts, and the people at work on it.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use chrono::Duration;
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::problem::{Body, Problem};
use crate::freeze::Rows;
use crate::garbled::Garbage;
use crate::people::People;
use crate::refusal::Refusal;
use crate::site::Site;
use crate::stamp;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct About {
    base_url: String,
    now: String,
    projects: Vec<String>,
    requests: &'static [&'static str],
}

/// What can be asked here.
const REQUESTS: &[&str] = &[
    "POST /deeds",
    "GET|PUT|POST|DELETE /faults",
    "GET /held?atLeast&withinMs",
    "POST /held/release",
    "PUT /deaf",
    "PUT /frost",
    "PUT /rows",
    "PUT /date",
    "GET /requests?since&limit",
    "GET /counters",
    "GET /journal?since&limit",
    "GET /issues?project&deleted&since&limit",
    "GET /issues/{idOrKey}",
    "GET /accounts",
    "PUT /accounts/{id}/token",
    "PUT /accounts/{id}/captcha",
    "GET|POST /projects",
    "PUT /projects/{key}/key",
    "PUT /permissions",
    "PUT /statuses/{id}",
    "PUT|DELETE /people",
];

/// An account without its secrets.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Account {
    id: String,
    name: String,
    email: String,
    time_zone: &'static str,
    /// Whether it has a token at all.
    uses_api: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewToken {
    token: String,
}

/// How far the `Date` of answers is ahead of the site's clock, as a proxy before it would stamp them.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ProxyClock {
    ahead_secs: i32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Captcha {
    demanded: bool,
}

/// Which rows of search stay as they are, and how long from now; see [`Site::freeze_index`].
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FreezeOrder {
    /// A key or id; all if absent.
    issue: Option<String>,
    seconds: u32,
}

/// What a search shows in place of an issue's row; the row if absent. See [`Site::garble_row`].
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Row {
    /// A key or id.
    issue: String,
    garbage: Option<Garbage>,
}

/// See [`People`].
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PeopleOrder {
    pairs: Vec<Pair>,
    pace: f64,
    /// Until they go home; a hundred years if not given.
    for_secs: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pair {
    user: String,
    dev: String,
}

/// Above this the people would have the machine for themselves.
const FASTEST: f64 = 10_000.0;

pub(super) async fn about(State(site): State<Arc<Site>>) -> Json<About> {
    let projects = site.projects().into_iter().map(|project| project.key).collect();
    Json(About { base_url: site.base_url(), now: stamp::utc(site.now()), projects, requests: REQUESTS })
}

pub(super) async fn accounts(State(site): State<Arc<Site>>) -> Json<Vec<Account>> {
    let account = |it: crate::accounts::Account| Account {
        id: it.id,
        name: it.name,
        email: it.email,
        time_zone: it.time_zone.name(),
        uses_api: !it.token.is_empty(),
    };
    Json(site.accounts().into_iter().map(account).collect())
}

pub(super) async fn set_token(
    State(site): State<Arc<Site>>,
    Path(id): Path<String>,
    Body(NewToken { token }): Body<NewToken>,
) -> Result<StatusCode, Problem> {
    if site.set_token(&id, &token) { Ok(StatusCode::NO_CONTENT) } else { Err(Refusal::NoAccount(id).into()) }
}

pub(super) async fn set_date(
    State(site): State<Arc<Site>>,
    Body(ProxyClock { ahead_secs }): Body<ProxyClock>,
) -> StatusCode {
    site.set_date_ahead(Duration::seconds(ahead_secs.into()));
    StatusCode::NO_CONTENT
}

pub(super) async fn freeze(
    State(site): State<Arc<Site>>,
    Body(FreezeOrder { issue, seconds }): Body<FreezeOrder>,
) -> Result<StatusCode, Problem> {
    let rows = issue.map_or(Rows::All, Rows::Of);
    site.freeze_index(&rows, site.now() + Duration::seconds(seconds.into()))?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn garble(
    State(site): State<Arc<Site>>,
    Body(Row { issue, garbage }): Body<Row>,
) -> Result<StatusCode, Problem> {
    site.garble_row(&issue, garbage)?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn demand_captcha(
    State(site): State<Arc<Site>>,
    Path(id): Path<String>,
    Body(Captcha { demanded }): Body<Captcha>,
) -> Result<StatusCode, Problem> {
    if !site.accounts().iter().any(|account| account.id == id) {
        return Err(Refusal::NoAccount(id).into());
    }
    site.demand_captcha(&id, demanded);
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn people_come(
    State(site): State<Arc<Site>>,
    Body(order): Body<PeopleOrder>,
) -> Result<StatusCode, Problem> {
    if !(order.pace > 0.0 && order.pace <= FASTEST) {
        return Err(Problem::bad(format!("pace: from above 0 to {FASTEST}, where 1 is an office's")));
    }
    let known: Vec<String> = site.projects().into_iter().map(|project| project.key).collect();
    let stranger = |(n, pair): (usize, &Pair)| {
        let names = [(&pair.user, "user"), (&pair.dev, "dev")];
        let (wanted, side) = names.into_iter().find(|(key, _)| !known.contains(key))?;
        Some(format!("pairs[{n}].{side}: there is no project {wanted}"))
    };
    if let Some(problem) = order.pairs.iter().enumerate().find_map(stranger) {
        return Err(Problem::bad(problem));
    }
    let span = order.for_secs.map_or(Duration::days(36_500), |secs| Duration::seconds(secs.into()));
    let pairs = order.pairs.into_iter().map(|pair| (pair.user, pair.dev)).collect();
    site.populate(People { pairs, until: site.now() + span, pace: order.pace });
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn people_go(State(site): State<Arc<Site>>) -> StatusCode {
    site.populate(People { pairs: Vec::new(), until: site.now(), pace: 1.0 });
    StatusCode::NO_CONTENT
}
