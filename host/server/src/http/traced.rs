//! A request's span: it continues the trace of whoever asked, or begins one. Where no trace is
//! made, all of this is one look at a flag.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::response::Response;
use jiff::Timestamp;
use rota_flow::ports::Clock;

use super::api::Template;
use crate::traces::{Parent, REQUESTS};

/// A request under way.
pub(super) struct Traced {
    parent: Option<Parent>,
    own: Parent,
    method: String,
    began: Timestamp,
}

/// The request's own span, for what it asks for.
#[derive(Clone, Debug)]
pub(super) struct Asking(pub(super) Option<String>);

impl Traced {
    /// It begins; none where nobody reads spans.
    pub(super) fn begins(request: &mut Request, clock: &dyn Clock) -> Option<Self> {
        if !tracing::enabled!(target: "rota::request", tracing::Level::DEBUG) {
            return None;
        }
        let header = request.headers().get("traceparent").and_then(|value| value.to_str().ok());
        let parent: Option<Parent> = header.and_then(|text| text.parse().ok());
        let span = rand::random::<u64>().max(1).to_be_bytes();
        let own = match parent {
            Some(parent) => Parent { span, ..parent },
            None => Parent { trace: rand::random::<u128>().max(1).to_be_bytes(), span, sampled: true },
        };
        request.extensions_mut().insert(Asking(Some(own.to_string())));
        Some(Self { parent, own, method: request.method().to_string(), began: clock.now() })
    }

    /// It has its answer.
    pub(super) fn ended(self, answer: &Response, clock: &dyn Clock) {
        let Self { parent, own, method, began } = self;
        let route = answer.extensions().get::<Template>().map_or("none", |template| template.0);
        let (began_us, ended_us) = (began.as_microsecond(), clock.now().as_microsecond());
        let (parent, status) = (parent.map(|parent| parent.to_string()), answer.status().as_u16());
        tracing::debug!(target: REQUESTS, method, route, status, %own, parent, began_us, ended_us, "A request was answered");
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Asking {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or(Self(None)))
    }
}
