//! Errors as problem+json (RFC 9457), with what to do under `mend`.

use axum::Json;
use axum::http::{Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// An error that a caller sees.
#[derive(Debug)]
pub(super) struct Problem {
    /// The status.
    pub(super) status: StatusCode,
    /// A short stable name.
    pub(super) kind: &'static str,
    /// What happened, and to which thing.
    pub(super) detail: String,
    /// What to do.
    pub(super) mend: &'static str,
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = Json(json!({
            "type": format!("urn:rota:problem:{}", self.kind),
            "title": self.status.canonical_reason().unwrap_or("Error"),
            "status": self.status.as_u16(),
            "detail": self.detail,
            "mend": self.mend,
        }));
        (self.status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response()
    }
}

/// No such route.
pub(super) async fn not_found(uri: Uri) -> Problem {
    Problem {
        status: StatusCode::NOT_FOUND,
        kind: "no-such-route",
        detail: format!("There is nothing at {}.", uri.path()),
        mend: "HubSpot's webhooks go to /v1/hubspot/{app}/webhook, with the app's name from rota.toml.",
    }
}

/// The route has no such method.
pub(super) async fn method_not_allowed(method: Method, uri: Uri) -> Problem {
    Problem {
        status: StatusCode::METHOD_NOT_ALLOWED,
        kind: "method-not-allowed",
        detail: format!("{} does not take {method}.", uri.path()),
        mend: "Webhooks are sent with POST.",
    }
}
