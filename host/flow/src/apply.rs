//! Out: what the CRM said of an effect becomes what happens to it next. A pure function of
//! the claim, the result, the time and a draw of chance.

use jiff::Timestamp;
use rota_domain::delivery::{Backoff, Next, Trouble};
use rota_domain::effect::Act;

use crate::decide::{DELIVERY_FAILED, OWNER_ATTEMPTS};
use crate::ports::{Arrival, Claim, CrmError, Delivered, Payload, Settle, Settlement};

/// What becomes of a claimed effect, and until when its connection pauses.
#[must_use]
pub fn settle(
    claim: Claim,
    result: Result<Delivered, CrmError>,
    backoff: &Backoff,
    now: Timestamp,
    jitter: f64,
) -> (Settlement, Option<Timestamp>) {
    let (settle, pause) = match result {
        Ok(Delivered::Done) => (Settle::Done, None),
        Ok(Delivered::OwnedBy(owner)) => {
            (Settle::Superseded(format!("the CRM's owner {owner} took the record first, and keeps it")), None)
        }
        Err(error) => after(&claim, error, backoff, now, jitter),
    };
    (Settlement { claim, settle, at: now }, pause)
}

fn after(
    claim: &Claim,
    error: CrmError,
    backoff: &Backoff,
    now: Timestamp,
    jitter: f64,
) -> (Settle, Option<Timestamp>) {
    match backoff.next(claim.attempt, &error.trouble, now, jitter) {
        Next::RetryAt(at) => (Settle::Retry { at, counts: true, cause: error.detail }, None),
        Next::PauseUntil(at) => (Settle::Retry { at, counts: false, cause: error.detail }, Some(at)),
        Next::Dead => {
            let again = again(claim, &error.trouble, now);
            (Settle::Dead { trouble: error.trouble, cause: error.detail, again }, None)
        }
    }
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
