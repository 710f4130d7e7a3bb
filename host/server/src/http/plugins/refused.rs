//! Why an upload was refused, as a problem: of a component that no host could ask, with the
//! code of the refusal.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use rota_rules::Refusal;

use crate::http::problem::{PROBLEM, Problem};
use crate::uploads::UploadError;

/// When a sender who has to wait is to come again, in seconds.
const AGAIN: &str = "5";

/// An upload that came to nothing.
pub(super) struct Refused(Box<Problem>, More);

/// What stands beside the problem.
enum More {
    Nothing,
    /// The code of the refusal, and what its sentence says is to be done.
    Code(Refusal),
    /// When to come again.
    Later,
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self(Box::new(problem), More::Nothing)
    }
}

impl Refused {
    /// Something of ours ended badly.
    pub(super) fn defect(error: &str) -> Self {
        tracing::error!(error, "An upload ended badly");
        let detail = "Taking the component in ended badly, which is a defect of Rota.".into();
        problem(StatusCode::INTERNAL_SERVER_ERROR, "defect", detail, "Tell the operator, whose log says more.")
    }
}

impl From<UploadError> for Refused {
    fn from(error: UploadError) -> Self {
        let detail = sentence(&error.to_string());
        match error {
            UploadError::TooLarge { .. } => problem(
                StatusCode::PAYLOAD_TOO_LARGE,
                "body-too-large",
                detail,
                "Build it smaller: opt-level = \"s\", and without debug information.",
            ),
            UploadError::Quota { .. } => problem(
                StatusCode::PAYLOAD_TOO_LARGE,
                "quota",
                detail,
                "Withdraw plugins that no flow needs, or ask the operator for another plan.",
            ),
            UploadError::Slow => {
                problem(StatusCode::REQUEST_TIMEOUT, "slow-body", detail, "Send it again over a faster line.")
            }
            UploadError::Broken => problem(StatusCode::BAD_REQUEST, "unreadable-body", detail, "Send it again, whole."),
            UploadError::Busy => {
                let mend = "Wait for the answers to the others, then send it again.";
                Self(problem(StatusCode::TOO_MANY_REQUESTS, "uploads-waiting", detail, mend).0, More::Later)
            }
            UploadError::Refused(refusal) => {
                let detail = refusal.detail.clone();
                let mend = "See what the sentence says; `rota check` finds the same before an upload.";
                Self(problem(StatusCode::UNPROCESSABLE_ENTITY, "plugin-refused", detail, mend).0, More::Code(refusal))
            }
            UploadError::NameTaken(_) => {
                problem(StatusCode::CONFLICT, "name-taken", detail, "Give it another `name` in plugin.toml.")
            }
            UploadError::VersionTaken { .. } => problem(
                StatusCode::CONFLICT,
                "version-taken",
                detail,
                "Count `version` up in plugin.toml, or withdraw the other one first.",
            ),
            UploadError::Store(error) => Problem::store(&error).into(),
            UploadError::Disk(error) => {
                tracing::error!(%error, "A component could not be put aside");
                let detail = "The component could not be put aside.".into();
                let mend = "Try again later; the operator finds the cause in the log.";
                problem(StatusCode::SERVICE_UNAVAILABLE, "disk", detail, mend)
            }
            UploadError::Defect(why) => Self::defect(&why),
        }
    }
}

/// An error's words as a sentence.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).chain(['.']).collect()
}

fn problem(status: StatusCode, kind: &'static str, detail: String, mend: &'static str) -> Refused {
    Problem { status, kind, detail, mend, retry_after: None }.into()
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let Self(problem, more) = self;
        match more {
            More::Nothing => problem.into_response(),
            More::Later => ([(header::RETRY_AFTER, AGAIN)], *problem).into_response(),
            More::Code(refusal) => {
                let mut body = problem.json();
                body["code"] = refusal.code.as_str().into();
                // A refusal is one sentence, and its mend stands after the last colon.
                if let Some((_, mend)) = refusal.detail.rsplit_once(": ") {
                    body["mend"] = mend.into();
                }
                (problem.status, [(header::CONTENT_TYPE, PROBLEM)], Json(body)).into_response()
            }
        }
    }
}
