//! Bodies and queries that are read, or refused with what is wrong and where.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use serde::de::DeserializeOwned;

use crate::http::problem::Problem;

/// A body of JSON.
#[derive(Debug)]
pub(in crate::http) struct Given<T>(pub(in crate::http) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Given<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if request.headers().contains_key(header::CONTENT_ENCODING) {
            return Err(Problem::encoded());
        }
        let body = Bytes::from_request(request, state).await.map_err(|rejection| {
            let status = rejection.status();
            Problem {
                status,
                kind: if status == StatusCode::PAYLOAD_TOO_LARGE { "body-too-large" } else { "unreadable-body" },
                detail: rejection.body_text(),
                mend: "Send a smaller body, whole.",
                retry_after: None,
            }
        })?;
        serde_json::from_slice(&body).map(Self).map_err(|error| Problem {
            status: StatusCode::BAD_REQUEST,
            kind: "unreadable-body",
            detail: format!("The body does not read: {error}."),
            mend: "Send JSON as /openapi.json describes it for this route.",
            retry_after: None,
        })
    }
}

/// What the query asks.
#[derive(Debug)]
pub(in crate::http) struct Asked<T>(pub(in crate::http) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query = axum::extract::Query::from_request_parts(parts, state).await;
        query.map(|axum::extract::Query(asked)| Self(asked)).map_err(|rejection| Problem {
            status: StatusCode::BAD_REQUEST,
            kind: "unreadable-query",
            detail: rejection.body_text(),
            mend: "Correct the part after `?`; /openapi.json lists what this route takes there.",
            retry_after: None,
        })
    }
}
