//! What a tenant's next decision would see, for routes that only look. It is read from the
//! store, so that it is what is durable, whichever process wrote it.

use std::sync::Arc;

use axum::http::StatusCode;
use rota_domain::desk::Desk;
use rota_domain::id::TenantId;
use rota_domain::rule::Mode;
use rota_flow::ledger::Ledger;

use super::Doors;
use super::problem::Problem;
use crate::bind::Bound;

/// What the tenant decides under.
pub(super) async fn bound(doors: &Doors, tenant: &TenantId) -> Result<Arc<Bound>, Problem> {
    let alive = doors.tenants.find(tenant, &*doors.tenancy).await.ok_or_else(|| Problem {
        status: StatusCode::NOT_FOUND,
        kind: "no-workspace",
        detail: format!("`{tenant}` has no workspace on this server yet."),
        mend: "Apply one with `rota apply`, or start the server with its directory.",
        retry_after: None,
    })?;
    Ok(alive.bound())
}

/// The state at the end of the log. This reads the workspace of the revision, the statuses,
/// the rotations and the counters, and no decision.
pub(super) async fn desk(doors: &Doors, tenant: &TenantId) -> Result<Arc<Desk>, Problem> {
    let Bound { workspace, bindings, .. } = &*bound(doors, tenant).await?;
    // Nobody joins a decision here, so none is asked for.
    let snapshot = doors.store.load(tenant, doors.clock.now()).await.map_err(|error| Problem::store(&error))?;
    let ledger = Ledger::restored(snapshot, workspace.clone(), bindings.clone(), Mode::Live);
    Ok(ledger.desk().clone())
}
