//! What ended a guest, as one of the codes that people and scripts know.

use rota_domain::rule::{ErrorCode, Failure};
use wasmtime::Trap;

use crate::session::Session;
use crate::trace;
use crate::words::{cut, plain};

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
pub(crate) fn of(error: &wasmtime::Error, session: &Session) -> Failure {
    let mut failure = cause(error);
    if failure.code == ErrorCode::Trap
        && let Some(panic) = &session.panic
    {
        failure.detail = format!("it {panic}");
    }
    if matches!(failure.code, ErrorCode::Trap | ErrorCode::Stack | ErrorCode::Fuel)
        && let Some(frames) = trace::of(error)
    {
        failure.detail = format!("{}, in {frames}", failure.detail);
    }
    failure
}

/// The failure that counts: what a guest read or wrote without having declared it comes before
/// what ended it, which may well follow from that.
pub(crate) fn first(session: &Session, failure: Failure) -> Failure {
    match undeclared(session) {
        // How far a guest came before the backstop differs from run to run: that shows.
        Some(broken) if failure.code != ErrorCode::Wall => {
            Failure { code: broken.code, detail: format!("{}; then {}", broken.detail, failure.detail) }
        }
        _ => failure,
    }
}

pub(crate) fn cause(error: &wasmtime::Error) -> Failure {
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
    // The engine's error has no public type; a test notices when its words change.
    } else if text.contains("hostcalls has been exhausted") {
        (ErrorCode::Output, "it handed more to the host in one call than is granted".into())
    } else {
        (ErrorCode::Trap, text)
    };
    Failure { code, detail }
}

/// What a guest read or wrote without having declared it, if anything.
pub(crate) fn undeclared(session: &Session) -> Option<Failure> {
    if let Some(property) = &session.undeclared_read {
        let detail = format!("it read {property}");
        return Some(Failure { code: ErrorCode::UndeclaredRead, detail });
    }
    let property = session.undeclared_write.as_ref()?;
    let detail = format!("it wrote `{property}`, which its manifest does not declare: add it under [writes]");
    Some(Failure { code: ErrorCode::UndeclaredWrite, detail })
}

/// What is said where the host itself failed: its own log has the rest. There is no code of
/// its own for that; the words are what tells it from a rule's trap.
pub(crate) fn of_host() -> Failure {
    let detail = "the host failed while it answered: a defect of Rota, not of this rule; the server's log says where";
    Failure { code: ErrorCode::Trap, detail: detail.into() }
}

/// The same failure as one plain line of bounded length.
pub(crate) fn readable(failure: &Failure) -> Failure {
    Failure { code: failure.code, detail: cut(&plain(&failure.detail), DETAIL_MAX) }
}

fn of_trap(trap: Trap) -> (ErrorCode, String) {
    match trap {
        Trap::OutOfFuel => (ErrorCode::Fuel, "it used up its fuel: look for a loop that does not end".into()),
        Trap::Interrupt => (ErrorCode::Wall, "it used up its processor time".into()),
        Trap::StackOverflow => (ErrorCode::Stack, "it called itself too deeply".into()),
        Trap::UnreachableCodeReached => (ErrorCode::Trap, "it stopped itself".into()),
        other => (ErrorCode::Trap, other.to_string()),
    }
}
