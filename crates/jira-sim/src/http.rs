//! The site's HTTP face.
//!
//! A request is decided in one go when it arrives (`desk`): its fault, its latency, whether it is valid, and when its
//! effect is due. Only then does the handler wait. axum drops the handler when the client leaves, but by then the effect
//! is noted.

mod about;
mod answer;
mod attachments;
mod bodies;
mod bulk;
mod call;
mod changelog;
mod comments;
mod desk;
mod downloads;
mod entry;
mod hold;
mod issues;
mod limits;
mod links;
mod lists;
mod members;
mod meta;
mod properties;
mod remote_links;
mod rights;
mod routes;
mod scope;
mod search;
mod shown;
mod texts;
mod transitions;
mod upload;
mod users;
mod values;
mod visibility;
mod wire;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{RawPathParams, Request, State};
use axum::response::Response;
use axum::routing::any;
use http::Uri;
use http::header::HOST;
use tower::ServiceExt;

use super::setup::Flavour;
use super::site::Site;
use call::Call;
pub(super) use hold::Holds;
use routes::{Access, Mounted};
#[cfg(any(test, fuzzing))]
pub(super) use search::understands;
pub(super) use values::entered;

pub(super) fn router(site: Arc<Site>) -> Router {
    let flavour = site.settled().setup.flavour;
    mounted(routes::mounted(flavour), Access::Anyone).with_state(site)
}

/// The host that downloads are redirected to.
pub(super) fn media_router(site: Arc<Site>) -> Router {
    mounted(routes::media(), Access::Signed).with_state(site)
}

/// Site and media host behind one door: the authority of the URI or, without one, the `Host` header tells which is meant.
/// Whatever is not for the media host is for the site.
pub(super) fn hosts_router(site: Arc<Site>) -> Router {
    let media_host = authority(&site.settled().setup.media_url);
    let (pages, media) = (router(Arc::clone(&site)), media_router(site));
    Router::new().fallback(move |request: Request| {
        let meant = if media_host.is_some() && asked_host(&request) == media_host { &media } else { &pages };
        meant.clone().oneshot(request)
    })
}

/// Host and port of an address.
fn authority(url: &str) -> Option<String> {
    url.parse::<Uri>().ok()?.authority().map(|authority| authority.as_str().to_ascii_lowercase())
}

fn asked_host(request: &Request) -> Option<String> {
    let in_header = || request.headers().get(HOST)?.to_str().ok().map(str::to_ascii_lowercase);
    authority(&request.uri().to_string()).or_else(in_header)
}

/// Mounts all of these; elsewhere a caller with this access gets a 404.
fn mounted(all: Vec<Mounted>, elsewhere: Access) -> Router<Arc<Site>> {
    let nowhere = Arc::new(Mounted::nowhere(elsewhere));
    let unknown = |State(site): State<Arc<Site>>, request: Request| async move {
        serve(&site, &nowhere, BTreeMap::new(), request).await
    };
    all.into_iter().fold(Router::new(), mount).fallback(unknown)
}

/// Whether there is an endpoint of this template.
pub(super) fn serves(flavour: Flavour, template: &str) -> bool {
    routes::mounted(flavour).iter().any(|mounted| mounted.template == template)
}

fn mount(router: Router<Arc<Site>>, mounted: Mounted) -> Router<Arc<Site>> {
    let template = mounted.template.clone();
    let mounted = Arc::new(mounted);
    let serve = |State(site): State<Arc<Site>>, params: RawPathParams, request: Request| async move {
        let params = params.iter().map(|(name, value)| (name.into(), value.into())).collect();
        serve(&site, &mounted, params, request).await
    };
    router.route(&template, any(serve))
}

async fn serve(site: &Site, mounted: &Arc<Mounted>, params: BTreeMap<String, String>, request: Request) -> Response {
    let (flavour, limit) = site.told();
    let call = Call::read(flavour, mounted, params, request, limit).await;
    let pending = site.arrive(mounted, call);
    site.answer(pending).await
}
