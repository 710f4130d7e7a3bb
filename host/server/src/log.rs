//! A tenant's log read page by page, for totals, proofs, and whoever asks why.

use rota_domain::fairness::{PoolReport, Reckoning};
use rota_domain::id::{DecisionId, LeadId, TenantId};
use rota_flow::ports::{Recalled, Store, StoreError, Stored};

/// How many decisions are read at once.
pub const PAGE: u32 = 1_000;

/// Every decision, in the order of the log.
///
/// # Errors
/// When the store fails.
pub async fn whole(store: &dyn Store, tenant: &TenantId) -> Result<Vec<Stored>, StoreError> {
    let mut log: Vec<Stored> = Vec::new();
    loop {
        let after = log.last().map_or(0, |stored| stored.seq);
        let page = store.log(tenant, after, PAGE).await?;
        if page.is_empty() {
            return Ok(log);
        }
        log.extend(page);
    }
}

/// How fairly each pool's turns were given. It reads the whole log, and keeps one page of it
/// at a time.
///
/// # Errors
/// When the store fails.
pub async fn fairness(store: &dyn Store, tenant: &TenantId) -> Result<Vec<PoolReport>, StoreError> {
    let mut reckoning = Reckoning::default();
    let mut after = 0;
    loop {
        let page = store.log(tenant, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(reckoning.close()) };
        after = last.seq;
        for stored in &page {
            if let Some(turn) = &stored.turn {
                reckoning.enter(&stored.decision.id, turn);
            }
        }
    }
}

/// The decision of this id, or else the newest about the lead of this id.
///
/// # Errors
/// When the store fails.
pub async fn recall(store: &dyn Store, tenant: &TenantId, which: &str) -> Result<Option<Recalled>, StoreError> {
    if let Some(recalled) = store.decision(tenant, &DecisionId::from(which)).await? {
        return Ok(Some(recalled));
    }
    match store.decisions_of(tenant, &LeadId::from(which)).await?.first() {
        Some(newest) => store.decision(tenant, newest).await,
        None => Ok(None),
    }
}
