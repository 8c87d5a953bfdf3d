//! Which endpoints there are. Templates are spelt as in Atlassian's OpenAPI document.

use http::Method;

use super::answer::Answer;
use super::call::Call;
use super::{about, bulk, changelog, comments, issues, properties, search, transitions};
use crate::sim::state::State;
use crate::sim::write::Write;

/// One path and what can be done with it.
pub(super) struct Route {
    pub template: &'static str,
    pub access: Access,
    endpoints: Vec<(Method, Endpoint)>,
}

/// Who may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    Member,
    /// Strangers may call, but search shows them nothing.
    Search,
    Anyone,
}

#[derive(Clone, Copy)]
pub(super) enum Endpoint {
    Read(Read),
    Write(WriteDown),
}

/// Answers from the site's state.
pub(super) type Read = fn(&State, &Call) -> Result<Answer, Answer>;

/// Validates a write and says what it will do; the state is there to give away ids.
pub(super) type WriteDown = fn(&mut State, &Call) -> Result<Plan, Answer>;

/// What a valid write will do, and what its caller will hear.
pub(super) struct Plan {
    pub writes: Vec<Write>,
    pub answer: Answer,
}

impl Route {
    pub(super) fn endpoint(&self, method: &Method) -> Option<Endpoint> {
        self.endpoints.iter().find(|(known, _)| known == method).map(|(_, endpoint)| *endpoint)
    }

    /// The methods it knows, as the `Allow` header lists them.
    pub(super) fn allowed(&self) -> String {
        self.endpoints.iter().map(|(method, _)| method.as_str()).collect::<Vec<_>>().join(", ")
    }
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        anyone("/rest/api/3/serverInfo", [get(about::server_info)]),
        member("/rest/api/3/myself", [get(about::myself)]),
        searching("/rest/api/3/search/jql", [get(search::by_query), post_read(search::by_body)]),
        anyone("/rest/api/2/search", [get(search::removed), post_read(search::removed)]),
        anyone("/rest/api/3/search", [get(search::removed), post_read(search::removed)]),
        member("/rest/api/3/issue", [post(issues::create)]),
        member("/rest/api/3/issue/bulk", [post(bulk::create)]),
        member("/rest/api/3/issue/bulkfetch", [post_read(bulk::fetch)]),
        member("/rest/api/3/changelog/bulkfetch", [post_read(changelog::fetch)]),
        member("/rest/api/3/issue/createmeta/{projectIdOrKey}/issuetypes", [get(about::create_types)]),
        member("/rest/api/3/issue/{issueIdOrKey}", [get(issues::show), put(issues::edit)]),
        member("/rest/api/3/issue/{issueIdOrKey}/changelog", [get(changelog::show)]),
        member("/rest/api/3/issue/{issueIdOrKey}/comment", [get(comments::list), post(comments::add)]),
        member(
            "/rest/api/3/issue/{issueIdOrKey}/properties/{propertyKey}",
            [get(properties::show), put(properties::set)],
        ),
        member("/rest/api/3/issue/{issueIdOrKey}/transitions", [get(transitions::list), post(transitions::take)]),
        member("/rest/api/3/project/{projectIdOrKey}", [get(about::project)]),
        member("/rest/api/3/project/{projectIdOrKey}/statuses", [get(about::statuses)]),
    ]
}

fn member<const N: usize>(template: &'static str, endpoints: [(Method, Endpoint); N]) -> Route {
    Route { template, access: Access::Member, endpoints: endpoints.into() }
}

fn searching<const N: usize>(template: &'static str, endpoints: [(Method, Endpoint); N]) -> Route {
    Route { template, access: Access::Search, endpoints: endpoints.into() }
}

fn anyone<const N: usize>(template: &'static str, endpoints: [(Method, Endpoint); N]) -> Route {
    Route { template, access: Access::Anyone, endpoints: endpoints.into() }
}

fn get(read: Read) -> (Method, Endpoint) {
    (Method::GET, Endpoint::Read(read))
}

/// A POST that only asks.
fn post_read(read: Read) -> (Method, Endpoint) {
    (Method::POST, Endpoint::Read(read))
}

fn post(write: WriteDown) -> (Method, Endpoint) {
    (Method::POST, Endpoint::Write(write))
}

fn put(write: WriteDown) -> (Method, Endpoint) {
    (Method::PUT, Endpoint::Write(write))
}
