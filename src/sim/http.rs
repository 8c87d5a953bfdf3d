//! The site's HTTP face.
//!
//! A request is decided in one go when it arrives (`desk`): its fault, its latency, whether it is valid, and when its
//! effect is due. Only then does the handler wait. axum drops the handler when the client leaves, but by then the effect
//! is noted.

mod about;
mod answer;
mod bodies;
mod bulk;
mod call;
mod changelog;
mod comments;
mod desk;
mod entry;
mod issues;
mod limits;
mod lists;
mod meta;
mod properties;
mod rights;
mod routes;
mod scope;
mod search;
mod shown;
mod texts;
mod transitions;
mod values;
mod wire;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{RawPathParams, Request, State};
use axum::response::Response;
use axum::routing::any;

use super::site::Site;
use call::Call;
use routes::Mounted;

pub(super) fn router(site: Arc<Site>) -> Router {
    let flavour = site.settled().setup.flavour;
    let nowhere = Arc::new(Mounted::nowhere());
    let unknown = |State(site): State<Arc<Site>>, request: Request| async move {
        serve(&site, &nowhere, BTreeMap::new(), request).await
    };
    routes::mounted(flavour).into_iter().fold(Router::new(), mount).fallback(unknown).with_state(site)
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

async fn serve(site: &Site, mounted: &Mounted, params: BTreeMap<String, String>, request: Request) -> Response {
    let flavour = site.settled().setup.flavour;
    let call = Call::read(flavour, mounted, params, request).await;
    let ticket = site.arrive(mounted, call);
    match ticket.wait {
        Some(wait) => tokio::time::sleep(wait).await,
        None => std::future::pending().await,
    }
    site.answer(ticket)
}
