//! A person changes a flow's counter. It goes through the tenant's log like everything that
//! decisions see, so that a server that runs meanwhile sees it, and no change of a decision
//! is lost.

use jiff::Timestamp;
use rota_domain::desk::{COUNTERS_MAX, check_counter_name};
use rota_domain::id::{FlowId, TenantId};

use crate::ports::{Entry, EntryBody, Store, StoreError};

/// How often the log is read anew where others write to it, too.
const ATTEMPTS: u32 = 100;

/// Why a counter was not changed.
#[derive(Debug, thiserror::Error)]
pub enum CounterError {
    /// The workspace has no such flow.
    #[error("the workspace of `{tenant}` has no flow `{flow}`: it has {known}")]
    NoFlow {
        /// The tenant.
        tenant: TenantId,
        /// The flow that was asked for.
        flow: FlowId,
        /// Those there are.
        known: String,
    },
    /// Nothing can be called so.
    #[error("this is {0}")]
    Name(String),
    /// The flow has as many counters as it may have.
    #[error("the flow `{flow}` has {COUNTERS_MAX} counters, which are the most: unset one first")]
    Full {
        /// The flow.
        flow: FlowId,
    },
    /// There is nothing to take away.
    #[error("the flow `{flow}` has no counter `{name}`: `rota state` lists those there are")]
    NoCounter {
        /// The flow.
        flow: FlowId,
        /// The counter.
        name: String,
    },
    /// The store failed, or others were always first.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Sets a flow's counter; without a value it is gone. Gives the value that it had.
///
/// # Errors
/// When there is nothing to set, or the store fails; nothing has changed then.
pub async fn set(
    store: &dyn Store,
    tenant: &TenantId,
    flow: &FlowId,
    name: &str,
    value: Option<i32>,
    now: Timestamp,
) -> Result<Option<i32>, CounterError> {
    check_counter_name(name).map_err(CounterError::Name)?;
    let mut attempt = 1;
    loop {
        // Nobody joins a decision here, so none is asked for.
        let snapshot = store.load(tenant, now).await?;
        let counters = snapshot.counters.get(flow);
        let before = counters.and_then(|counters| counters.get(name)).copied();
        let flows = snapshot.workspace.iter().flat_map(|(_, workspace)| &workspace.flows);
        match (value, before) {
            (None, None) => return Err(CounterError::NoCounter { flow: flow.clone(), name: name.into() }),
            (Some(_), _) if !flows.clone().any(|known| known.id == *flow) => {
                let known: Vec<String> = flows.map(|flow| format!("`{}`", flow.id)).collect();
                let known = if known.is_empty() { "none".into() } else { known.join(", ") };
                return Err(CounterError::NoFlow { tenant: tenant.clone(), flow: flow.clone(), known });
            }
            (Some(_), None) if counters.is_some_and(|counters| counters.len() >= COUNTERS_MAX) => {
                return Err(CounterError::Full { flow: flow.clone() });
            }
            _ => {}
        }
        let body = EntryBody::Counter { flow: flow.clone(), name: name.into(), value };
        match store.record(tenant, snapshot.seq, vec![Entry { at: now, inbox: None, body }]).await {
            Ok(()) => return Ok(before),
            Err(StoreError::Conflict { .. }) if attempt < ATTEMPTS => attempt += 1,
            Err(error) => return Err(error.into()),
        }
    }
}
