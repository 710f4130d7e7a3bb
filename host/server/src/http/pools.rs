//! `/v1/pools`: who is in each pool, who is there, what each is owed, and whose turn is next.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::Method;
use rota_domain::access::Role;
use rota_domain::id::PoolId;

use super::api::{Asked, Caller, Page, Paging, Route};
use super::problem::Problem;
use super::{Doors, standing};
use crate::pools::PoolState;

/// The routes of this file.
pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(Method::GET, "/v1/pools", Role::Viewer, "listPools", list)
            .says("The pools, each with its members and whose turn is next")
            .query::<Paging>()
            .gives::<Page<PoolState>>(),
        Route::new(Method::GET, "/v1/pools/{id}", Role::Viewer, "getPool", one)
            .says("One pool, with its members and whose turn is next")
            .gives::<PoolState>(),
    ]
}

async fn list(
    State(doors): State<Arc<Doors>>,
    caller: Caller,
    Asked(paging): Asked<Paging>,
) -> Result<Json<Page<PoolState>>, Problem> {
    let desk = standing::desk(&doors, caller.tenant()?).await?;
    let page = Page::cut(desk.workspace.pools.iter().collect(), &paging, |pool| pool.id.to_string())?;
    let items = page.items.into_iter().map(|pool| PoolState::of(pool, &desk, doors.clock.now())).collect();
    Ok(Json(Page { items, next: page.next }))
}

async fn one(
    State(doors): State<Arc<Doors>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<PoolState>, Problem> {
    let desk = standing::desk(&doors, caller.tenant()?).await?;
    let pool = desk.workspace.pool(&PoolId::from(id)).ok_or_else(|| Problem::missing("such pool"))?;
    Ok(Json(PoolState::of(pool, &desk, doors.clock.now())))
}
