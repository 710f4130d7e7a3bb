//! Out: what the CRM said of an effect becomes what happens to it next. A pure function of
//! the claim, the result, the time and a draw of chance.

use jiff::Timestamp;
use rota_domain::circuit::{Heard, Standing};
use rota_domain::delivery::{Backoff, Next, Trouble};
use rota_domain::effect::Act;

use crate::decide::{DELIVERY_FAILED, OWNER_ATTEMPTS};
use crate::ports::{Arrival, Claim, CrmError, Delivered, Payload, Settle, Settlement};

/// When something is settled, and after what.
#[derive(Clone, Debug)]
pub struct Round<'a> {
    /// When effects are tried again.
    pub backoff: &'a Backoff,
    /// The time.
    pub now: Timestamp,
    /// A draw from 0 to 1.
    pub jitter: f64,
    /// Whether this was a probe of a connection that did not answer before.
    pub probed: bool,
    /// How the connection stands after it.
    pub standing: Standing,
}

/// What becomes of a claimed effect.
#[must_use]
pub fn settle(claim: Claim, result: Result<Delivered, CrmError>, round: &Round<'_>) -> Settlement {
    let settle = match result {
        Ok(Delivered::Done) => Settle::Done,
        Ok(Delivered::OwnedBy(owner)) => {
            Settle::Superseded(format!("the CRM's owner {owner} took the record first, and keeps it"))
        }
        Err(error) => after(&claim, error, round),
    };
    Settlement { claim, settle, at: round.now }
}

fn after(claim: &Claim, error: CrmError, round: &Round<'_>) -> Settle {
    let Round { backoff, now, jitter, .. } = *round;
    let CrmError { trouble, detail: cause } = error;
    if let (true, Standing::Open(at), true) = (round.probed, round.standing, trouble.is_silence()) {
        // The connection is at fault, and an outage of any length must kill nothing. What may
        // have come through counts once, since it has to be looked for from then on.
        let counts = claim.attempt == 1 && trouble == Trouble::Unknown;
        return Settle::Retry { at, counts, trouble: Some(trouble), cause };
    }
    match backoff.next(claim.attempt, &trouble, now, jitter) {
        Next::RetryAt(at) => Settle::Retry { at, counts: true, trouble: Some(trouble), cause },
        Next::PauseUntil(at) => Settle::Retry { at, counts: false, trouble: Some(trouble), cause },
        Next::Dead => {
            let again = again(claim, &trouble, now);
            Settle::Dead { trouble, cause, again }
        }
    }
}

/// What the results of a round say of their connection.
pub fn heard<'r>(
    results: impl Iterator<Item = &'r Result<Delivered, CrmError>>,
    backoff: &Backoff,
    now: Timestamp,
    jitter: f64,
) -> Vec<Heard> {
    let (mut answered, mut silent, mut stopped) = (false, None, Vec::new());
    for result in results {
        let Err(error) = result else {
            answered = true;
            continue;
        };
        let cause = || error.detail.clone();
        match (backoff.next(1, &error.trouble, now, jitter), &error.trouble) {
            (Next::PauseUntil(until), Trouble::Unauthorized) => stopped.push(Heard::Refusal { until, cause: cause() }),
            (Next::PauseUntil(until), _) => stopped.push(Heard::Limit { until, cause: cause() }),
            (_, trouble) if trouble.is_silence() => {
                let (effects, last) = silent.get_or_insert((0_u32, String::new()));
                *effects += 1;
                *last = cause();
            }
            _ => answered = true,
        }
    }
    // Where some were answered, those that were not are no fault of the connection; and where
    // none was, a pace that left no room may only follow from the waiting.
    match (answered, silent) {
        (true, _) => std::iter::once(Heard::Answer).chain(longest(stopped)).collect(),
        (false, Some((effects, cause))) => vec![Heard::Silence { effects, cause }],
        (false, None) => longest(stopped).into_iter().collect(),
    }
}

/// The stop that lasts longest; refused credentials before limits.
fn longest(stopped: Vec<Heard>) -> Option<Heard> {
    stopped.into_iter().max_by_key(|heard| match heard {
        Heard::Refusal { until, .. } => (1, *until),
        Heard::Limit { until, .. } => (0, *until),
        Heard::Answer | Heard::Silence { .. } => (0, Timestamp::MIN),
    })
}

/// A lead whose owner cannot be written is decided about again: another rep may do. Where
/// nobody will do, or after the last attempt, that decision is the flow's fallback. Not so
/// when the record itself is gone.
fn again(claim: &Claim, trouble: &Trouble, now: Timestamp) -> Option<Arrival> {
    let Act::Owner { attempt, .. } = &claim.effect.act else {
        return None;
    };
    let next = if *trouble == Trouble::Forbidden { OWNER_ATTEMPTS + 1 } else { attempt + 1 };
    if *trouble == Trouble::NotFound || *attempt > OWNER_ATTEMPTS {
        return None;
    }
    Some(Arrival {
        dedupe_key: format!("{DELIVERY_FAILED}:{}", claim.effect.id),
        occurred: now,
        payload: Payload::Record {
            connection: claim.effect.connection.clone(),
            object: claim.effect.object.clone(),
            id: claim.effect.record.clone(),
            trigger: DELIVERY_FAILED.into(),
            attempt: next,
        },
    })
}
