//! `/v1/why` and `/v1/fairness`: the proofs.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::Method;
use rota_domain::access::Role;

use super::Doors;
use super::api::{Caller, Route};
use super::problem::Problem;
use crate::log;
use crate::show::{Fairness, Why};

/// The routes of this file.
pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(Method::GET, "/v1/why/{which}", Role::Viewer, "getWhy", why)
            .says("Why a lead went where it did, by a decision's id or by a lead's (its newest decision)")
            .gives::<Why>(),
        Route::new(Method::GET, "/v1/fairness", Role::Viewer, "getFairness", fairness)
            .says("How fairly each pool's turns were given, worked out again from the whole log")
            .gives::<Fairness<'static>>(),
    ]
}

async fn why(State(doors): State<Arc<Doors>>, caller: Caller, Path(which): Path<String>) -> Result<Json<Why>, Problem> {
    let recalled = log::recall(&*doors.store, caller.tenant()?, &which).await;
    if let Some(recalled) = recalled.map_err(|error| Problem::store(&error))? {
        return Ok(Json(Why::of(&recalled)));
    }
    let gone = log::gone(&*doors.store, caller.tenant()?, &which).await.map_err(|error| Problem::store(&error))?;
    let missing = Problem::missing("such decision, and no decision about such a lead");
    let detail = gone.map_or_else(|| missing.detail.clone(), |gone| format!("{}: {gone}", missing.detail));
    Err(Problem { mend: "GET /v1/decisions lists decisions with their leads.", detail, ..missing })
}

async fn fairness(State(doors): State<Arc<Doors>>, caller: Caller) -> Result<Json<serde_json::Value>, Problem> {
    let pools = log::fairness(&*doors.store, caller.tenant()?).await.map_err(|error| Problem::store(&error))?;
    Ok(Json(serde_json::json!(Fairness::of(&pools))))
}
