//! Errors as problem+json (RFC 9457), with what to do under `mend`.

use axum::Json;
use axum::http::{Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use rota_domain::access::Role;
use rota_flow::ports::StoreError;
use serde_json::{Value, json};

/// The media type of errors.
pub(super) const PROBLEM: &str = "application/problem+json";

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
        let body = Json(self.json());
        (self.status, [(header::CONTENT_TYPE, PROBLEM)], body).into_response()
    }
}

impl Problem {
    /// The problem as JSON, for who has more to say.
    pub(super) fn json(&self) -> Value {
        json!({
            "type": format!("urn:rota:problem:{}", self.kind),
            "title": self.status.canonical_reason().unwrap_or("Error"),
            "status": self.status.as_u16(),
            "detail": self.detail,
            "mend": self.mend,
        })
    }

    /// No token, or none that holds. Which of the two is not said.
    pub(super) fn no_token() -> Self {
        Self {
            status: StatusCode::UNAUTHORIZED,
            kind: "no-token",
            detail: "There is no token here that holds.".into(),
            mend: "Send `Authorization: Bearer rota_…`; a tenant's admin makes tokens with `rota token new`.",
        }
    }

    /// The token does not reach so far.
    pub(super) fn small_role(has: Role, needs: Role) -> Self {
        Self {
            status: StatusCode::FORBIDDEN,
            kind: "small-role",
            detail: format!("This takes a token of the role {needs}; this one is a {has}'s."),
            mend: "Use a token of that role; a tenant's admin makes one with `rota token new`.",
        }
    }

    /// The token is of another tenant.
    pub(super) fn other_tenant() -> Self {
        Self {
            status: StatusCode::FORBIDDEN,
            kind: "other-tenant",
            detail: "The token is not of the tenant that X-Rota-Tenant names.".into(),
            mend: "Leave X-Rota-Tenant out: a tenant's token says the tenant.",
        }
    }

    /// The host's operator named no tenant.
    pub(super) fn no_tenant() -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            kind: "no-tenant",
            detail: "This is about one tenant, and the token is the host's.".into(),
            mend: "Name the tenant in the header X-Rota-Tenant.",
        }
    }

    /// The thing is not there.
    pub(super) fn missing(what: &str) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            kind: "not-found",
            detail: format!("There is no {what} here."),
            mend: "Correct its name; the list of them is one path up.",
        }
    }

    /// The body is compressed.
    pub(super) fn encoded() -> Self {
        Self {
            status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
            kind: "encoded-body",
            detail: "The body is encoded.".into(),
            mend: "Send it without Content-Encoding.",
        }
    }

    /// The store failed. Its words are for the operator.
    pub(super) fn store(error: &StoreError) -> Self {
        tracing::error!(%error, "A request met a failing store");
        Self {
            status: StatusCode::SERVICE_UNAVAILABLE,
            kind: "store",
            detail: "The database did not answer as it should.".into(),
            mend: "Try again later; the operator finds the cause in the log.",
        }
    }
}

/// No such route.
pub(super) async fn not_found(uri: Uri) -> Problem {
    Problem {
        status: StatusCode::NOT_FOUND,
        kind: "no-such-route",
        detail: format!("There is nothing at {}.", uri.path()),
        mend: "GET /openapi.json lists the routes; HubSpot's webhooks go to /v1/hubspot/{app}/webhook, with the app's name from rota.toml.",
    }
}

/// The route has no such method.
pub(super) async fn method_not_allowed(method: Method, uri: Uri) -> Problem {
    Problem {
        status: StatusCode::METHOD_NOT_ALLOWED,
        kind: "method-not-allowed",
        detail: format!("{} does not take {method}.", uri.path()),
        mend: "GET /openapi.json lists the methods; webhooks are sent with POST.",
    }
}
