//! Reading requests to the control API, and the answers to those that are refused.

use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{Method, StatusCode, Uri};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::refusal::Refusal;

/// Why a request to the control API is refused.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    error: String,
}

/// A JSON body of this shape.
pub(super) struct Body<T>(pub T);

/// A query string of this shape.
pub(super) struct QueryString<T>(pub T);

#[derive(Serialize)]
struct ErrorBody {
    error: String,
}

impl Problem {
    /// 400.
    pub(super) fn bad(error: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, error: error.into() }
    }

    /// 404.
    pub(super) fn missing(error: impl Into<String>) -> Self {
        Self { status: StatusCode::NOT_FOUND, error: error.into() }
    }

    /// What axum found wrong, with the path of the field first and without its talk of target types.
    fn rejected(status: StatusCode, text: &str) -> Self {
        let error = text.split_once("into the target type: ").map_or(text, |(_, error)| error);
        let error = error.strip_prefix("Failed to deserialize query string: ").unwrap_or(error).to_owned();
        let status = if status == StatusCode::UNPROCESSABLE_ENTITY { StatusCode::BAD_REQUEST } else { status };
        Self { status, error }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        (self.status, Json(ErrorBody { error: self.error })).into_response()
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let status = match &refusal {
            Refusal::NoAccount(_) | Refusal::NoProject(_) | Refusal::NoIssue(_) => StatusCode::NOT_FOUND,
            Refusal::NoComment(_) | Refusal::NoAttachment(_) => StatusCode::NOT_FOUND,
            Refusal::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Refusal::NotOffered { .. } | Refusal::KeyTaken(_) => StatusCode::CONFLICT,
            Refusal::BadValue { .. } | Refusal::Unfit { .. } => StatusCode::BAD_REQUEST,
        };
        Self { status, error: refusal.to_string() }
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let Json(body) = Json::<T>::from_request(request, state)
            .await
            .map_err(|why: JsonRejection| Problem::rejected(why.status(), &why.body_text()))?;
        Ok(Self(body))
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for QueryString<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Query(asked) = Query::<T>::from_request_parts(parts, state)
            .await
            .map_err(|why: QueryRejection| Problem::rejected(why.status(), &why.body_text()))?;
        Ok(Self(asked))
    }
}

pub(super) async fn unknown_path(uri: Uri) -> Problem {
    Problem::missing(format!("there is no {} here; GET / lists what there is", uri.path()))
}

pub(super) async fn wrong_method(method: Method, uri: Uri) -> Problem {
    let error = format!("{} can't be asked with {method}; GET / lists what can", uri.path());
    Problem { status: StatusCode::METHOD_NOT_ALLOWED, error }
}
