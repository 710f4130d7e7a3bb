//! What the CRM said of an effect, and what becomes of it.

use jiff::Timestamp;
use rota_domain::circuit::{Heard, Standing};
use rota_domain::delivery::{Backoff, Trouble};
use rota_domain::effect::{Act, Effect, Urgency};
use rota_flow::apply::{Round, heard, settle};
use rota_flow::decide::OWNER_ATTEMPTS;
use rota_flow::ports::{Arrival, Claim, CrmError, Delivered, Payload, Settle, Settlement};

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
    let (now, backoff) = (Timestamp::UNIX_EPOCH, Backoff::default());
    let error = Err(error);
    let pause = heard(std::iter::once(&error), &backoff, now, 0.5).into_iter().find_map(|heard| match heard {
        Heard::Limit { until, .. } | Heard::Refusal { until, .. } => Some(until),
        Heard::Answer | Heard::Silence { .. } => None,
    });
    (settled(claim, error).settle, pause)
}

fn settled(claim: Claim, result: Result<Delivered, CrmError>) -> Settlement {
    let (now, backoff) = (Timestamp::UNIX_EPOCH, Backoff::default());
    settle(claim, result, &Round { backoff: &backoff, now, jitter: 0.5, probed: false, standing: Standing::Closed })
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
        _ => 0,
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
    let task = Act::Task {
        subject: "Call".into(),
        body: String::new(),
        due: Timestamp::UNIX_EPOCH,
        owner: None,
        urgency: Urgency::Usual,
    };
    assert_eq!(arrival(after(claim(task), Trouble::Rejected).0), None);
}

#[test]
fn a_limit_pauses_the_connection_and_counts_as_no_attempt() {
    let limited = Trouble::RateLimited { retry_after_ms: Some(1_000) };
    let (settle, pause) = after(owner(1), limited.clone());
    let at = Timestamp::from_second(1).expect("a time");
    assert_eq!(pause, Some(at));
    assert_eq!(settle, Settle::Retry { at, counts: false, trouble: Some(limited), cause: "no".into() });
}

#[test]
fn a_record_that_somebody_took_meanwhile_is_left_to_them() {
    let taken = Ok(Delivered::OwnedBy("99".into()));
    let settlement = settled(owner(1), taken);
    assert!(matches!(settlement.settle, Settle::Superseded(cause) if cause.contains("99")));
}

fn probe(attempt: u32, trouble: Trouble) -> Settle {
    let (now, backoff) = (Timestamp::UNIX_EPOCH, Backoff::default());
    let until = Timestamp::from_second(60).unwrap();
    let round = Round { backoff: &backoff, now, jitter: 0.5, probed: true, standing: Standing::Open(until) };
    let claim = Claim { attempt, ..owner(1) };
    settle(claim, Err(CrmError { trouble, detail: "down".into() }), &round).settle
}

#[test]
fn a_probe_that_fails_costs_its_effect_no_attempt_however_often_it_was_tried() {
    for attempt in [1, 2, 10, 99] {
        match probe(attempt, Trouble::Unavailable) {
            Settle::Retry { at, counts: false, .. } => assert_eq!(at.as_second(), 60),
            other => panic!("{attempt}: {other:?}"),
        }
    }
}

#[test]
fn a_first_probe_that_may_have_come_through_counts_once_so_that_it_is_looked_for() {
    let counts = |attempt| matches!(probe(attempt, Trouble::Unknown), Settle::Retry { counts: true, .. });
    assert!(counts(1));
    assert!(!counts(2));
}

#[test]
fn a_connection_is_silent_only_where_none_of_its_effects_was_answered() {
    let error = |trouble| Err(CrmError { trouble, detail: "no".into() });
    let hear = |results: &[Result<Delivered, CrmError>]| {
        heard(results.iter(), &Backoff::default(), Timestamp::UNIX_EPOCH, 0.5)
    };
    let (down, locked, gone) = (error(Trouble::Unavailable), error(Trouble::Deferred), error(Trouble::NotFound));
    let limited = error(Trouble::RateLimited { retry_after_ms: Some(1_000) });
    assert_eq!(hear(&[down.clone(), Ok(Delivered::Done)]), [Heard::Answer]);
    assert_eq!(hear(&[down.clone(), locked]), [Heard::Answer]);
    assert_eq!(hear(&[gone]), [Heard::Answer]);
    assert_eq!(hear(&[down.clone(), down, limited.clone()]), [Heard::Silence { effects: 2, cause: "no".into() }]);
    assert!(matches!(&hear(&[Ok(Delivered::Done), limited])[..], [Heard::Answer, Heard::Limit { .. }]));
    assert!(matches!(&hear(&[error(Trouble::Unauthorized)])[..], [Heard::Refusal { .. }]));
}
