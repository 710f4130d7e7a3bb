//! What ended a guest, as one of the codes that people and scripts know.

use rota_domain::rule::{ErrorCode, Failure};
use wasmtime::Trap;

use crate::words::plain;

/// Bytes of a failure's text: a guest may have written some of it.
const DETAIL_MAX: usize = 1000;

/// A host function's way to end the guest: the code, and why.
#[derive(Debug, thiserror::Error)]
#[error("{detail}")]
pub(crate) struct Stop {
    code: ErrorCode,
    detail: String,
}

impl Stop {
    pub(crate) fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }
}

/// The failure that an error of a guest's call means. Nothing of the host's own inside
/// reaches the text: it goes to the rule's author.
pub(crate) fn of(error: &wasmtime::Error) -> Failure {
    if let Some(stop) = error.downcast_ref::<Stop>() {
        return Failure { code: stop.code, detail: stop.detail.clone() };
    }
    if let Some(trap) = error.downcast_ref::<Trap>() {
        let (code, detail) = of_trap(*trap);
        return Failure { code, detail };
    }
    let text = error.root_cause().to_string();
    let (code, detail) = if error.chain().any(|cause| cause.is::<std::str::Utf8Error>()) {
        (ErrorCode::BadUtf8, "it sent text that is not UTF-8".into())
    } else if text.contains("hostcalls has been exhausted") {
        (ErrorCode::Output, "it handed more to the host in one call than is granted".into())
    } else {
        (ErrorCode::Trap, text)
    };
    Failure { code, detail }
}

/// What is said where the host itself failed: its own log has the rest.
pub(crate) fn of_host() -> Failure {
    let detail = "the host failed while it answered: a defect of Rota, not of this rule; the server's log says where";
    Failure { code: ErrorCode::Trap, detail: detail.into() }
}

/// The same failure as one plain line of bounded length.
pub(crate) fn readable(failure: &Failure) -> Failure {
    let mut detail = plain(&failure.detail);
    if detail.len() > DETAIL_MAX {
        detail.truncate(detail.floor_char_boundary(DETAIL_MAX));
        detail.push('…');
    }
    Failure { code: failure.code, detail }
}

fn of_trap(trap: Trap) -> (ErrorCode, String) {
    match trap {
        Trap::OutOfFuel => (ErrorCode::Fuel, "it used up its fuel: look for a loop that does not end".into()),
        Trap::Interrupt => (ErrorCode::Wall, "it used up its processor time".into()),
        Trap::StackOverflow => (ErrorCode::Stack, "it called itself too deeply".into()),
        Trap::UnreachableCodeReached => {
            (ErrorCode::Trap, "it stopped itself (a panic, or an unreachable instruction)".into())
        }
        other => (ErrorCode::Trap, other.to_string()),
    }
}
