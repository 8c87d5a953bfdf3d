//! Which endpoints there are, each once, whichever APIs it belongs to. Resources are spelt as in Atlassian's OpenAPI
//! documents, without the root of the API.

use std::sync::Arc;

use http::Method;

use super::answer::Answer;
use super::call::Call;
use super::search::{by_offset, by_token};
use super::{about, bulk, changelog, comments, issues, lists, meta, properties, search, transitions};
use crate::sim::setup::Flavour;
use crate::sim::state::State;
use crate::sim::write::Write;

/// One resource and what can be done with it.
pub(super) struct Route {
    /// Below the root of the API (`/issue/{issueIdOrKey}`), or of the site for what is no part of the API.
    pub resource: &'static str,
    below: Below,
    /// The kind of Jira that has it; both if absent.
    only: Option<Flavour>,
    pub access: Access,
    endpoints: Vec<(Method, Endpoint)>,
}

/// A resource at one of the places where it is served.
pub(super) struct Mounted {
    pub route: Arc<Route>,
    /// The whole path, such as `/rest/api/3/issue/{issueIdOrKey}`. Fault rules and counters know it by that.
    pub template: String,
    /// What `self` URLs begin with, such as `/rest/api/3`.
    pub root: &'static str,
    pub api: Api,
}

/// The two versions of the API. They differ in how they write rich texts: v3 as ADF, v2 as wiki markup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Api {
    V2,
    V3,
}

/// What a route's resource is relative to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Below {
    Api,
    Site,
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

impl Mounted {
    /// Where requests arrive whose path leads nowhere.
    pub(super) fn nowhere() -> Self {
        let route = Arc::new(anyone("", []));
        Self { route, template: "{path}".into(), root: "", api: Api::V2 }
    }
}

impl Flavour {
    /// The roots of the API, and the version behind each. (What `latest` means on Cloud is not documented; there it was
    /// seen to answer as v2 does.)
    fn roots(self) -> &'static [(&'static str, Api)] {
        match self {
            Self::Cloud => &[("/rest/api/3", Api::V3), ("/rest/api/2", Api::V2), ("/rest/api/latest", Api::V2)],
            Self::DataCenter => &[("/rest/api/2", Api::V2), ("/rest/api/latest", Api::V2)],
        }
    }
}

impl Route {
    /// Of the two kinds of Jira only this one has it.
    fn only(mut self, flavour: Flavour) -> Self {
        self.only = Some(flavour);
        self
    }

    /// It lies beside the API, at its own path on the site.
    #[allow(dead_code, reason = "pages and downloads lie there")]
    fn beside_the_api(mut self) -> Self {
        self.below = Below::Site;
        self
    }

    /// The places where this kind of Jira serves it.
    fn mounted(self, flavour: Flavour) -> Vec<Mounted> {
        if self.only.is_some_and(|only| only != flavour) {
            return Vec::new();
        }
        let roots = match self.below {
            Below::Api => flavour.roots(),
            Below::Site => &[("", Api::V2)],
        };
        let route = Arc::new(self);
        let at = |&(root, api): &(&'static str, Api)| {
            let template = format!("{root}{}", route.resource);
            Mounted { route: Arc::clone(&route), template, root, api }
        };
        roots.iter().map(at).collect()
    }

    pub(super) fn leads_nowhere(&self) -> bool {
        self.endpoints.is_empty()
    }

    pub(super) fn endpoint(&self, method: &Method) -> Option<Endpoint> {
        self.endpoints.iter().find(|(known, _)| known == method).map(|(_, endpoint)| *endpoint)
    }

    /// Whether this method changes something.
    pub(super) fn writes(&self, method: &Method) -> bool {
        matches!(self.endpoint(method), Some(Endpoint::Write(_)))
    }

    /// The methods it knows, as the `Allow` header lists them.
    pub(super) fn allowed(&self) -> String {
        self.endpoints.iter().map(|(method, _)| method.as_str()).collect::<Vec<_>>().join(", ")
    }
}

/// Everything that this kind of Jira serves.
pub(super) fn mounted(flavour: Flavour) -> Vec<Mounted> {
    routes().into_iter().flat_map(|route| route.mounted(flavour)).collect()
}

fn routes() -> Vec<Route> {
    use Flavour::{Cloud, DataCenter};
    vec![
        anyone("/serverInfo", [get(about::server_info)]),
        member("/myself", [get(about::myself)]),
        searching("/search/jql", [get(by_token::by_query), post_read(by_token::by_body)]).only(Cloud),
        member("/search/approximate-count", [post_read(search::count)]).only(Cloud),
        anyone("/search", [get(search::removed), post_read(search::removed)]).only(Cloud),
        searching("/search", [get(by_offset::by_query), post_read(by_offset::by_body)]).only(DataCenter),
        member("/issue", [post(issues::create)]),
        member("/issue/bulk", [post(bulk::create)]),
        member("/issue/bulkfetch", [post_read(bulk::fetch)]).only(Cloud),
        member("/changelog/bulkfetch", [post_read(changelog::fetch)]).only(Cloud),
        member("/issue/createmeta/{projectIdOrKey}/issuetypes", [get(meta::create_types)]),
        member("/issue/createmeta/{projectIdOrKey}/issuetypes/{issueTypeId}", [get(meta::create_fields)]),
        member("/issue/{issueIdOrKey}", [get(issues::show), put(issues::edit)]),
        member("/issue/{issueIdOrKey}/changelog", [get(changelog::show)]).only(Cloud),
        member("/issue/{issueIdOrKey}/comment", [get(comments::list), post(comments::add)]),
        member("/issue/{issueIdOrKey}/editmeta", [get(meta::edit_fields)]),
        member("/issue/{issueIdOrKey}/properties/{propertyKey}", [get(properties::show), put(properties::set)]),
        member("/issue/{issueIdOrKey}/transitions", [get(transitions::list), post(transitions::take)]),
        member("/project/{projectIdOrKey}", [get(about::project)]),
        member("/project/{projectIdOrKey}/statuses", [get(about::statuses)]),
        member("/field", [get(lists::fields)]),
        member("/priority", [get(lists::priorities)]),
        member("/resolution", [get(lists::resolutions)]),
        member("/status", [get(lists::statuses)]),
        member("/mypermissions", [get(lists::my_permissions)]),
    ]
}

fn member<const N: usize>(resource: &'static str, endpoints: [(Method, Endpoint); N]) -> Route {
    route(Access::Member, resource, endpoints.into())
}

fn searching<const N: usize>(resource: &'static str, endpoints: [(Method, Endpoint); N]) -> Route {
    route(Access::Search, resource, endpoints.into())
}

fn anyone<const N: usize>(resource: &'static str, endpoints: [(Method, Endpoint); N]) -> Route {
    route(Access::Anyone, resource, endpoints.into())
}

fn route(access: Access, resource: &'static str, endpoints: Vec<(Method, Endpoint)>) -> Route {
    Route { resource, below: Below::Api, only: None, access, endpoints }
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
