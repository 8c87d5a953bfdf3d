//! Fault rules, and requests that are held until they are released.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::problem::{Body, Problem, QueryString};
use super::rules::checked;
use crate::faults::{FaultPlan, Rule, Standing};
use crate::log::RequestLine;
use crate::site::Site;

/// The rules that shall be in force: `{"rules": [...]}`, or `{"preset": "rough"}`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Plan {
    rules: Option<Vec<Rule>>,
    preset: Option<Preset>,
}

#[derive(Debug, Deserialize)]
enum Preset {
    /// See [`FaultPlan::rough`].
    #[serde(rename = "rough")]
    Rough,
}

#[derive(Debug, Serialize)]
pub(super) struct Rules {
    rules: Vec<Standing>,
}

/// How many held requests to wait for, and how long.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Patience {
    #[serde(default)]
    at_least: usize,
    #[serde(default = "usual_patience")]
    within_ms: u64,
}

#[derive(Debug, Serialize)]
pub(super) struct Held {
    held: Vec<RequestLine>,
}

/// All that is held, or the request of this number in the log.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Whom {
    number: Option<usize>,
}

#[derive(Debug, Serialize)]
pub(super) struct Released {
    released: usize,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Deafness {
    deaf: bool,
}

/// More would be a program's mistake, and each request is compared with all of them.
const MOST_RULES: usize = 100;

/// The longest wait for a request to be held.
const MOST_PATIENCE_MS: u64 = 60_000;

fn usual_patience() -> u64 {
    10_000
}

pub(super) async fn list(State(site): State<Arc<Site>>) -> Json<Rules> {
    Json(Rules { rules: site.standing_faults() })
}

pub(super) async fn replace(State(site): State<Arc<Site>>, Body(plan): Body<Plan>) -> Result<Json<Rules>, Problem> {
    let plan = match plan {
        Plan { rules: Some(rules), preset: None } => FaultPlan { rules: all_checked(&site, rules)? },
        Plan { rules: None, preset: Some(Preset::Rough) } => FaultPlan::rough(),
        Plan { .. } => return Err(Problem::bad("either rules or preset, please")),
    };
    site.faults(plan);
    Ok(list(State(site)).await)
}

pub(super) async fn add(State(site): State<Arc<Site>>, Body(rule): Body<Rule>) -> Result<Json<Rules>, Problem> {
    if site.standing_faults().len() >= MOST_RULES {
        return Err(Problem::bad(format!("there are {MOST_RULES} rules already; DELETE /faults removes them")));
    }
    let rule = checked(rule, &site).map_err(Problem::bad)?;
    site.add_fault(rule);
    Ok(list(State(site)).await)
}

pub(super) async fn clear(State(site): State<Arc<Site>>) -> StatusCode {
    site.faults(FaultPlan::none());
    StatusCode::NO_CONTENT
}

/// Answers as soon as so many requests are held, or when the time is over; what is held then shows which it was.
pub(super) async fn held(State(site): State<Arc<Site>>, QueryString(patience): QueryString<Patience>) -> Json<Held> {
    let limit = Duration::from_millis(patience.within_ms.min(MOST_PATIENCE_MS));
    // Whether time ran out is seen in the answer.
    drop(tokio::time::timeout(limit, site.held(patience.at_least)).await);
    Json(Held { held: site.holding() })
}

pub(super) async fn release(
    State(site): State<Arc<Site>>,
    Body(Whom { number }): Body<Whom>,
) -> Result<Json<Released>, Problem> {
    let released = match number {
        None => site.release_all(),
        Some(number) if site.release(number) => 1,
        Some(number) => return Err(Problem::missing(format!("request {number} is not held"))),
    };
    Ok(Json(Released { released }))
}

pub(super) async fn deafen(State(site): State<Arc<Site>>, Body(Deafness { deaf }): Body<Deafness>) -> StatusCode {
    site.deaf(deaf);
    StatusCode::NO_CONTENT
}

/// The rules as the site takes them; the first that makes no sense is named by its place.
fn all_checked(site: &Site, rules: Vec<Rule>) -> Result<Vec<Rule>, Problem> {
    if rules.len() > MOST_RULES {
        return Err(Problem::bad(format!("rules: at most {MOST_RULES}")));
    }
    let check = |(n, rule): (usize, Rule)| checked(rule, site).map_err(|why| Problem::bad(format!("rules[{n}].{why}")));
    rules.into_iter().enumerate().map(check).collect()
}
