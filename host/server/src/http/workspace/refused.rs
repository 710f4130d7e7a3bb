//! Why a workspace stays as it is, as problem+json: every fault with its file and line under
//! `errors`, and the revision that holds under `revision`.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::http::problem::{PROBLEM, Problem};
use crate::workspaces::Refusal;

/// Why not. A workspace that is refused says every fault with its file and line.
pub(super) enum Refused {
    Problem(Problem),
    Refusal(Refusal),
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self::Refusal(refusal)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let refusal = match self {
            Self::Problem(problem) => return problem.into_response(),
            Self::Refusal(Refusal::Store(error)) => return Problem::store(&error).into_response(),
            Self::Refusal(refusal) => refusal,
        };
        let (status, kind, mend) = terms(&refusal);
        let detail = match &refusal {
            Refusal::Invalid(errors) => {
                format!("The workspace is refused for {} reasons; nothing has changed.", errors.len())
            }
            other => other.to_string(),
        };
        let mut body = json!({
            "type": format!("urn:rota:problem:{kind}"),
            "title": status.canonical_reason().unwrap_or("Error"),
            "status": status.as_u16(),
            "detail": detail,
            "mend": mend,
        });
        match refusal {
            Refusal::Invalid(errors) => body["errors"] = json!(errors),
            Refusal::Moved { now, .. } => body["revision"] = json!(now),
            _ => {}
        }
        (status, [(header::CONTENT_TYPE, PROBLEM)], Json(body)).into_response()
    }
}

/// The status of a refusal, its stable name, and what to do.
fn terms(refusal: &Refusal) -> (StatusCode, &'static str, &'static str) {
    match refusal {
        Refusal::ServedFromFiles(_) => (
            StatusCode::CONFLICT,
            "served-from-files",
            "Ask the operator, who chooses in rota.toml which directories are served.",
        ),
        Refusal::Moved { .. } => {
            (StatusCode::CONFLICT, "moved", "Plan again against the revision that holds, and apply that.")
        }
        Refusal::Invalid(_) => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid-workspace",
            "Mend what `errors` lists, each with its file and line, and apply again.",
        ),
        Refusal::Missing(_) => {
            (StatusCode::NOT_FOUND, "not-found", "Correct the name; GET /v1/workspace shows what there is.")
        }
        Refusal::NoSource(_) => (
            StatusCode::CONFLICT,
            "no-source",
            "Apply the directory itself; from then on its revisions have their files here.",
        ),
        Refusal::Busy(_) | Refusal::Store(_) => (StatusCode::SERVICE_UNAVAILABLE, "busy", "Try again in a moment."),
    }
}
