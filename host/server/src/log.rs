//! A tenant's log read page by page, for totals, proofs, and whoever asks why.

use jiff::Timestamp;
use rota_domain::fairness::{PoolReport, Reckoning};
use rota_domain::id::{DecisionId, LeadId, TenantId};
use rota_flow::ports::{Recalled, Store, StoreError, Stored, Summed};

use crate::calendar_files;

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
/// at a time; turns of which only the sums are left are in those.
///
/// # Errors
/// When the store fails.
pub async fn fairness(store: &dyn Store, tenant: &TenantId) -> Result<Vec<PoolReport>, StoreError> {
    loop {
        let summed = store.summed(tenant).await?;
        let upto = summed.as_ref().map(|summed| summed.upto);
        let pools = on_top(store, tenant, summed).await?;
        // What was summed up meanwhile may have been missed.
        if store.summed(tenant).await?.map(|summed| summed.upto) == upto {
            return Ok(pools);
        }
    }
}

async fn on_top(store: &dyn Store, tenant: &TenantId, summed: Option<Summed>) -> Result<Vec<PoolReport>, StoreError> {
    let (mut after, mut reckoning) =
        summed.map(|summed| (summed.upto, summed.fairness)).unwrap_or_else(|| (0, Reckoning::default()));
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

/// Why there may be no decision of this id, nor about a lead of it, where some are no longer kept.
///
/// # Errors
/// When the store fails.
pub async fn gone(store: &dyn Store, tenant: &TenantId, which: &str) -> Result<Option<String>, StoreError> {
    let Some(summed) = store.summed(tenant).await?.filter(|summed| summed.at > Timestamp::UNIX_EPOCH) else {
        return Ok(None);
    };
    let taken = DecisionId::from(which).taken();
    if taken.is_some_and(|taken| taken > summed.at) {
        return Ok(None);
    }
    Ok(Some(format!(
        "decisions up to {} are no longer kept, since they are older than the tenant's plan keeps (keep_days, keep_facts_days): \
         their turns still count in `rota fairness`, and a backup from their time has the rest",
        summed.at.round(jiff::Unit::Second).unwrap_or(summed.at)
    )))
}

/// The decision of this id, or else the newest about the lead of this id, with the calendar files that it saw.
///
/// # Errors
/// When the store fails.
pub async fn recall(store: &dyn Store, tenant: &TenantId, which: &str) -> Result<Option<Recalled>, StoreError> {
    let mut recalled = store.decision(tenant, &DecisionId::from(which)).await?;
    if recalled.is_none() {
        let about = store.decisions_of(tenant, &LeadId::from(which)).await?;
        let Some(newest) = about.first() else { return Ok(None) };
        recalled = store.decision(tenant, newest).await?;
    }
    if let Some(recalled) = &mut recalled {
        let files = calendar_files::kept(store, tenant, &recalled.workspace).await?.unwrap_or_default();
        recalled.calendar_files = calendar_files::read(&files);
    }
    Ok(recalled)
}
