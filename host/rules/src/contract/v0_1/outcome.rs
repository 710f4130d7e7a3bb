//! The interfaces `effects`, `explain` and `log`: what shall happen besides the decision,
//! and what people shall read. All of it is buffered.

use jiff::Timestamp;
use rota_domain::rule::{ErrorCode, Note, Wish};

use super::types::Refusal;
use super::{effects, explain, log};
use crate::failure::Stop;
use crate::session::Session;
use crate::words::{cut as shortened, plain};

/// Bytes of a panic's message that reach the author, beside the functions it happened in.
const PANIC_MAX: usize = 500;

impl effects::Host for Session {
    fn set_property(&mut self, name: String, value: String) -> wasmtime::Result<Result<(), Refusal>> {
        self.step("effects.set-property", (&name, &value), |session| {
            if !session.manifest.writes.contains_key(&name) {
                session.undeclared_write.get_or_insert_with(|| name.clone());
                return Ok(Err(Refusal::Undeclared));
            }
            session.wish(Wish::Property { name: name.clone(), value: value.clone() }, name.len() + value.len()).map(Ok)
        })
    }

    fn task(&mut self, subject: String, body: String, due: Option<f64>) -> wasmtime::Result<Result<(), Refusal>> {
        self.step("effects.task", (&subject, &body, due), |session| {
            let due = due.map(instant).transpose()?;
            let size = subject.len() + body.len();
            session.wish(Wish::Task { subject: plain(&subject), body: body.clone(), due }, size).map(Ok)
        })
    }

    fn note(&mut self, body: String) -> wasmtime::Result<Result<(), Refusal>> {
        self.step("effects.note", (&body,), |session| {
            session.wish(Wish::Note { body: body.clone() }, body.len()).map(Ok)
        })
    }

    fn notify(&mut self, destination: String, message: String) -> wasmtime::Result<Result<(), Refusal>> {
        self.step("effects.notify", (&destination, &message), |session| {
            // A name of the workspace, and never an address.
            if session.question.desk.workspace.destination(&destination).is_none() {
                return Ok(Err(Refusal::Unknown));
            }
            let size = destination.len() + message.len();
            let wish = Wish::Notify { destination: destination.clone(), message: message.clone() };
            session.wish(wish, size).map(Ok)
        })
    }

    fn response_target(&mut self, minutes: u32, calendar: Option<String>) -> wasmtime::Result<Result<(), Refusal>> {
        self.step("effects.response-target", (minutes, &calendar), |session| {
            let now = session.question.call.now;
            if let Some(calendar) = &calendar {
                let due = session.open_time(calendar, now, minutes)?;
                return Ok(due.map(|due| session.response_due = Some(due)));
            }
            session.response_due = now.checked_add(jiff::SignedDuration::from_mins(i64::from(minutes))).ok();
            Ok(Ok(()))
        })
    }
}

impl explain::Host for Session {
    fn note(&mut self, branch: String, detail: String) -> wasmtime::Result<()> {
        let size = branch.len() + detail.len();
        let room = self.limits.note_bytes.saturating_sub(self.note_bytes);
        if self.notes.len() >= self.limits.notes || size > room {
            return self.keep("explain.note", cut(size), |session| {
                session.explain_truncated = true;
                session.carry(size)
            });
        }
        self.keep("explain.note", (&branch, &detail), |session| {
            session.note_bytes += size;
            session.notes.push(Note { branch: plain(&branch), detail: plain(&detail) });
            Ok(())
        })
    }
}

impl log::Host for Session {
    fn line(&mut self, level: log::Level, message: String) -> wasmtime::Result<()> {
        if matches!(level, log::Level::Error) && message.starts_with("panicked at ") {
            self.panic = Some(shortened(&message, PANIC_MAX));
        }
        let room = self.limits.log_bytes.saturating_sub(self.log_bytes);
        // Room for the level, too.
        if self.log.len() >= self.limits.log_lines || message.len() + 16 > room {
            return self.keep("log.line", cut(message.len()), |session| {
                session.log_truncated = true;
                session.carry(message.len())
            });
        }
        self.keep("log.line", (level, &message), |session| {
            let line = format!(
                "{}: {}",
                format!("{level:?}").rsplit("::").next().unwrap_or("").to_lowercase(),
                plain(&message)
            );
            session.log_bytes += line.len();
            session.log.push(line);
            Ok(())
        })
    }
}

/// The arguments of a call whose text is not kept, as the transcript has them: a flood is
/// cut there, too, and is told from another flood by its length.
fn cut(bytes: usize) -> (usize,) {
    (bytes,)
}

/// An instant that a guest gave.
#[expect(clippy::cast_possible_truncation, reason = "checked to be a whole number in range")]
pub(super) fn instant(millis: f64) -> wasmtime::Result<Timestamp> {
    let whole = millis.is_finite() && millis.fract() == 0.0 && millis.abs() < 9e15;
    let at = if whole { Timestamp::from_millisecond(millis as i64).ok() } else { None };
    at.ok_or_else(|| {
        let detail = format!("{millis} is no instant: give whole milliseconds since 1970");
        Stop::new(ErrorCode::BadDecision, detail).into()
    })
}
