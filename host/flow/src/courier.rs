//! Carries one connection's effects to its CRM: claim under a lease, call the CRM outside
//! any transaction, settle.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rota_domain::circuit::{Leave, Standing};
use rota_domain::delivery::{Backoff, Trouble};
use rota_domain::id::{ConnectionId, TenantId};
use tokio::sync::{Notify, watch};

use crate::apply::{self, heard, settle};
use crate::journal;
use crate::link::Link;
use crate::ports::{Carrier, Claim, Clock, CrmError, Settle, Settlement, Store, StoreError};

/// How long a claim is ours. Calls to a CRM take at most half of it.
const LEASE: SignedDuration = SignedDuration::from_secs(30);
/// A claim that is older than this before it is acted on is given back: calls that began later
/// might end after the lease, when somebody else does the same.
const STALE: SignedDuration = SignedDuration::from_secs(8);
/// How many records are written in one round.
const BATCH: u32 = 100;
/// How long to wait for a commit before looking anyway.
const POLL: Duration = Duration::from_millis(200);
/// How long to wait after trouble with the store.
const PAUSE: Duration = Duration::from_secs(1);

/// Carries effects to one CRM account, or to one destination of messages.
pub struct Courier {
    /// The tenant.
    pub tenant: TenantId,
    /// The connection.
    pub connection: ConnectionId,
    /// Who is behind it.
    pub carrier: Arc<dyn Carrier>,
    /// Whether it may be used.
    pub link: Arc<Link>,
    /// Durable state.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// When to try again.
    pub backoff: Backoff,
    /// A draw from 0 to 1, so that many lanes do not come back at once.
    pub chance: Arc<dyn Fn() -> f64 + Send + Sync>,
}

impl Courier {
    /// Works until told to stop. `recorded` changes when effects may wait; `inbox` is rung
    /// when a lead has to be decided about again.
    pub async fn run(self, mut recorded: watch::Receiver<()>, inbox: Arc<Notify>, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            let wait = match self.round(&inbox).await {
                Ok(Round::Worked) => continue,
                Ok(Round::Idle) => POLL,
                Ok(Round::PausedUntil(at)) => self.until(at),
                Err(error) => {
                    tracing::warn!(tenant = %self.tenant, %error, "Effects could not be claimed or settled");
                    PAUSE
                }
            };
            tokio::select! {
                // In one order always, so that the same events lead to the same.
                biased;
                Ok(()) = recorded.changed(), if wait == POLL => {}
                () = tokio::time::sleep(wait) => {}
                () = self.link.woken() => {}
                _ = stop.changed() => {}
            }
        }
    }

    /// Carries out what may be sent now, at most one effect a record.
    ///
    /// # Errors
    /// When the store fails; what was claimed is free again after its lease.
    pub async fn round(&self, inbox: &Notify) -> Result<Round, StoreError> {
        let now = self.clock.now();
        let leave = self.link.leave(now).await;
        let limit = match leave {
            Leave::All => BATCH,
            Leave::One => 1,
            Leave::NotBefore(at) => return Ok(Round::PausedUntil(at)),
        };
        let claims = self.store.claim(&self.tenant, &self.connection, now, LEASE, limit).await?;
        if claims.is_empty() {
            return Ok(Round::Idle);
        }
        let claimed = self.clock.now();
        if now.duration_until(claimed) > STALE {
            let unsent = claims.into_iter().map(|claim| unsent(claim, claimed)).collect();
            self.store.settle(unsent).await?;
            return Ok(Round::Worked);
        }
        let settlements = self.carry(claims, leave == Leave::One).await;
        let again = settlements.iter().any(|s| matches!(s.settle, Settle::Dead { again: Some(_), .. }));
        let told = if journal::is_read() || any_dead(&settlements) { settlements.clone() } else { Vec::new() };
        self.store.settle(settlements).await?;
        journal::settled(&told, claimed);
        if again {
            inbox.notify_one();
        }
        Ok(Round::Worked)
    }

    /// Sends what was claimed, and says what becomes of it.
    async fn carry(&self, claims: Vec<Claim>, probed: bool) -> Vec<Settlement> {
        let effects: Vec<_> = claims.iter().map(|claim| (claim.effect.clone(), claim.attempt)).collect();
        let mut results: HashMap<_, _> = self.carrier.deliver(&effects).await.into_iter().collect();
        let (now, jitter) = (self.clock.now(), (self.chance)());
        let answers: Vec<_> = claims
            .iter()
            .map(|claim| results.remove(&claim.effect.id).unwrap_or_else(|| Err(unanswered(claim))))
            .collect();
        let delivered = answers.iter().any(Result::is_ok);
        let before = self.link.stand().standing;
        let told = heard(answers.iter(), &self.backoff, now, jitter);
        let standing = self.link.heard(told, delivered, now, jitter).await;
        self.tell(before, standing);
        let settled = claims.into_iter().zip(answers).map(|(claim, answer)| {
            let jitter = (self.chance)();
            settle(claim, answer, &apply::Round { backoff: &self.backoff, now, jitter, probed, standing })
        });
        settled.collect()
    }

    /// Says once when a connection goes out of order, and when it is back.
    fn tell(&self, before: Standing, now: Standing) {
        let (tenant, connection) = (&self.tenant, &self.connection);
        match (before, now) {
            (Standing::Closed, Standing::Open(_)) => {
                // The cause may repeat what a CRM said of a person: it is for whoever may ask.
                tracing::warn!(%tenant, %connection, "A connection is left alone; one effect probes it: see GET /v1/connections");
            }
            (Standing::HalfOpen, Standing::Closed) => {
                tracing::warn!(%tenant, %connection, "A connection answers again");
            }
            _ => {}
        }
    }

    fn until(&self, at: Timestamp) -> Duration {
        let wait = self.clock.now().duration_until(at);
        Duration::try_from(wait).unwrap_or_default()
    }
}

/// How far a round came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Round {
    /// Something was sent.
    Worked,
    /// Nothing may be sent now.
    Idle,
    /// The connection waits until then.
    PausedUntil(Timestamp),
}

fn any_dead(settlements: &[Settlement]) -> bool {
    settlements.iter().any(|settlement| matches!(settlement.settle, Settle::Dead { .. }))
}

/// A claim that is given back as it was.
fn unsent(claim: Claim, now: Timestamp) -> Settlement {
    let cause = "it was claimed too late to be sent within its lease; nothing was sent, and it is tried again".into();
    Settlement { claim, settle: Settle::Retry { at: now, counts: false, trouble: None, cause }, at: now }
}

fn unanswered(claim: &Claim) -> CrmError {
    CrmError {
        trouble: Trouble::Unknown,
        detail: format!(
            "the connector said nothing about {}; it is looked for before it is sent again",
            claim.effect.id
        ),
    }
}
