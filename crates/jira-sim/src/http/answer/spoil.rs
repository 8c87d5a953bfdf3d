//! What faults do to an answer on its way to the client.

use std::io;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::{Stream, StreamExt, stream};
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderValue};
use serde_json::{Map, Value, json};

use super::{Answer, Content};
use crate::faults::{Denied, Paging, Reply};
use crate::http::entry::LOGIN_REASON;

type Piece = io::Result<Bytes>;

impl Answer {
    /// What takes the place of this answer: most faults spoil how an answer arrives, some what it says.
    pub(in crate::http) fn suffer(self, reply: &Reply, now: DateTime<Utc>) -> Self {
        match reply {
            Reply::True | Reply::None | Reply::Broken | Reply::Truncated | Reply::Slow { .. } => self,
            Reply::Bytes | Reply::WrongType | Reply::Oversized(_) | Reply::Compressed => self,
            Reply::Denied(how) => Self::denied(*how),
            Reply::ToNobody(reason) => self.without_rows().with(LOGIN_REASON, reason.header()),
            Reply::NoEndpoint => Self::problem(StatusCode::NOT_FOUND, "No endpoint.", ""),
            Reply::TooMany { retry_after_secs } => Self::too_many(*retry_after_secs, now),
            Reply::Unavailable { retry_after_secs } => {
                Self::failed(StatusCode::SERVICE_UNAVAILABLE).with("Retry-After", retry_after_secs)
            }
            Reply::Error(status) => Self::failed(*status),
            Reply::Gateway(status) => Self::gateway(*status),
            Reply::LoginPage => {
                Self { status: StatusCode::OK, headers: Vec::new(), content: Content::Html(LOGIN_PAGE.into()) }
            }
            Reply::Redirect(location) => Self::empty(StatusCode::FOUND).with("Location", location),
            Reply::Paging(paging) => self.paged(*paging),
        }
    }

    fn paged(mut self, paging: Paging) -> Self {
        if let Content::Json(Value::Object(page)) = &mut self.content
            && let Some(list) = LISTS.into_iter().find(|list| page.get(*list).is_some_and(Value::is_array))
        {
            match paging {
                Paging::Cut { items } => cut(page, list, items),
                Paging::CountsMore { by } => count_more(page, by),
                // It was not asked for any other.
                Paging::FirstAgain => {}
            }
        }
        self
    }

    /// The answer on the wire, as the fault lets it arrive.
    pub(in crate::http) fn arrive(self, reply: &Reply, now: DateTime<Utc>) -> Response {
        match reply {
            Reply::Broken => self.broken(now),
            Reply::Truncated => self.truncated(now),
            Reply::Slow { piece, pause } => self.slow(now, *piece, *pause),
            Reply::Oversized(bytes) => self.oversized(now, *bytes),
            Reply::Bytes => self.said_to_be(now, "application/json;charset=UTF-8", Bytes::from_static(NO_TEXT)),
            Reply::WrongType => {
                let bytes = self.content.bytes();
                self.said_to_be(now, "text/html;charset=UTF-8", bytes)
            }
            Reply::Compressed => self.compressed(now),
            Reply::True | Reply::None | Reply::TooMany { .. } | Reply::Unavailable { .. } => self.into_response(now),
            Reply::Denied(_) | Reply::ToNobody(_) | Reply::NoEndpoint => self.into_response(now),
            Reply::Error(_) | Reply::Gateway(_) | Reply::LoginPage | Reply::Redirect(_) => self.into_response(now),
            Reply::Paging(_) => self.into_response(now),
        }
    }

    fn failed(status: StatusCode) -> Self {
        Self::error(status, "Something went wrong, please try again.")
    }

    /// The gateway before Atlassian's sites has JSON of its own, with neither `errorMessages` nor `errors`.
    fn gateway(status: StatusCode) -> Self {
        let message = status.canonical_reason().unwrap_or("Error");
        Self::json(status, json!({"code": status.as_u16(), "message": message}))
    }

    /// The words in which one request is refused, whatever its account. Those of the gateway are as people report them.
    fn denied(how: Denied) -> Self {
        let scope = json!({"code": 401, "message": "Unauthorized; scope does not match"});
        match how {
            Denied::Unauthorized => Self::error(StatusCode::UNAUTHORIZED, "You do not have the permission to do this."),
            Denied::Scope => Self::json(StatusCode::UNAUTHORIZED, scope),
            Denied::NamedScope => Self::json(StatusCode::FORBIDDEN, json!({"code": 403, "message": "Forbidden"}))
                .with("WWW-Authenticate", "Bearer error=\"insufficient_scope\", scope=\"write:attachment:jira\""),
        }
    }

    /// What a stranger is shown of a search.
    fn without_rows(mut self) -> Self {
        if let Content::Json(Value::Object(found)) = &mut self.content
            && let Some(rows) = found.get_mut("issues")
        {
            *rows = json!([]);
        }
        self
    }

    /// As gzip, whose blocks are stored as they are.
    fn compressed(self, now: DateTime<Utc>) -> Response {
        let bytes = gzip(&self.content.bytes());
        let length = bytes.len();
        self.with("Content-Encoding", "gzip").response(now, Body::from(bytes), Some(length))
    }

    /// The first half of the answer, whose length is given as if that were all.
    fn truncated(self, now: DateTime<Utc>) -> Response {
        let bytes = self.content.bytes();
        let length = bytes.len() / 2;
        self.response(now, Body::from(bytes.slice(..length)), Some(length))
    }

    /// The first half of the answer, then a broken connection. An answer without a body has no half-way; there the
    /// break is noticed by a gateway, whose own words do not get through either.
    fn broken(self, now: DateTime<Utc>) -> Response {
        let whole = if matches!(self.content, Content::Empty) { Self::unreachable() } else { self };
        let bytes = whole.content.bytes();
        let length = bytes.len();
        let first_half = stream::iter([Ok(bytes.slice(..length / 2))]);
        let body = Body::from_stream(first_half.chain(stream::once(connection_reset())));
        whole.response(now, body, Some(length))
    }

    fn slow(self, now: DateTime<Utc>, piece: usize, pause: Duration) -> Response {
        let bytes = self.content.bytes();
        let length = bytes.len();
        self.response(now, Body::from_stream(dribble(bytes, piece.max(1), pause)), Some(length))
    }

    /// JSON may be followed by blanks, so a client that has the patience could read it.
    fn oversized(self, now: DateTime<Utc>, wanted: u64) -> Response {
        let bytes = self.content.bytes();
        let missing = wanted.saturating_sub(bytes.len() as u64);
        let body = stream::iter([Ok(bytes)]).chain(blanks(missing));
        self.response(now, Body::from_stream(body), None)
    }

    fn said_to_be(self, now: DateTime<Utc>, kind: &'static str, bytes: Bytes) -> Response {
        let length = bytes.len();
        let mut response = self.response(now, Body::from(bytes), Some(length));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        response
    }
}

/// Under which names Jira answers lists that come in pages.
const LISTS: [&str; 5] = ["issues", "comments", "issueTypes", "fields", "values"];

fn cut(page: &mut Map<String, Value>, list: &str, most: usize) {
    let begins = page.get("startAt").and_then(Value::as_u64).unwrap_or_default();
    let most = if begins == 0 { most } else { 0 };
    let Some(items) = page.get_mut(list).and_then(Value::as_array_mut).filter(|items| items.len() > most) else {
        return;
    };
    items.truncate(most);
    page.remove("nextPageToken");
    if let Some(last) = page.get_mut("isLast") {
        *last = false.into();
    }
}

fn count_more(page: &mut Map<String, Value>, by: u64) {
    if let Some(total) = page.get_mut("total") {
        *total = total.as_u64().unwrap_or_default().saturating_add(by).into();
    } else if let Some(last) = page.get_mut("isLast") {
        *last = false.into();
    }
}

/// RFC 1952, of blocks that are not compressed.
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut written = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    let blocks = bytes.chunks(usize::from(u16::MAX));
    for block in blocks {
        let length = u16::try_from(block.len()).unwrap_or(u16::MAX);
        written.push(0);
        written.extend(length.to_le_bytes());
        written.extend((!length).to_le_bytes());
        written.extend(block);
    }
    written.extend([1, 0, 0, 0xff, 0xff]);
    written.extend(crc32(bytes).to_le_bytes());
    written.extend(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes());
    written
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        let shifted = |crc: u32, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
        (0..8).fold(crc ^ u32::from(*byte), shifted)
    })
}

/// The break comes a moment later, or a server would drop the first half unsent.
async fn connection_reset() -> Piece {
    tokio::task::yield_now().await;
    Err(io::Error::new(io::ErrorKind::ConnectionReset, "connection reset by the simulated site"))
}

/// Pieces of a text, with a pause before each.
fn dribble(bytes: Bytes, piece: usize, pause: Duration) -> impl Stream<Item = Piece> {
    stream::unfold(bytes, move |mut rest| async move {
        if rest.is_empty() {
            return None;
        }
        tokio::time::sleep(pause).await;
        let next = rest.split_to(piece.min(rest.len()));
        Some((Ok(next), rest))
    })
}

/// So many blanks, made while they are read.
fn blanks(count: u64) -> impl Stream<Item = Piece> {
    static BLANKS: [u8; 8192] = [b' '; 8192];
    stream::unfold(count, |missing| async move {
        let next = usize::try_from(missing).unwrap_or(usize::MAX).min(BLANKS.len());
        (next > 0).then(|| (Ok(Bytes::from_static(&BLANKS[..next])), missing - next as u64))
    })
}

/// Neither UTF-8 nor any compression that a client might try to undo.
const NO_TEXT: &[u8] = b"\xc3\x28\xff\xfe\x00{\"issues\":\x80\x81\xf5[";

const LOGIN_PAGE: &str = "<!DOCTYPE html>\n<html><head><title>Log in to continue</title></head>\
    <body><form method=\"post\" action=\"/login\"><input name=\"user\"><input name=\"password\" type=\"password\">\
    </form></body></html>\n";
