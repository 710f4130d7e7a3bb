//! `GET /v1/status`: how this server and each of its tenants stand, for the host's operator.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::Method;
use jiff::{SignedDuration, Timestamp};
use rota_domain::access::Role;
use rota_domain::circuit::Standing;
use rota_domain::id::TenantId;
use rota_flow::ports::{Queue, StoreError, Waits};

use super::Doors;
use super::api::Route;
use super::problem::Problem;
use crate::status::{DatabaseStatus, Status, TenantStatus};
use crate::watched::Seen;

/// The routes of this file.
pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(Method::GET, "/v1/status", Role::Host, "status", status)
            .says("How this server and each of its tenants stand, and what to do where something is wrong")
            .gives::<Status>(),
    ]
}

async fn status(State(doors): State<Arc<Doors>>) -> Result<Json<Status>, Problem> {
    let known = doors.watched.known().await;
    let Some(seen) = known.seen else {
        let gone = StoreError::Unavailable { database: "of this server".into(), detail: "it never answered".into() };
        return Err(Problem::store(known.silent.as_ref().unwrap_or(&gone)));
    };
    let writing = doors.watched.writing();
    let database = DatabaseStatus {
        kind: seen.health.kind.into(),
        bytes: seen.health.bytes,
        schema: seen.health.schema,
        answers: known.silent.is_none(),
        writer_waiting: writing.waiting,
        commits_failed: writing.failed,
    };
    let tenants = tenants(&doors, &seen).await;
    Ok(Json(Status::new(seen.at, database, tenants)))
}

async fn tenants(doors: &Doors, seen: &Seen) -> Vec<TenantStatus> {
    let mut tenants = Vec::with_capacity(seen.waits.len());
    for waits in &seen.waits {
        let since = seen.at - SignedDuration::from_hours(1);
        // Where the database went away just now, the next call says so.
        let decided = doors.watched.port().decided_since(&waits.tenant, since).await.unwrap_or_default();
        tenants.push(one(doors, waits, seen.at, decided));
    }
    tenants
}

fn one(doors: &Doors, waits: &Waits, at: Timestamp, decided_last_hour: u64) -> TenantStatus {
    let Waits { tenant, arrivals, effects, dead, unassigned, overdue } = waits;
    let age = |queue: &Queue| {
        queue.since.map_or(0, |since| u64::try_from(at.as_second() - since.as_second()).unwrap_or_default())
    };
    let work = work(doors, tenant);
    TenantStatus {
        tenant: tenant.to_string(),
        at_work: work.is_some(),
        suspended: doors.tenants.standings().suspended(tenant),
        revision: work.as_ref().map(|work| work.revision),
        plugins: work.as_ref().map(|work| work.plugins.clone()).unwrap_or_default(),
        leads_waiting: arrivals.number,
        oldest_lead_seconds: age(arrivals),
        decided_last_hour,
        effects_waiting: effects.number,
        oldest_effect_seconds: age(effects),
        effects_dead: *dead,
        unassigned: unassigned.number,
        oldest_unassigned_seconds: age(unassigned),
        overdue: overdue.number,
        circuits_open: work.map(|work| work.open).unwrap_or_default(),
    }
}

/// What a tenant works with on this server.
struct Work {
    revision: u64,
    plugins: Vec<String>,
    open: Vec<String>,
}

fn work(doors: &Doors, tenant: &TenantId) -> Option<Work> {
    let alive = doors.tenants.get(tenant)?;
    let (revision, bound) = alive.now();
    let manifests = bound.bindings.flows.values().map(|binding| &binding.plugin.manifest);
    let plugins: BTreeSet<String> =
        manifests.map(|manifest| format!("{}@{}", manifest.name, manifest.version)).collect();
    let links: BTreeMap<_, _> = alive.links().into_iter().collect();
    let open = links.into_iter().filter(|(_, stand)| matches!(stand.standing, Standing::Open(_) | Standing::HalfOpen));
    Some(Work {
        revision,
        plugins: plugins.into_iter().collect(),
        open: open.map(|(connection, _)| connection.to_string()).collect(),
    })
}
