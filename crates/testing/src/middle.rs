//! A man in the middle, between client and site.

use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use lockstep::jira::{InMemory, Transport, Unreachable, WireBody};
use parking_lot::Mutex;
use serde_json::Value;

/// What he does to what passes. Everything else passes as it is.
#[derive(Clone, Default)]
pub struct Plot {
    /// Alters JSON answers: the path, the answer.
    pub twist: Option<Twist>,
    /// Drops this header from every answer.
    pub strips: Option<&'static str>,
    /// Drops what a search says about the page it wants, so that the server gives the first one again.
    pub forgets_pages: bool,
    /// Given instead of the site's own answer to paths that end so.
    pub canned: Option<Canned>,
}

pub type Twist = Arc<Mutex<dyn FnMut(&str, &mut Value) + Send>>;

/// An answer made up by the test.
#[derive(Clone, Debug)]
pub struct Canned {
    pub to: &'static str,
    pub status: u16,
    pub kind: &'static str,
    pub body: String,
}

pub struct Middle {
    pub site: InMemory,
    pub plot: Plot,
}

impl Transport for Middle {
    fn send(&self, request: Request<WireBody>) -> BoxFuture<'_, Result<Response<WireBody>, Unreachable>> {
        let path = request.uri().path().to_owned();
        if let Some(canned) = self.plot.canned.as_ref().filter(|canned| path.ends_with(canned.to)) {
            let answer = canned.answer();
            return async { Ok(answer) }.boxed();
        }
        async move {
            let request = if self.plot.forgets_pages { forget_page(request).await } else { request };
            let mut answer = self.site.send(request).await?;
            if let Some(name) = self.plot.strips {
                answer.headers_mut().remove(name);
            }
            match &self.plot.twist {
                Some(twist) => Ok(twisted(&path, answer, twist).await),
                None => Ok(answer),
            }
        }
        .boxed()
    }
}

impl Canned {
    fn answer(&self) -> Response<WireBody> {
        let mut answer = Response::new(whole(self.body.clone()));
        *answer.status_mut() = StatusCode::from_u16(self.status).unwrap();
        answer.headers_mut().insert(HeaderName::from_static("content-type"), HeaderValue::from_static(self.kind));
        answer
    }
}

async fn forget_page(request: Request<WireBody>) -> Request<WireBody> {
    let (mut parts, body) = request.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    let Ok(mut json) = serde_json::from_slice::<Value>(&bytes) else {
        return Request::from_parts(parts, whole(bytes));
    };
    for page in ["nextPageToken", "startAt"] {
        json.as_object_mut().unwrap().remove(page);
    }
    parts.headers.remove(http::header::CONTENT_LENGTH);
    Request::from_parts(parts, whole(json.to_string()))
}

async fn twisted(path: &str, answer: Response<WireBody>, twist: &Twist) -> Response<WireBody> {
    let (mut parts, body) = answer.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    let Ok(mut json) = serde_json::from_slice::<Value>(&bytes) else {
        return Response::from_parts(parts, whole(bytes));
    };
    (twist.lock())(path, &mut json);
    parts.headers.remove(http::header::CONTENT_LENGTH);
    Response::from_parts(parts, whole(json.to_string()))
}

fn whole(bytes: impl Into<bytes::Bytes>) -> WireBody {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}
