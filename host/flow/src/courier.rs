//! Carries one connection's effects to its CRM: claim under a lease, call the CRM outside
//! any transaction, settle.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rota_domain::delivery::Backoff;
use rota_domain::id::{ConnectionId, TenantId};
use tokio::sync::{Notify, watch};

use crate::apply::settle;
use crate::ports::{Claim, Clock, Crm, CrmError, Settle, Store, StoreError};

/// How long a claim is ours. Calls to a CRM take at most half of it.
const LEASE: SignedDuration = SignedDuration::from_secs(30);
/// How many records are written in one round.
const BATCH: u32 = 100;
/// How long to wait for a commit before looking anyway.
const POLL: Duration = Duration::from_millis(200);
/// How long to wait after trouble with the store.
const PAUSE: Duration = Duration::from_secs(1);

/// Carries effects to one CRM account.
pub struct Courier {
    /// The tenant.
    pub tenant: TenantId,
    /// The connection.
    pub connection: ConnectionId,
    /// The account behind it.
    pub crm: Arc<dyn Crm>,
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
                Ok(()) = recorded.changed(), if wait == POLL => {}
                () = tokio::time::sleep(wait) => {}
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
        let claims = self.store.claim(&self.tenant, &self.connection, now, LEASE, BATCH).await?;
        if claims.is_empty() {
            return Ok(Round::Idle);
        }
        let effects: Vec<_> = claims.iter().map(|claim| (claim.effect.clone(), claim.attempt)).collect();
        let mut results: HashMap<_, _> = self.crm.deliver(&effects).await.into_iter().collect();
        let now = self.clock.now();
        let mut pause = None;
        let settlements: Vec<_> = claims
            .into_iter()
            .map(|claim| {
                let result = results.remove(&claim.effect.id).unwrap_or_else(|| Err(unanswered(&claim)));
                let (settlement, until) = settle(claim, result, &self.backoff, now, (self.chance)());
                pause = pause.max(until);
                settlement
            })
            .collect();
        let again = settlements.iter().any(|s| matches!(s.settle, Settle::Dead { again: Some(_), .. }));
        for settlement in &settlements {
            if let Settle::Dead { cause, .. } = &settlement.settle {
                tracing::warn!(tenant = %self.tenant, effect = %settlement.claim.effect.id, cause, "An effect is dead");
            }
        }
        self.store.settle(settlements).await?;
        if again {
            inbox.notify_one();
        }
        Ok(pause.map_or(Round::Worked, Round::PausedUntil))
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

fn unanswered(claim: &Claim) -> CrmError {
    CrmError {
        trouble: rota_domain::delivery::Trouble::Unknown,
        detail: format!(
            "the connector said nothing about {}; it is looked for before it is sent again",
            claim.effect.id
        ),
    }
}
