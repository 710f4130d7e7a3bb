//! `/v1/connections`: how a tenant's links to CRM accounts and destinations stand.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode};
use jiff::Timestamp;
use rota_domain::access::{Change, Role};
use rota_domain::circuit::Standing;
use rota_domain::id::ConnectionId;
use rota_flow::link::Stand;
use rota_flow::ports::Load;
use schemars::JsonSchema;
use serde::Serialize;

use super::Doors;
use super::api::{Asked, Caller, Page, Paging, Route};
use super::problem::Problem;
use crate::tenants::Tenant;

/// The routes of this file.
pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(Method::GET, "/v1/connections", Role::Viewer, "listConnections", list)
            .says("How each CRM account and each destination stands, and what waits for it")
            .query::<Paging>()
            .gives::<Page<ConnectionState>>(),
        Route::new(Method::POST, "/v1/connections/{id}/resume", Role::Operator, "resumeConnection", resume)
            .says("Use a connection again at once, since its cause is mended")
            .status(StatusCode::NO_CONTENT),
    ]
}

/// A connection, or a destination.
#[derive(Serialize, JsonSchema)]
struct ConnectionState {
    /// Its id; a destination's has `notify:` before it.
    connection: String,
    /// `hubspot`, or `webhook` for a destination.
    kind: String,
    /// `closed` where everything goes; `paused` by a limit; `open` where nobody answers or the
    /// token is refused; `half-open` where one effect probes it.
    state: String,
    /// Since when it is closed, or is not.
    #[schemars(with = "String")]
    since: Timestamp,
    /// Why it is not closed.
    cause: Option<String>,
    /// When something is sent again.
    #[schemars(with = "Option<String>")]
    next_probe: Option<Timestamp>,
    /// Effects that wait for it.
    waiting: u64,
    /// Effects that a person has to look at.
    dead: u64,
    /// When something was delivered last, since this server carries for it.
    #[schemars(with = "Option<String>")]
    last_success: Option<Timestamp>,
}

async fn list(
    State(doors): State<Arc<Doors>>,
    caller: Caller,
    Asked(paging): Asked<Paging>,
) -> Result<Json<Page<ConnectionState>>, Problem> {
    let tenant = alive(&doors, &caller)?;
    let loads = doors.outbox.loads(&tenant.id).await.map_err(|error| Problem::store(&error))?;
    let mut loads: HashMap<ConnectionId, Load> =
        loads.into_iter().map(|load| (load.connection.clone(), load)).collect();
    let states = tenant.links().into_iter().map(|(id, stand)| {
        let load = loads.remove(&id);
        state(&id, stand, load.as_ref())
    });
    Ok(Json(Page::cut_sorted(states.collect(), &paging, |state: &ConnectionState| state.connection.clone())))
}

fn state(id: &ConnectionId, stand: Stand, load: Option<&Load>) -> ConnectionState {
    let next_probe = match stand.standing {
        Standing::Paused(until) | Standing::Open(until) => Some(until),
        Standing::Closed | Standing::HalfOpen => None,
    };
    ConnectionState {
        connection: id.to_string(),
        kind: if id.as_str().starts_with("notify:") { "webhook" } else { "hubspot" }.into(),
        state: stand.standing.as_str().into(),
        since: stand.since,
        cause: stand.cause,
        next_probe,
        waiting: load.map_or(0, |load| load.waiting),
        dead: load.map_or(0, |load| load.dead),
        last_success: stand.delivered,
    }
}

async fn resume(
    State(doors): State<Arc<Doors>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let (tenant, now) = (alive(&doors, &caller)?, doors.clock.now());
    let connection = ConnectionId::from(id.as_str());
    if !tenant.links().iter().any(|(known, _)| *known == connection) {
        return Err(Problem::missing("connection of this id"));
    }
    // First what waits, so that the courier finds it when it is woken.
    doors.outbox.hurry(&tenant.id, &connection, now).await.map_err(|error| Problem::store(&error))?;
    if !tenant.resume(&connection, now) {
        return Err(Problem::missing("connection of this id"));
    }
    let change = Change { at: now, who: caller.who(), action: "connection.resumed".into(), thing: id, detail: None };
    doors.access.changed(Some(&tenant.id), change).await.map_err(|error| Problem::store(&error))?;
    Ok(StatusCode::NO_CONTENT)
}

fn alive(doors: &Doors, caller: &Caller) -> Result<Arc<Tenant>, Problem> {
    doors.tenants.get(caller.tenant()?).ok_or_else(|| Problem::missing("tenant at work of this name"))
}
