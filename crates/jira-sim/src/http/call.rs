//! A request as an endpoint sees it.

use std::collections::BTreeMap;

use axum::extract::{Query, Request};
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, COOKIE};
use http::{HeaderMap, Method};
use serde_json::Value;

use super::answer::Answer;
use super::endpoint::{Api, Mounted};
use super::entry::Credentials;
use super::upload::{self, Upload};
use crate::flavour::Flavour;

/// Everything of a request that matters to the site.
pub(super) struct Call {
    /// The kind of Jira that is called.
    pub flavour: Flavour,
    pub api: Api,
    /// What `self` URLs in the answer begin with, after the site's own address.
    pub root: &'static str,
    pub method: Method,
    pub path: String,
    /// The parts of the path that the route's template names.
    params: BTreeMap<String, String>,
    query: Vec<(String, String)>,
    content_type: String,
    /// Whether it says that it takes JSON.
    pub wants_json: bool,
    headers: HeaderMap,
    body: Bytes,
    /// What a multipart form brought; absent if the body was none.
    upload: Option<Upload>,
    /// What it presents in order to be let in.
    pub credentials: Credentials,
    /// The account id of the caller, once it is known; empty for a stranger.
    pub account: String,
}

/// Bodies longer than this are cut off, and so no longer JSON; nothing that the site stores is nearly as long.
const BODY_LIMIT: usize = 16 << 20;

impl Call {
    /// Takes in the whole request; of an upload no more bytes than `limit`.
    pub(super) async fn read(
        flavour: Flavour,
        at: &Mounted,
        params: BTreeMap<String, String>,
        request: Request,
        limit: u64,
    ) -> Self {
        let (head, body) = request.into_parts();
        let content_type = text(&head.headers, CONTENT_TYPE);
        let (body, upload) = match upload::boundary(&content_type) {
            Some(boundary) => (Bytes::new(), Some(upload::read(body, boundary, limit).await)),
            None => (axum::body::to_bytes(body, BODY_LIMIT).await.unwrap_or_default(), None),
        };
        Self {
            flavour,
            api: at.api,
            root: at.root,
            params,
            wants_json: text(&head.headers, ACCEPT).contains("json"),
            query: Query::try_from_uri(&head.uri).map(|Query(query)| query).unwrap_or_default(),
            content_type,
            credentials: Credentials::read(&text(&head.headers, AUTHORIZATION)),
            headers: head.headers,
            body,
            upload,
            path: head.uri.path().into(),
            method: head.method,
            account: String::new(),
        }
    }

    /// A part of the path.
    pub(super) fn param(&self, name: &str) -> &str {
        self.params.get(name).map_or("", String::as_str)
    }

    /// The issues that it names by path or in `issueIdsOrKeys`, as it names them.
    pub(super) fn issues_named(&self) -> Vec<String> {
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let listed =
            body["issueIdsOrKeys"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
        self.params.get("issueIdOrKey").cloned().into_iter().chain(listed).collect()
    }

    /// The last value of a query parameter.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A query parameter that is a list: repeated, separated by commas, or both. None if it is absent.
    pub(super) fn list(&self, name: &str) -> Option<Vec<String>> {
        let values: Vec<&str> = self.query.iter().filter(|(key, _)| key == name).map(|(_, it)| it.as_str()).collect();
        (!values.is_empty()).then(|| values.iter().flat_map(|value| comma_separated(value)).collect())
    }

    /// A query parameter that is a number.
    pub(super) fn number(&self, name: &str) -> Result<Option<usize>, Answer> {
        let read =
            |text: &str| text.parse().map_err(|_| Answer::bad(&format!("The parameter '{name}' is not a number.")));
        self.query(name).map(read).transpose()
    }

    /// A header as text, empty if there is none.
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Whether it shows anything that only this site should see.
    pub(super) fn presents_credentials(&self) -> bool {
        [AUTHORIZATION, COOKIE].iter().any(|name| self.headers.contains_key(name))
    }

    /// Whether it is a DELETE that does not say of what type its body is.
    pub(super) fn is_untyped_delete(&self) -> bool {
        self.method == Method::DELETE && self.content_type.is_empty()
    }

    /// The files of the form that came as its body.
    pub(super) fn upload(&self) -> Result<&Upload, Answer> {
        self.upload.as_ref().ok_or_else(|| Answer::unsupported_media_type(self, &self.content_type))
    }

    /// Forgets which page of a list it asks for.
    pub(super) fn ask_for_first_page(&mut self) {
        const PLACES: [&str; 2] = ["startAt", "nextPageToken"];
        self.query.retain(|(name, _)| !PLACES.contains(&name.as_str()));
        if let Ok(Value::Object(mut body)) = serde_json::from_slice(&self.body) {
            body.retain(|name, _| !PLACES.contains(&name.as_str()));
            self.body = Value::Object(body).to_string().into();
        }
    }

    /// The JSON of the body.
    pub(super) fn json(&self) -> Result<Value, Answer> {
        let essence = self.content_type.split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/json") {
            return Err(Answer::unsupported_media_type(self, &self.content_type));
        }
        serde_json::from_slice(&self.body).map_err(|_| Answer::invalid_payload())
    }
}

/// `a, b` as two names; no empty ones.
pub(super) fn comma_separated(text: &str) -> impl Iterator<Item = String> {
    text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(String::from)
}

fn text(headers: &HeaderMap, name: http::HeaderName) -> String {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().into()
}
