//! A tenant's log as a whole, for totals and proofs.

use rota_domain::id::TenantId;
use rota_flow::ports::{Store, StoreError, Stored};

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
