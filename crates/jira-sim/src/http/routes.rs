//! Which endpoints there are, each once, whichever APIs it belongs to. Resources are spelt as in Atlassian's OpenAPI
//! documents, without the root of the API.

use http::Method;

use super::endpoint::{Access, Endpoint, Mounted, Read, Route, WriteDown};
use super::search::{by_offset, by_token};
use super::{
    about, attachments, bulk, changelog, comments, downloads, issues, links, lists, meta, properties, remote_links,
    search, transitions, users,
};
use crate::flavour::Flavour;

/// Everything that this kind of Jira serves.
pub(super) fn mounted(flavour: Flavour) -> Vec<Mounted> {
    routes().into_iter().flat_map(|route| route.mounted(flavour)).collect()
}

/// Everything on the host that downloads are redirected to, which only Cloud has.
pub(super) fn media() -> Vec<Mounted> {
    let file = Route::new(Access::Signed, "/file/{id}/binary", vec![get(downloads::signed)]);
    file.beside_the_api().mounted(Flavour::Cloud)
}

/// Whether this kind of Jira has an endpoint of this template.
pub(crate) fn serves(flavour: Flavour, template: &str) -> bool {
    mounted(flavour).iter().any(|mounted| mounted.template == template)
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
    Route::new(Access::Member, resource, endpoints.into())
}

fn hidden<const N: usize>(resource: &'static str, endpoints: [(Method, Endpoint); N]) -> Route {
    Route::new(Access::Hidden, resource, endpoints.into())
}

fn searching<const N: usize>(resource: &'static str, endpoints: [(Method, Endpoint); N]) -> Route {
    Route::new(Access::Search, resource, endpoints.into())
}

fn anyone<const N: usize>(resource: &'static str, endpoints: [(Method, Endpoint); N]) -> Route {
    Route::new(Access::Anyone, resource, endpoints.into())
}

/// A page for browsers, beside the API.
fn page<const N: usize>(resource: &'static str, endpoints: [(Method, Endpoint); N]) -> Route {
    Route::new(Access::Page, resource, endpoints.into()).beside_the_api()
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
