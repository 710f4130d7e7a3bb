//! Faults that a test asks for: which requests and which webhooks they strike. What a struck
//! request gets is `front`; what a struck webhook gets is `webhooks`.

use std::sync::{Arc, Mutex};

use axum::http::{Method, StatusCode};
use serde::{Deserialize, Serialize};

use crate::chance::Chance;
use crate::clock::Clock;
use crate::lock::lock;

/// A fault, as `POST /_sandbox/faults` takes it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    /// What happens.
    kind: FaultKind,
    /// For `status`: the code to answer with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    /// For `latency`: how long an answer waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    latency_ms: Option<u64>,
    /// For `rate_limit`: which of the two bodies that were seen; left out: the one with a policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body: Option<LimitBody>,
    /// For `status` and `rate_limit`: seconds in a `Retry-After`; left out: no such header, as
    /// the CRM sends none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retry_after_s: Option<u32>,
    /// How likely it strikes, from 0 to 1; left out: always.
    #[serde(default = "Fault::always")]
    probability: f64,
    /// How often it strikes at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
    /// For how long it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    for_ms: Option<u64>,
    /// Only requests whose path starts so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    /// Only requests of this method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    method: Option<String>,
}

/// What a fault does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FaultKind {
    /// Answers with `status`; the request is not carried out.
    Status,
    /// Answers 429; the request is not carried out.
    RateLimit,
    /// Answers late by `latency_ms`.
    Latency,
    /// Never answers; the request is not carried out.
    Hang,
    /// Closes the connection; the request is not carried out.
    DropBefore,
    /// Carries the request out and closes the connection without an answer.
    DropAfter,
    /// Refuses a batch write whole, with 400.
    Partial,
    /// Sends an event once more.
    WebhookDuplicate,
    /// Sends an event later than those after it.
    WebhookDisorder,
    /// Counts a delivery as failed although it was answered with 2xx, so it comes again.
    WebhookLostAck,
}

/// The two forms of a 429.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LimitBody {
    /// With `errorType` and `policyName`.
    #[default]
    Policy,
    /// With `category` alone.
    Category,
}

/// What struck a request.
#[derive(Debug, Default)]
pub(crate) struct Strike {
    pub(crate) latency_ms: u64,
    pub(crate) outcome: Option<Outcome>,
}

/// What a struck request gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Status { status: StatusCode, retry_after_s: Option<u32> },
    RateLimit { body: LimitBody, retry_after_s: Option<u32> },
    Hang,
    DropBefore,
    DropAfter,
    Partial,
}

/// The faults in force.
pub(crate) struct Faults {
    active: Mutex<Vec<Active>>,
    clock: Arc<Clock>,
    chance: Arc<Chance>,
}

struct Active {
    fault: Fault,
    set_at_ms: i64,
}

impl Faults {
    pub(crate) fn new(clock: Arc<Clock>, chance: Arc<Chance>) -> Self {
        Self { active: Mutex::default(), clock, chance }
    }

    /// Puts these in the place of all others; says which is wrong, and how, where one is.
    pub(crate) fn replace(&self, faults: Vec<Fault>) -> Result<(), String> {
        for (at, fault) in faults.iter().enumerate() {
            fault.check().map_err(|wrong| format!("fault {at}: {wrong}"))?;
        }
        let set_at_ms = self.clock.now_ms();
        *lock(&self.active) = faults.into_iter().map(|fault| Active { fault, set_at_ms }).collect();
        Ok(())
    }

    /// Those still in force, with the counts that are left.
    pub(crate) fn list(&self) -> Vec<Fault> {
        let now_ms = self.clock.now_ms();
        lock(&self.active).iter().filter(|active| active.live(now_ms)).map(|active| active.fault.clone()).collect()
    }

    /// What strikes a request: all latencies, and the first other fault.
    pub(crate) fn request(&self, method: &Method, path: &str) -> Strike {
        let now_ms = self.clock.now_ms();
        let mut strike = Strike::default();
        for active in lock(&self.active).iter_mut() {
            let Some(outcome) = active.fault.on_request(method, path) else {
                continue;
            };
            let spoken_for = strike.outcome.is_some() && outcome != Effect::Latency;
            if spoken_for || !active.strikes(now_ms, &self.chance) {
                continue;
            }
            match outcome {
                Effect::Latency => strike.latency_ms += active.fault.latency_ms.unwrap_or(0),
                Effect::Ends(outcome) => strike.outcome = Some(outcome),
            }
        }
        strike
    }

    /// Whether a webhook fault of this kind strikes now.
    pub(crate) fn webhook(&self, kind: FaultKind) -> bool {
        let now_ms = self.clock.now_ms();
        lock(&self.active).iter_mut().any(|active| active.fault.kind == kind && active.strikes(now_ms, &self.chance))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    Latency,
    Ends(Outcome),
}

impl Active {
    fn live(&self, now_ms: i64) -> bool {
        let until = |ms: u64| self.set_at_ms.saturating_add(i64::try_from(ms).unwrap_or(i64::MAX));
        self.fault.count != Some(0) && self.fault.for_ms.is_none_or(|ms| now_ms < until(ms))
    }

    fn strikes(&mut self, now_ms: i64, chance: &Chance) -> bool {
        let strikes = self.live(now_ms) && chance.strikes(self.fault.probability);
        if let Some(count) = self.fault.count.as_mut().filter(|_| strikes) {
            *count -= 1;
        }
        strikes
    }
}

impl Fault {
    fn always() -> f64 {
        1.0
    }

    fn check(&self) -> Result<(), String> {
        let Self { kind, status, latency_ms, probability, .. } = self;
        let webhook =
            matches!(kind, FaultKind::WebhookDuplicate | FaultKind::WebhookDisorder | FaultKind::WebhookLostAck);
        if !(0.0..=1.0).contains(probability) {
            return Err(format!("`probability` is {probability}; give a number from 0 to 1"));
        }
        if (*kind == FaultKind::Status) != status.is_some() {
            return Err("`status` belongs to kind `status`, which needs it; add or drop it".to_owned());
        }
        if status.is_some_and(|status| !(300..=599).contains(&status)) {
            return Err("`status` is no error; give a code from 300 to 599".to_owned());
        }
        if (*kind == FaultKind::Latency) != latency_ms.is_some() {
            return Err("`latency_ms` belongs to kind `latency`, which needs it; add or drop it".to_owned());
        }
        if self.body.is_some() && *kind != FaultKind::RateLimit {
            return Err("`body` belongs to kind `rate_limit`; drop it".to_owned());
        }
        if self.retry_after_s.is_some() && !matches!(kind, FaultKind::RateLimit | FaultKind::Status) {
            return Err("`retry_after_s` belongs to kinds `status` and `rate_limit`; drop it".to_owned());
        }
        if webhook && (self.path.is_some() || self.method.is_some()) {
            return Err("`path` and `method` are of requests, this kind is of webhooks; drop them".to_owned());
        }
        Ok(())
    }

    fn on_request(&self, method: &Method, path: &str) -> Option<Effect> {
        let Self { retry_after_s, .. } = *self;
        let wanted_path = self.path.as_deref().is_none_or(|prefix| path.starts_with(prefix));
        let wanted_method = self.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method.as_str()));
        if !(wanted_path && wanted_method) {
            return None;
        }
        let ends = match self.kind {
            FaultKind::Latency => return Some(Effect::Latency),
            FaultKind::Status => {
                let status = StatusCode::from_u16(self.status?).ok()?;
                Outcome::Status { status, retry_after_s }
            }
            FaultKind::RateLimit => Outcome::RateLimit { body: self.body.unwrap_or_default(), retry_after_s },
            FaultKind::Hang => Outcome::Hang,
            FaultKind::DropBefore => Outcome::DropBefore,
            FaultKind::DropAfter => Outcome::DropAfter,
            FaultKind::Partial if ["/batch/create", "/batch/update"].iter().any(|end| path.ends_with(end)) => {
                Outcome::Partial
            }
            FaultKind::Partial
            | FaultKind::WebhookDuplicate
            | FaultKind::WebhookDisorder
            | FaultKind::WebhookLostAck => return None,
        };
        Some(Effect::Ends(ends))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(json: serde_json::Value) -> Faults {
        let faults = Faults::new(Arc::new(Clock::new()), Arc::new(Chance::new(1)));
        faults.replace(serde_json::from_value(json).expect("faults")).expect("sound faults");
        faults
    }

    #[test]
    fn a_counted_fault_strikes_so_often_and_no_more() {
        let faults = faults(serde_json::json!([{"kind": "drop_before", "count": 2}]));
        let struck = (0..5).filter(|_| faults.request(&Method::GET, "/crm").outcome.is_some()).count();
        assert_eq!(struck, 2);
        assert!(faults.list().is_empty());
    }

    #[test]
    fn a_fault_ends_when_the_clock_passes_its_time() {
        let faults = faults(serde_json::json!([{"kind": "hang", "for_ms": 60_000}]));
        assert_eq!(faults.request(&Method::GET, "/crm").outcome, Some(Outcome::Hang));
        assert!(faults.clock.advance(60_000));
        assert_eq!(faults.request(&Method::GET, "/crm").outcome, None);
    }

    #[test]
    fn path_and_method_narrow_a_fault() {
        let faults = faults(serde_json::json!([{"kind": "hang", "path": "/crm/v3/owners", "method": "get"}]));
        assert_eq!(faults.request(&Method::POST, "/crm/v3/owners").outcome, None);
        assert_eq!(faults.request(&Method::GET, "/crm/v3/objects").outcome, None);
        assert_eq!(faults.request(&Method::GET, "/crm/v3/owners/7").outcome, Some(Outcome::Hang));
    }

    #[test]
    fn latency_adds_to_another_fault() {
        let faults = faults(serde_json::json!([{"kind": "drop_after"}, {"kind": "latency", "latency_ms": 30}]));
        let strike = faults.request(&Method::GET, "/crm");
        assert_eq!((strike.latency_ms, strike.outcome), (30, Some(Outcome::DropAfter)));
    }

    #[test]
    fn a_status_fault_without_a_status_is_refused() {
        let fault: Fault = serde_json::from_value(serde_json::json!({"kind": "status"})).expect("a fault");
        let refused = Faults::new(Arc::new(Clock::new()), Arc::new(Chance::new(1))).replace(vec![fault]);
        assert!(refused.expect_err("no status").starts_with("fault 0: `status`"));
    }
}
