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
pub(super) mod desk;
mod downloads;
mod endpoint;
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
pub(super) mod routes;
mod scope;
pub(super) mod search;
mod shown;
mod texts;
mod transitions;
mod upload;
mod users;
pub(super) mod values;
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

use super::site::Site;
use call::Call;
use endpoint::{Access, Mounted};

impl Site {
    /// The site's HTTP API, ready to be served or to be called through `oneshot`.
    pub fn router(self: &Arc<Self>) -> Router {
        let flavour = self.settled().state.setup.flavour;
        mounted(routes::mounted(flavour), Access::Anyone).with_state(Arc::clone(self))
    }

    /// The host that downloads are redirected to on Cloud ([`Setup::media_url`](super::Setup::media_url)), to be served on
    /// a port of its own.
    pub fn media_router(self: &Arc<Self>) -> Router {
        mounted(routes::media(), Access::Signed).with_state(Arc::clone(self))
    }

    /// Site and media host behind one door, for clients that do not look names up but hand every request to a router:
    /// requests whose URI (or else whose `Host` header) has the authority of
    /// [`Setup::media_url`](super::Setup::media_url) are for the media host, all others for the site.
    pub fn hosts_router(self: &Arc<Self>) -> Router {
        let media_host = authority(&self.settled().state.setup.media_url);
        let (pages, media) = (self.router(), self.media_router());
        Router::new().fallback(move |request: Request| {
            let meant = if media_host.is_some() && asked_host(&request) == media_host { &media } else { &pages };
            meant.clone().oneshot(request)
        })
    }
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
    let pending = {
        let parts = &mut *site.settled();
        parts.desk.arrive(&mut parts.state, mounted, call)
    };
    let outcome = pending.wait.over().await;
    let parts = &mut *site.settled();
    parts.desk.answer(&mut parts.state, &pending.facts, outcome)
}
