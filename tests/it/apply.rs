//! What the CRM said of an effect, and what becomes of it.

use jiff::Timestamp;
use rota_domain::delivery::{Backoff, Trouble};
use rota_domain::effect::{Act, Effect};
use rota_flow::apply::settle;
use rota_flow::decide::OWNER_ATTEMPTS;
use rota_flow::ports::{Arrival, Claim, CrmError, Delivered, Payload, Settle};

fn claim(act: Act) -> Claim {
    let effect =
        Effect { id: "d1/1".into(), connection: "hs".into(), object: "contact".into(), record: "101".into(), act };
    Claim { tenant: "acme".into(), lane: effect.lane(), fence: 1, attempt: 1, effect }
}

fn owner(attempt: u32) -> Claim {
    claim(Act::Owner { rep: "ana".into(), owner: "71".into(), keep: true, attempt })
}

fn after(claim: Claim, trouble: Trouble) -> (Settle, Option<Timestamp>) {
    let error = CrmError { trouble, detail: "no".into() };
    let (settlement, pause) = settle(claim, Err(error), &Backoff::default(), Timestamp::UNIX_EPOCH, 0.5);
    (settlement.settle, pause)
}

fn arrival(settle: Settle) -> Option<Arrival> {
    match settle {
        Settle::Dead { again, .. } => again,
        other => panic!("not dead: {other:?}"),
    }
}

fn attempt_of(arrival: &Arrival) -> u32 {
    match arrival.payload {
        Payload::Record { attempt, .. } => attempt,
        Payload::Lead { .. } | Payload::Erasure { .. } => 0,
    }
}

#[test]
fn an_owner_that_the_crm_refuses_lets_the_lead_be_decided_about_again() {
    let (settle, pause) = after(owner(1), Trouble::Rejected);
    let again = arrival(settle).expect("it arrives again");
    assert_eq!((attempt_of(&again), again.dedupe_key.as_str(), pause), (2, "delivery-failed:d1/1", None));
}

#[test]
fn after_the_last_attempt_the_lead_arrives_once_more_for_its_fallback() {
    let again = arrival(after(owner(OWNER_ATTEMPTS), Trouble::Rejected).0).expect("it arrives again");
    assert_eq!(attempt_of(&again), OWNER_ATTEMPTS + 1);
    assert_eq!(arrival(after(owner(OWNER_ATTEMPTS + 1), Trouble::Rejected).0), None, "and never after that");
}

#[test]
fn where_the_credentials_reach_no_owner_the_fallback_takes_the_lead_at_once() {
    let again = arrival(after(owner(1), Trouble::Forbidden).0).expect("it arrives again");
    assert_eq!(attempt_of(&again), OWNER_ATTEMPTS + 1);
}

#[test]
fn a_record_that_is_gone_is_not_decided_about_again() {
    assert_eq!(arrival(after(owner(1), Trouble::NotFound).0), None);
}

#[test]
fn a_task_that_is_refused_changes_no_owner() {
    let task = Act::Task { subject: "Call".into(), body: String::new(), due: Timestamp::UNIX_EPOCH, owner: None };
    assert_eq!(arrival(after(claim(task), Trouble::Rejected).0), None);
}

#[test]
fn a_limit_pauses_the_connection_and_counts_as_no_attempt() {
    let (settle, pause) = after(owner(1), Trouble::RateLimited { retry_after_ms: Some(1_000) });
    let at = Timestamp::from_second(1).expect("a time");
    assert_eq!(pause, Some(at));
    assert_eq!(settle, Settle::Retry { at, counts: false, cause: "no".into() });
}

#[test]
fn a_record_that_somebody_took_meanwhile_is_left_to_them() {
    let taken = Ok(Delivered::OwnedBy("99".into()));
    let (settlement, _) = settle(owner(1), taken, &Backoff::default(), Timestamp::UNIX_EPOCH, 0.5);
    assert!(matches!(settlement.settle, Settle::Superseded(cause) if cause.contains("99")));
}
