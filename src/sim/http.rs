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
mod hold;
mod issues;
mod properties;
mod routes;
mod search;
mod transitions;
mod wire;

use std::sync::Arc;

use axum::Router;
use axum::extract::{RawPathParams, Request, State};
use axum::response::Response;
use axum::routing::any;
use http::Uri;

use super::site::Site;
use answer::Answer;
use call::Call;
pub(super) use hold::Holds;
use routes::Route;

pub(super) fn router(site: Arc<Site>) -> Router {
    routes::routes().into_iter().fold(Router::new(), mount).fallback(unknown).with_state(site)
}

fn mount(router: Router<Arc<Site>>, route: Route) -> Router<Arc<Site>> {
    let template = route.template;
    let route = Arc::new(route);
    let serve = |State(site): State<Arc<Site>>, params: RawPathParams, request: Request| async move {
        serve(&site, &route, &params, request).await
    };
    router.route(template, any(serve))
}

async fn serve(site: &Site, route: &Arc<Route>, params: &RawPathParams, request: Request) -> Response {
    let call = Call::read(params, request).await;
    let ticket = site.arrive(route, call);
    site.answer(ticket).await
}

async fn unknown(State(site): State<Arc<Site>>, uri: Uri) -> Response {
    let now = site.settled().now;
    Answer::unknown_path(uri.path()).into_response(now)
}
