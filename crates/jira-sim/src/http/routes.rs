//! Which endpoints there are, each once, whichever APIs it belongs to. Resources are spelt as in Atlassian's OpenAPI
//! documents, without the root of the API.

use std::sync::Arc;

use http::Method;

use super::answer::Answer;
use super::call::Call;
use super::search::{by_offset, by_token};
use super::{
    about, attachments, bulk, changelog, comments, downloads, issues, links, lists, meta, properties, remote_links,
    search, transitions, users,
};
use crate::setup::Flavour;
use crate::state::State;
use crate::write::Write;

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

/// Which callers a route admits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    Member,
    /// Members only, and to strangers it is as if it were not there.
    Hidden,
    /// A page for browsers: strangers are led to where they can log in.
    Page,
    /// Whoever has an address that the site signed, and nothing else to show.
    Signed,
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

/// A valid write: its effects and its answer.
pub(super) struct Plan {
    pub writes: Vec<Write>,
    pub answer: Answer,
}

impl Mounted {
    /// Where requests arrive whose path leads nowhere.
    pub(super) fn nowhere(access: Access) -> Self {
        let route = Arc::new(route(access, "", Vec::new()));
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

/// Everything on the host that downloads are redirected to, which only Cloud has.
pub(super) fn media() -> Vec<Mounted> {
    let file = route(Access::Signed, "/file/{id}/binary", vec![get(downloads::signed)]);
    file.beside_the_api().mounted(Flavour::Cloud)
}

fn routes() -> Vec<Route> {
    use Flavour::{Cloud, DataCenter};
    vec![
        anyone("/serverInfo", [get(about::server_info)]),
        anyone("/_edge/tenant_info", [get(about::tenant_info)]).beside_the_api().only(Cloud),
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
        hidden("/issue/{issueIdOrKey}", [get(issues::show), put(issues::edit), delete(issues::remove)]),
        member("/issue/{issueIdOrKey}/attachments", [post(attachments::add)]),
        member("/issue/{issueIdOrKey}/changelog", [get(changelog::show)]).only(Cloud),
        member("/issue/{issueIdOrKey}/changelog/list", [post_read(changelog::some)]).only(Cloud),
        member("/issue/{issueIdOrKey}/comment", [get(comments::list), post(comments::add)]),
        member(
            "/issue/{issueIdOrKey}/comment/{id}",
            [get(comments::show), put(comments::edit), delete(comments::remove)],
        ),
        member("/issue/{issueIdOrKey}/editmeta", [get(meta::edit_fields)]),
        member("/issue/{issueIdOrKey}/properties", [get(properties::list)]),
        member(
            "/issue/{issueIdOrKey}/properties/{propertyKey}",
            [get(properties::show), put(properties::set), delete(properties::remove)],
        ),
        member(
            "/issue/{issueIdOrKey}/remotelink",
            [get(remote_links::list), post(remote_links::put), delete(remote_links::remove_by_global_id)],
        ),
        member(
            "/issue/{issueIdOrKey}/remotelink/{linkId}",
            [get(remote_links::show), put(remote_links::replace), delete(remote_links::remove)],
        ),
        member("/issue/{issueIdOrKey}/transitions", [get(transitions::list), post(transitions::take)]),
        member("/attachment/meta", [get(attachments::meta)]),
        member("/attachment/{id}", [get(attachments::show), delete(attachments::remove)]),
        member("/attachment/content/{id}", [get(downloads::content)]).only(Cloud),
        page("/secure/attachment/{id}/{fileName}", [get(downloads::page)]).only(DataCenter),
        anyone("/login.jsp", [get(downloads::login_page)]).beside_the_api().only(DataCenter),
        member("/comment/{commentId}/properties", [get(comments::property_keys)]),
        member(
            "/comment/{commentId}/properties/{propertyKey}",
            [get(comments::property), put(comments::set_property), delete(comments::remove_property)],
        ),
        member("/issueLink", [post(links::create)]),
        member("/issueLink/{linkId}", [get(links::show), delete(links::remove)]),
        member("/issueLinkType", [get(links::types)]),
        member("/project", [get(lists::projects)]),
        anyone("/project/search", [get(lists::project_page)]).only(Cloud),
        hidden("/project/{projectIdOrKey}", [get(about::project)]),
        member("/project/{projectIdOrKey}/statuses", [get(about::statuses)]),
        member("/field", [get(lists::fields)]),
        member("/issuetype", [get(lists::issue_types)]),
        member("/priority", [get(lists::priorities)]),
        member("/resolution", [get(lists::resolutions)]),
        member("/status", [get(lists::statuses)]),
        member("/mypermissions", [get(lists::my_permissions)]),
        member("/user", [get(users::show)]),
        member("/user/search", [get(users::search)]),
    ]
}

fn member<const N: usize>(resource: &'static str, endpoints: [(Method, Endpoint); N]) -> Route {
    route(Access::Member, resource, endpoints.into())
}

fn hidden<const N: usize>(resource: &'static str, endpoints: [(Method, Endpoint); N]) -> Route {
    route(Access::Hidden, resource, endpoints.into())
}

fn searching<const N: usize>(resource: &'static str, endpoints: [(Method, Endpoint); N]) -> Route {
    route(Access::Search, resource, endpoints.into())
}

fn anyone<const N: usize>(resource: &'static str, endpoints: [(Method, Endpoint); N]) -> Route {
    route(Access::Anyone, resource, endpoints.into())
}

/// A page for browsers, beside the API.
fn page<const N: usize>(resource: &'static str, endpoints: [(Method, Endpoint); N]) -> Route {
    route(Access::Page, resource, endpoints.into()).beside_the_api()
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

fn delete(write: WriteDown) -> (Method, Endpoint) {
    (Method::DELETE, Endpoint::Write(write))
}
