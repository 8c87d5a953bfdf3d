//! Answers, and the many forms in which Jira says no.

mod spoil;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::ops::Range;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use chrono::{DateTime, Duration, SecondsFormat, Utc};
use futures::stream;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, DATE};
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::{Value, json};

use super::call::Call;
use crate::file::File;
use crate::flavour::Flavour;
use crate::stamp;

/// An answer before it is written on the wire.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub status: StatusCode,
    headers: Vec<(&'static str, String)>,
    content: Content,
}

#[derive(Clone, Debug)]
enum Content {
    Empty,
    Json(Value),
    /// RFC 7807, which Jira uses where no endpoint was reached.
    Problem(Value),
    Html(String),
    Xml(String),
    /// A part of a file, with the file's own type.
    File {
        mime: String,
        file: File,
        part: Range<u64>,
    },
}

/// How many rows a search page carries if none is asked for.
pub(super) const USUAL_PAGE: usize = 50;

/// What is wrong with the fields and the whole of a write: Jira's `ErrorCollection`.
#[derive(Clone, Debug, Default)]
pub(super) struct Complaints {
    pub messages: Vec<String>,
    pub fields: BTreeMap<String, String>,
}

impl Answer {
    pub(super) fn json(status: StatusCode, body: Value) -> Self {
        Self { status, headers: Vec::new(), content: Content::Json(body) }
    }

    /// What a search shows a stranger.
    pub(super) fn nothing_found(flavour: Flavour) -> Self {
        Self::ok(match flavour {
            Flavour::Cloud => json!({"issues": [], "isLast": true}),
            Flavour::DataCenter => json!({"startAt": 0, "maxResults": USUAL_PAGE, "total": 0, "issues": []}),
        })
    }

    pub(super) fn ok(body: Value) -> Self {
        Self::json(StatusCode::OK, body)
    }

    pub(super) fn empty(status: StatusCode) -> Self {
        Self { status, headers: Vec::new(), content: Content::Empty }
    }

    pub(super) fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }

    /// This status with one message.
    pub(super) fn error(status: StatusCode, message: &str) -> Self {
        Self::json(status, json!({"errorMessages": [message], "errors": {}}))
    }

    pub(super) fn html(status: StatusCode, page: &str) -> Self {
        Self { content: Content::Html(page.into()), ..Self::empty(status) }
    }

    pub(super) fn xml(status: StatusCode, document: String) -> Self {
        Self { content: Content::Xml(document), ..Self::empty(status) }
    }

    pub(super) fn file(status: StatusCode, mime: &str, file: &File, part: Range<u64>) -> Self {
        let content = Content::File { mime: mime.into(), file: file.clone(), part };
        Self { content, ..Self::empty(status) }
    }

    pub(super) fn redirect(status: StatusCode, to: &str) -> Self {
        Self::empty(status).with("Location", to)
    }

    /// 416: a file of this size has nothing there.
    pub(super) fn range_not_satisfiable(size: u64) -> Self {
        Self::empty(StatusCode::RANGE_NOT_SATISFIABLE).with("Content-Range", format!("bytes */{size}"))
    }

    /// 400 with one message.
    pub(super) fn bad(message: &str) -> Self {
        Self::error(StatusCode::BAD_REQUEST, message)
    }

    /// 400: not JSON, or not the JSON that the endpoint takes.
    pub(super) fn invalid_payload() -> Self {
        Self::bad("Invalid request payload. Refer to the REST API documentation and try again.")
    }

    pub(super) fn no_issue() -> Self {
        Self::missing("Issue does not exist or you do not have permission to see it.")
    }

    pub(super) fn missing(message: &str) -> Self {
        Self::error(StatusCode::NOT_FOUND, message)
    }

    pub(super) fn forbidden(message: &str) -> Self {
        Self::error(StatusCode::FORBIDDEN, message)
    }

    /// The write was valid when it came but no longer possible when it was due.
    pub(super) fn conflict() -> Self {
        Self::error(StatusCode::CONFLICT, "The issue could not be updated because of a conflicting update.")
    }

    /// 500: Jira's own mistake.
    pub(super) fn broken_down(message: &str) -> Self {
        Self::error(StatusCode::INTERNAL_SERVER_ERROR, message)
    }

    /// A placeholder for requests that a fault lets not through.
    pub(super) fn unreachable() -> Self {
        Self::error(StatusCode::BAD_GATEWAY, "The connection to the site broke off.")
    }

    /// 401 for a caller that is not logged in, in the form that both kinds of Jira have for it.
    pub(super) fn unauthorized(base_url: &str) -> Self {
        let message = "Client must be authenticated to access this resource.";
        let realm = format!("OAuth realm=\"{base_url}\"");
        Self::json(StatusCode::UNAUTHORIZED, json!({"message": message, "status-code": 401}))
            .with("WWW-Authenticate", realm)
    }

    pub(super) fn gone() -> Self {
        Self::error(
            StatusCode::GONE,
            "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API. A full migration \
             guideline is available at https://developer.atlassian.com/changelog/#CHANGE-2046",
        )
    }

    /// 404: the path leads nowhere. Outside of the API a person is shown so.
    pub(super) fn unknown_path(call: &Call) -> Self {
        if call.path.starts_with("/rest/") {
            Self::unserved(call, StatusCode::NOT_FOUND, &format!("No endpoint {}.", call.path))
        } else {
            Self::page(StatusCode::NOT_FOUND, "Oops, you've found a dead link.", "Go back to the previous page.")
        }
    }

    pub(super) fn wrong_method(call: &Call, allowed: &str) -> Self {
        let detail = format!("Method '{}' is not supported.", call.method);
        Self::unserved(call, StatusCode::METHOD_NOT_ALLOWED, &detail).with("Allow", allowed)
    }

    pub(super) fn unsupported_media_type(call: &Call, content_type: &str) -> Self {
        let detail = format!("Content-Type '{content_type}' is not supported.");
        Self::unserved(call, StatusCode::UNSUPPORTED_MEDIA_TYPE, &detail)
    }

    /// No endpoint was reached. Cloud answers a problem; Data Center a status, as XML unless JSON is asked for. (So it
    /// was seen for 404; that 405 and 415 look alike is assumed.)
    fn unserved(call: &Call, status: StatusCode, detail: &str) -> Self {
        let code = status.as_u16();
        let content = match call.flavour {
            Flavour::Cloud => return Self::problem(status, detail, &call.path),
            Flavour::DataCenter if call.wants_json => {
                Content::Json(json!({"message": format!("HTTP {status}"), "status-code": code}))
            }
            Flavour::DataCenter => Content::Xml(format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?><status><status-code>{code}</status-code>\
                 <message>HTTP {status}</message></status>"
            )),
        };
        Self { status, headers: Vec::new(), content }
    }

    /// An RFC 7807 problem.
    fn problem(status: StatusCode, detail: &str, path: &str) -> Self {
        let content = Content::Problem(json!({
            "type": "about:blank", "title": status.canonical_reason(), "status": status.as_u16(), "detail": detail,
            "instance": path,
        }));
        Self { status, headers: Vec::new(), content }
    }

    /// An HTML page.
    pub(super) fn page(status: StatusCode, title: &str, text: &str) -> Self {
        let page = format!(
            "<!DOCTYPE html>\n<html><head><title>{title}</title></head>\
             <body><h1>{title}</h1><p>{text}</p></body></html>\n"
        );
        Self { status, headers: Vec::new(), content: Content::Html(page) }
    }

    /// 429 with the headers of Cloud's limit on bursts.
    fn too_many(retry_after_secs: u64, now: DateTime<Utc>) -> Self {
        // The limit that Cloud documents for GET and POST.
        const BURST: u32 = 100;
        let wait = Duration::try_seconds(retry_after_secs.try_into().unwrap_or(i64::MAX)).unwrap_or_default();
        let reset = now.checked_add_signed(wait).unwrap_or(now).to_rfc3339_opts(SecondsFormat::Secs, true);
        Self::error(StatusCode::TOO_MANY_REQUESTS, "Rate limit exceeded.")
            .with("Retry-After", retry_after_secs)
            .with("X-RateLimit-Limit", BURST)
            .with("X-RateLimit-Remaining", 0)
            .with("X-RateLimit-Reset", reset)
            .with("RateLimit-Reason", "jira-burst-based")
    }

    pub(super) fn into_response(self, now: DateTime<Utc>) -> Response {
        let (body, length) = self.content.body();
        self.response(now, body, Some(length))
    }

    /// Announces a length only if one is given.
    fn response(&self, now: DateTime<Utc>, body: Body, length: Option<usize>) -> Response {
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        let mut set = |name: HeaderName, value: String| {
            // Whatever cannot be a header is left out: only a test's own odd setup could make one.
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(name, value);
            }
        };
        set(DATE, stamp::http(now));
        if let Some(kind) = self.content.kind() {
            set(CONTENT_TYPE, kind.into());
            length.into_iter().for_each(|length| set(CONTENT_LENGTH, length.to_string()));
        }
        for (name, value) in &self.headers {
            if let Ok(name) = name.parse() {
                set(name, value.clone());
            }
        }
        response
    }
}

impl Complaints {
    pub(super) fn about(field: &str, message: &str) -> Self {
        Self { messages: Vec::new(), fields: [(field.into(), message.into())].into() }
    }

    pub(super) fn whole(message: &str) -> Self {
        Self { messages: vec![message.into()], ..Self::default() }
    }

    pub(super) fn merge(&mut self, others: Self) {
        self.messages.extend(others.messages);
        self.fields.extend(others.fields);
    }

    pub(super) fn field(&mut self, field: &str, message: &str) {
        self.fields.insert(field.into(), message.into());
    }

    /// Jira's words for a field that it does not know, or that is on no screen here.
    pub(super) fn cannot_be_set(&mut self, field: &str) {
        self.field(field, &format!("Field '{field}' cannot be set. It is not on the appropriate screen, or unknown."));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.messages.is_empty() && self.fields.is_empty()
    }

    pub(super) fn to_json(&self) -> Value {
        json!({"errorMessages": self.messages, "errors": self.fields})
    }
}

impl From<Complaints> for Answer {
    fn from(complaints: Complaints) -> Self {
        Self::json(StatusCode::BAD_REQUEST, complaints.to_json())
    }
}

impl Content {
    /// As it is sent when nothing goes wrong, and its length: files piece by piece.
    fn body(&self) -> (Body, usize) {
        match self {
            Self::File { file, part, .. } => {
                let pieces = file.pieces(part.clone()).map(Ok::<_, Infallible>);
                // What is sent from memory fits into a `usize`, and so does what is made on the way on any usual machine.
                (Body::from_stream(stream::iter(pieces)), (part.end - part.start) as usize)
            }
            Self::Empty | Self::Json(_) | Self::Problem(_) | Self::Html(_) | Self::Xml(_) => {
                let bytes = self.bytes();
                (Body::from(bytes.clone()), bytes.len())
            }
        }
    }

    /// All of it at once, for faults to cut.
    fn bytes(&self) -> Bytes {
        match self {
            Self::Empty => Bytes::new(),
            Self::Json(value) | Self::Problem(value) => value.to_string().into(),
            Self::Html(text) | Self::Xml(text) => text.clone().into(),
            Self::File { file, part, .. } => file.part(part.clone()),
        }
    }

    fn kind(&self) -> Option<&str> {
        match self {
            Self::Empty => None,
            Self::Json(_) => Some("application/json;charset=UTF-8"),
            Self::Problem(_) => Some("application/problem+json"),
            Self::Html(_) => Some("text/html;charset=UTF-8"),
            Self::Xml(_) => Some("application/xml;charset=UTF-8"),
            Self::File { mime, .. } => Some(mime),
        }
    }
}
