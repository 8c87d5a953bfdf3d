//! The control API of a simulated site: stages what happens there, over HTTP and from any language.
//!
//! It is a router of its own, to be served on a port of its own: nothing of it shows on the site's own paths, and no
//! fault of the site spoils it. It has no authentication, so it belongs on loopback.
//!
//! | request | what it does |
//! |---|---|
//! | `GET /` | tells of the site and lists these requests |
//! | `POST /deeds` | does what a person can do in the browser, under an account |
//! | `GET /faults` | the fault rules in force, with their counts |
//! | `PUT /faults` | replaces them, by rules or by a preset |
//! | `POST /faults` | adds a rule behind the others |
//! | `DELETE /faults` | nothing goes wrong any more; what is held stays held |
//! | `GET /held` | the requests that are held; `?atLeast=N&withinMs=M` waits until there are so many |
//! | `POST /held/release` | lets one of them go on (`{"number": 7}`), or all (`{}`) |
//! | `PUT /deaf` | no request has an effect or an answer until this is taken back |
//! | `PUT /frost` | search keeps the rows it shows now for so many `seconds` (0 thaws): of one `issue`, or all |
//! | `PUT /rows` | search shows `garbage` (`null`, `id`, `noTime`, `nameless`) in place of the row of an `issue`; without it the row |
//! | `PUT /date` | the `Date` of answers is so many `aheadSecs` ahead of the site's clock, or behind it |
//! | `GET /requests` | the request log from `?since=N` on |
//! | `GET /counters` | how often each endpoint was called |
//! | `GET /journal` | what happened, told for people, from `?since=N` on |
//! | `GET /issues` | the issues of `?project=KEY`, or those `&deleted=true`, from `&since=N` on |
//! | `GET /issues/{idOrKey}` | one issue as it truly is now |
//! | `GET /accounts` | who may log in |
//! | `PUT /accounts/{id}/token` | gives an account another token |
//! | `PUT /accounts/{id}/captcha` | from now on Data Center insists on a CAPTCHA for it, or no longer |
//! | `GET /projects` | the projects with their issue types and statuses |
//! | `POST /projects` | makes a project of that `key` and `name` that is `like` another; it may get a former key of another |
//! | `PUT /projects/{key}/key` | gives a project another `key`; the former one goes on answering |
//! | `PUT /permissions` | what is denied to whom where; everything else is allowed |
//! | `PUT /statuses/{id}` | gives a status another name |
//! | `PUT /people`, `DELETE /people` | people come to work between pairs of projects, or go home |
//!
//! Bodies are JSON; a field that is not known is refused. Lists carry at most `?limit=` entries (100 if not given, 1000
//! at most) and, in `next`, what to ask with `since` for the rest. Times are UTC. What is wrong is said in `error`: 400
//! for what makes no sense, 404 for what does not exist, 409 for what the workflow does not allow now.
//!
//! Time can't be moved from here: a served site lives by a real clock. It needs no push either, since everything that
//! has become due is carried out before each access.

mod actions;
mod faults;
mod issues;
mod log;
mod problem;
mod projects;
mod rules;
mod site;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post, put};
use serde::{Deserialize, Serialize};

use super::site::Site;

impl Site {
    /// Stages what happens on the site, over HTTP; see [`control`](self). To be served on a port of its own.
    pub fn control_router(self: &Arc<Self>) -> Router {
        router(Arc::clone(self))
    }
}

/// Everything that the module's head lists.
fn router(site: Arc<Site>) -> Router {
    Router::new()
        .route("/", get(site::about))
        .route("/deeds", post(actions::act))
        .route("/faults", get(faults::list).put(faults::replace).post(faults::add).delete(faults::clear))
        .route("/held", get(faults::held))
        .route("/held/release", post(faults::release))
        .route("/deaf", put(faults::deafen))
        .route("/frost", put(site::freeze))
        .route("/rows", put(site::garble))
        .route("/requests", get(log::requests))
        .route("/counters", get(log::counters))
        .route("/journal", get(log::journal))
        .route("/issues", get(issues::list))
        .route("/issues/{id_or_key}", get(issues::show))
        .route("/accounts", get(site::accounts))
        .route("/accounts/{id}/token", put(site::set_token))
        .route("/date", put(site::set_date))
        .route("/accounts/{id}/captcha", put(site::demand_captcha))
        .route("/projects", get(projects::list).post(projects::add))
        .route("/projects/{key}/key", put(projects::rename))
        .route("/permissions", put(projects::deny))
        .route("/statuses/{id}", put(projects::rename_status))
        .route("/people", put(site::people_come).delete(site::people_go))
        .fallback(problem::unknown_path)
        .method_not_allowed_fallback(problem::wrong_method)
        .with_state(site)
}

/// Which part of a list is wanted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    #[serde(default)]
    since: usize,
    #[serde(default = "usual_limit")]
    limit: usize,
}

/// Part of a list.
#[derive(Debug, Serialize)]
struct Page<T> {
    entries: Vec<T>,
    /// What to ask with `since` for those that follow.
    next: usize,
}

/// How many entries a list carries without `limit`.
const USUAL_LIMIT: usize = 100;

/// The most entries that one answer carries.
const MOST: usize = 1_000;

fn usual_limit() -> usize {
    USUAL_LIMIT
}

impl Part {
    fn limit(&self) -> usize {
        self.limit.min(MOST)
    }
}

impl<T> Page<T> {
    /// Entries with the number that each has; where there are none, the next is asked for as before.
    fn of(since: usize, numbered: Vec<(usize, T)>) -> Self {
        let next = numbered.last().map_or(since, |(number, _)| number + 1);
        Self { entries: numbered.into_iter().map(|(_, entry)| entry).collect(), next }
    }
}
