//! From what a guest returned to what the host accepts: every number and every name is
//! checked, and nothing is believed.

use rota_domain::rule::{Call, Choice, Decided, ErrorCode, Failure, Reason, Verdict};

use super::lead::instant;
use super::rule::{Call as GuestCall, Decision, SettingsProblem};
use super::types;
use crate::failure::undeclared;
use crate::session::Session;
use crate::words::plain;

/// The circumstances, as guests see them.
pub(crate) fn call(call: &Call) -> GuestCall {
    GuestCall {
        now: instant(call.now),
        seed: call.seed,
        trigger: call.trigger.clone(),
        attempt: call.attempt,
        mode: call.mode.code().into(),
    }
}

/// The verdict that the host accepts.
pub(crate) fn accept(session: &mut Session, returned: Result<Decision, SettingsProblem>) -> Verdict {
    match checked(session, returned) {
        Ok(verdict) => verdict,
        Err(failure) => Verdict::Failed(failure),
    }
}

fn checked(session: &mut Session, returned: Result<Decision, SettingsProblem>) -> Result<Verdict, Failure> {
    let decision = returned.map_err(|problem| {
        let place =
            if problem.path.is_empty() { "settings".into() } else { format!("settings{}", plain(&problem.path)) };
        fail(ErrorCode::Settings, format!("{place}: {}", plain(&problem.message)))
    })?;
    if let Some(broken) = undeclared(session) {
        return Err(broken);
    }
    let (choice, reason) = match decision {
        Decision::Assign(assignment) => (assign(session, assignment.rep)?, assignment.reason),
        Decision::Queue(place) => (Choice::Queue(name(&place.name)?), place.reason),
        Decision::Nurture(place) => (Choice::Nurture(name(&place.name)?), place.reason),
        Decision::Reject(reason) => (Choice::Reject, reason),
        Decision::PassOn(reason) => return Ok(Verdict::Passed(spoken(session, &reason)?)),
        Decision::Offer(_) => {
            let detail = "it offered the lead, which this release of Rota does not do yet: assign it, or queue it";
            return Err(fail(ErrorCode::BadDecision, detail));
        }
    };
    let reason = spoken(session, &reason)?;
    let turn = match &choice {
        Choice::Assign(rep) => {
            session.turns.iter().rposition(|turn| turn.rep == *rep).map(|n| session.turns.swap_remove(n))
        }
        _ => None,
    };
    Ok(Verdict::Decided(Box::new(Decided {
        choice,
        reason,
        turn,
        wishes: std::mem::take(&mut session.wishes),
        response_due: session.response_due,
        counters: std::mem::take(&mut session.counters).into_iter().collect(),
    })))
}

fn assign(session: &Session, number: u32) -> Result<Choice, Failure> {
    let rep = session
        .rep(number)
        .map_err(|_| fail(ErrorCode::BadRep, format!("it assigned the lead to rep {number}, whom it was not shown")))?;
    if !session.question.desk.is_active(&rep.id) {
        let detail = format!("it assigned the lead to `{}`, who is not active", rep.id);
        return Err(fail(ErrorCode::BadRep, detail));
    }
    Ok(Choice::Assign(rep.id.clone()))
}

fn name(name: &str) -> Result<String, Failure> {
    let name = plain(name.trim());
    if name.is_empty() || name.len() > 128 {
        let detail = format!("`{name}` is no name for a queue or a nurture programme: use 1 to 128 characters");
        return Err(fail(ErrorCode::BadDecision, detail));
    }
    Ok(name)
}

fn spoken(session: &Session, reason: &types::Reason) -> Result<Reason, Failure> {
    let size = session.wish_bytes + reason.code.len() + reason.detail.len();
    if size > session.limits.decision {
        let detail = format!("its decision with its effects has {size} bytes; {} are granted", session.limits.decision);
        return Err(fail(ErrorCode::Output, detail));
    }
    Ok(Reason::new(plain(&reason.code), plain(&reason.detail)))
}

fn fail(code: ErrorCode, detail: impl Into<String>) -> Failure {
    Failure { code, detail: detail.into() }
}
