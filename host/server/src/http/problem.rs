//! Errors as problem+json (RFC 9457), with what to do under `mend`.

use axum::Json;
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use rota_domain::access::Role;
use rota_domain::id::TenantId;
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
    /// After how many seconds the same request may do better; `Retry-After` says it.
    pub(super) retry_after: Option<u64>,
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = Json(self.json());
        let mut response = (self.status, [(header::CONTENT_TYPE, PROBLEM)], body).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
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
            retry_after: None,
        }
    }

    /// The token does not reach so far.
    pub(super) fn small_role(has: Role, needs: Role) -> Self {
        Self {
            status: StatusCode::FORBIDDEN,
            kind: "small-role",
            detail: format!("This takes a token of the role {needs}; this one is a {has}'s."),
            mend: "Use a token of that role; a tenant's admin makes one with `rota token new`.",
            retry_after: None,
        }
    }

    /// The token is of another tenant.
    pub(super) fn other_tenant() -> Self {
        Self {
            status: StatusCode::FORBIDDEN,
            kind: "other-tenant",
            detail: "The token is not of the tenant that X-Rota-Tenant names.".into(),
            mend: "Leave X-Rota-Tenant out: a tenant's token says the tenant.",
            retry_after: None,
        }
    }

    /// The tenant changes nothing, and calls for no decision.
    pub(super) fn suspended(tenant: &TenantId) -> Self {
        Self {
            status: StatusCode::FORBIDDEN,
            kind: "suspended",
            detail: format!("The tenant `{tenant}` is suspended: it can be read, and nothing else."),
            mend: "Ask the operator of this host; what CRMs send meanwhile is kept, and decided when the suspension ends.",
            retry_after: None,
        }
    }

    /// The host's operator named no tenant.
    pub(super) fn no_tenant() -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            kind: "no-tenant",
            detail: "This is about one tenant, and the token is the host's.".into(),
            mend: "Name the tenant in the header X-Rota-Tenant.",
            retry_after: None,
        }
    }

    /// The thing is not there.
    pub(super) fn missing(what: &str) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            kind: "not-found",
            detail: format!("There is no {what} here."),
            mend: "Correct its name; the list of them is one path up.",
            retry_after: None,
        }
    }

    /// The body is compressed.
    pub(super) fn encoded() -> Self {
        Self {
            status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
            kind: "encoded-body",
            detail: "The body is encoded.".into(),
            mend: "Send it without Content-Encoding.",
            retry_after: None,
        }
    }

    /// Not now: nothing was taken in, and the same request may be sent again after so many
    /// seconds.
    pub(super) fn busy(detail: impl Into<String>, retry_after_seconds: u64) -> Self {
        Self {
            status: StatusCode::TOO_MANY_REQUESTS,
            kind: "busy",
            detail: detail.into(),
            mend: "Send the same again after the seconds that Retry-After names; nothing was taken in.",
            retry_after: Some(retry_after_seconds.max(1)),
        }
    }

    /// It took too long.
    pub(super) fn too_slow(detail: impl Into<String>) -> Self {
        Self {
            status: StatusCode::GATEWAY_TIMEOUT,
            kind: "too-slow",
            detail: detail.into(),
            mend: "Ask again; a call that changes something is safe to repeat where it has an idempotency_key.",
            retry_after: None,
        }
    }

    /// A defect of Rota.
    pub(super) fn defect() -> Self {
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            kind: "defect",
            detail: "The request met a defect of Rota.".into(),
            mend: "Report it; the operator finds where it happened in the log.",
            retry_after: None,
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
            retry_after: None,
        }
    }
}

/// Lets no error leave in another form than all errors have.
pub(super) fn formed(answer: Response) -> Response {
    let status = answer.status();
    let fails = status.is_client_error() || status.is_server_error();
    // Pages are for people, and say themselves what happened.
    let said = |kind: &HeaderValue| kind == PROBLEM || kind.as_bytes().starts_with(b"text/html");
    if !fails || answer.headers().get(header::CONTENT_TYPE).is_some_and(said) {
        return answer;
    }
    let (detail, mend) = ("The request cannot be read.".into(), "GET /openapi.json says what each route takes.");
    let mut formed = Problem { status, kind: "unreadable-request", detail, mend, retry_after: None }.into_response();
    *formed.extensions_mut() = answer.into_parts().0.extensions;
    formed
}

/// No such route.
pub(super) async fn not_found(uri: Uri) -> Problem {
    Problem {
        status: StatusCode::NOT_FOUND,
        kind: "no-such-route",
        detail: format!("There is nothing at {}.", uri.path()),
        mend: "GET /openapi.json lists the routes; HubSpot's webhooks go to /v1/hubspot/{app}/webhook, with the app's name from rota.toml.",
        retry_after: None,
    }
}

/// The route has no such method.
pub(super) async fn method_not_allowed(method: Method, uri: Uri) -> Problem {
    Problem {
        status: StatusCode::METHOD_NOT_ALLOWED,
        kind: "method-not-allowed",
        detail: format!("{} does not take {method}.", uri.path()),
        mend: "GET /openapi.json lists the methods; webhooks are sent with POST.",
        retry_after: None,
    }
}
