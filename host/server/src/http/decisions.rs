//! `/v1/decisions`: what became of leads.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::Method;
use rota_domain::access::Role;
use rota_domain::decision::Decision;
use rota_domain::id::{DecisionId, LeadId};
use rota_flow::ports::Stored;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Doors;
use super::api::{Asked, Caller, Page, Paging, Route};
use super::problem::Problem;

/// The routes of this file.
pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(Method::GET, "/v1/decisions", Role::Viewer, "listDecisions", list)
            .says("Decisions, oldest first; of one lead, or of all")
            .query::<DecisionsAsked>()
            .gives::<Page<Decision>>(),
        Route::new(Method::GET, "/v1/decisions/{id}", Role::Viewer, "getDecision", one)
            .says("One decision")
            .gives::<Decision>(),
    ]
}

/// Which decisions.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct DecisionsAsked {
    /// Only those about this lead.
    #[serde(default)]
    lead: Option<String>,
    /// What comes after this: `next` of the piece before; the beginning if left out.
    #[serde(default)]
    after: Option<String>,
    /// How many at most: 100 if left out, and never more than 1000.
    #[serde(default)]
    limit: Option<u32>,
}

/// A piece of the log, made from what was read for it: one more than the limit, where there
/// is one more.
pub(super) fn page(read: Vec<Stored>, paging: &Paging) -> Page<Decision> {
    let Page { items, next } = Page::read(read, paging, |stored| stored.seq.to_string());
    Page { items: items.into_iter().map(|stored| stored.decision).collect(), next }
}

async fn list(
    State(doors): State<Arc<Doors>>,
    caller: Caller,
    Asked(asked): Asked<DecisionsAsked>,
) -> Result<Json<Page<Decision>>, Problem> {
    let paging = Paging { after: asked.after, limit: asked.limit };
    let (tenant, after, limit) = (caller.tenant()?, paging.after_number()?, paging.limit() + 1);
    let read = match &asked.lead {
        Some(lead) => doors.store.log_of(tenant, &LeadId::from(lead.as_str()), after, limit).await,
        None => doors.store.log(tenant, after, limit).await,
    };
    read.map(|read| Json(page(read, &paging))).map_err(|error| Problem::store(&error))
}

async fn one(
    State(doors): State<Arc<Doors>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Decision>, Problem> {
    let recalled = doors.store.decision(caller.tenant()?, &DecisionId::from(id)).await;
    let recalled =
        recalled.map_err(|error| Problem::store(&error))?.ok_or_else(|| Problem::missing("such decision"))?;
    Ok(Json(recalled.stored.decision))
}
