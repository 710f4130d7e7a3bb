//! `/v1/audit`: who changed what, and when.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::Method;
use rota_domain::access::{Change, Role};
use rota_domain::id::TenantId;
use schemars::JsonSchema;
use serde::Serialize;

use super::Doors;
use super::api::{Asked, Caller, Page, Paging, Route};
use super::problem::Problem;

/// The routes of this file.
pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(Method::GET, "/v1/audit", Role::Admin, "listChanges", list)
            .says("Every change of the tenant, the oldest first")
            .query::<Paging>()
            .gives::<Page<Noted>>(),
        Route::new(Method::GET, "/v1/host/audit", Role::Host, "listHostChanges", list_host)
            .says("Every change of the host itself, the oldest first")
            .query::<Paging>()
            .gives::<Page<Noted>>(),
    ]
}

/// A change, with its number in the audit log.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Change")]
struct Noted {
    /// Its number, which only grows.
    n: u64,
    /// The change.
    #[serde(flatten)]
    change: Change,
}

async fn list(
    State(doors): State<Arc<Doors>>,
    caller: Caller,
    Asked(paging): Asked<Paging>,
) -> Result<Json<Page<Noted>>, Problem> {
    page(&doors, Some(caller.tenant()?), &paging).await
}

async fn list_host(
    State(doors): State<Arc<Doors>>,
    Asked(paging): Asked<Paging>,
) -> Result<Json<Page<Noted>>, Problem> {
    page(&doors, None, &paging).await
}

async fn page(doors: &Doors, tenant: Option<&TenantId>, paging: &Paging) -> Result<Json<Page<Noted>>, Problem> {
    let changes = doors.access.changes(tenant, paging.after_number()?, paging.limit() + 1).await;
    let changes = changes.map_err(|error| Problem::store(&error))?;
    let noted = changes.into_iter().map(|(n, change)| Noted { n, change }).collect();
    Ok(Json(Page::read(noted, paging, |noted| noted.n.to_string())))
}
