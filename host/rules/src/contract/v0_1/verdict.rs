//! From what a guest returned to what the host accepts: every number and every name is
//! checked, and nothing is believed.

use rota_domain::agenda::OfferOrder;
use rota_domain::rule::{Call, Choice, Decided, ErrorCode, Failure, OfferTo, Reason, Verdict};

use super::lead::instant;
use super::rule::{Call as GuestCall, Decision, Offer, OfferOrder as GuestOrder, SettingsProblem};
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
        Decision::Offer(offer) => (offered(session, &offer)?, offer.reason),
    };
    let reason = spoken(session, &reason)?;
    // Who is asked first has had the turn, whatever they say.
    let named = match &choice {
        Choice::Assign(rep) => Some(rep),
        Choice::Offer(to) => to.reps.first(),
        _ => None,
    };
    let turn = named.and_then(|rep| session.turns.iter().rposition(|turn| turn.rep == *rep));
    let turn = turn.map(|n| session.turns.swap_remove(n));
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

/// The most reps that one offer asks, and the longest that they are given, in seconds.
const OFFERED_MAX: usize = 50;
const WITHIN_MAX: u32 = 7 * 24 * 3600;

fn offered(session: &Session, offer: &Offer) -> Result<Choice, Failure> {
    let wrong = |detail: String| fail(ErrorCode::BadDecision, detail);
    if offer.reps.is_empty() || offer.reps.len() > OFFERED_MAX {
        return Err(wrong(format!("it offered the lead to {} reps: name 1 to {OFFERED_MAX}", offer.reps.len())));
    }
    if offer.answer_within == 0 || offer.answer_within > WITHIN_MAX || offer.stagger > WITHIN_MAX {
        let detail = format!(
            "it gave {} seconds to answer and {} between two reps: a rep has 1 to {WITHIN_MAX}, which is a week",
            offer.answer_within, offer.stagger
        );
        return Err(wrong(detail));
    }
    let mut reps = Vec::with_capacity(offer.reps.len());
    for number in &offer.reps {
        let Choice::Assign(rep) = assign(session, *number)? else { continue };
        if reps.contains(&rep) {
            return Err(wrong(format!("it offered the lead to `{rep}` twice")));
        }
        reps.push(rep);
    }
    let order = match offer.order {
        GuestOrder::InTurn => OfferOrder::InTurn,
        GuestOrder::AtOnce => OfferOrder::AtOnce,
    };
    let otherwise = name(&offer.otherwise)?;
    Ok(Choice::Offer(OfferTo { reps, order, within: offer.answer_within, stagger: offer.stagger, otherwise }))
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
