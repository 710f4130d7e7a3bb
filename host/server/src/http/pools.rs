//! `/v1/pools`: who is in each pool, who is there, what each is owed, and whose turn is next.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::Method;
use jiff::Timestamp;
use rota_domain::access::Role;
use rota_domain::desk::{Availability, Desk};
use rota_domain::event::Status;
use rota_domain::fairness::{Policy, leads};
use rota_domain::id::{PoolId, RepId};
use rota_domain::workspace::Pool;
use schemars::JsonSchema;
use serde::Serialize;

use super::api::{Asked, Caller, Page, Paging, Route};
use super::problem::Problem;
use super::{Doors, standing};

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

/// A pool, as the end of the log leaves it.
#[derive(Serialize, JsonSchema)]
struct PoolState {
    /// Its name.
    id: PoolId,
    /// How turns are given.
    policy: Policy,
    /// When it gives leads: the id of a calendar.
    calendar: Option<String>,
    /// Turns taken so far.
    turns: u64,
    /// Whose turn is next among all who are there; a rule may ask among fewer.
    next: Option<RepId>,
    /// Who is in it, in the workspace's order.
    members: Vec<PoolMember>,
}

/// A member of a pool.
#[derive(Serialize, JsonSchema)]
struct PoolMember {
    /// Who.
    rep: RepId,
    /// What people call them.
    name: String,
    /// Their share, relative to the others'.
    weight: u32,
    /// Their place in a pecking order.
    score: Option<i32>,
    /// Whether they can be given a lead of this pool now.
    availability: Availability,
    /// When a shift, a time off or the pool's hours change that.
    #[schemars(with = "Option<String>")]
    until: Option<Timestamp>,
    /// What they were last said to be.
    status: Option<Status>,
    /// What they are owed, in leads; below zero, what they have had in advance.
    credit: f64,
}

impl PoolState {
    fn of(pool: &Pool, desk: &Desk, now: Timestamp) -> Self {
        let rotation = desk.rotation(&pool.id);
        let credits = rotation.map(|rotation| rotation.credits()).unwrap_or_default();
        let credit = |rep: &RepId| credits.iter().find(|credit| credit.rep == *rep).map_or(0, |credit| credit.units);
        let members = pool.members.iter().filter_map(|member| {
            let place = desk.place(&member.rep)?;
            let rep = &desk.workspace.reps[place];
            Some(PoolMember {
                rep: rep.id.clone(),
                name: rep.title().to_owned(),
                weight: member.weight,
                score: member.score,
                availability: desk.availability(place, Some(&pool.id), now),
                until: desk.next_change(place, Some(&pool.id), now),
                status: desk.status(&rep.id),
                credit: rounded(leads(credit(&rep.id))),
            })
        });
        Self {
            id: pool.id.clone(),
            policy: pool.policy,
            calendar: pool.calendar.clone(),
            turns: rotation.map_or(0, |rotation| rotation.picks()),
            next: desk.next(&pool.id, &[], &[], now).map(|turn| turn.rep),
            members: members.collect(),
        }
    }
}

/// Credits are kept in 2^-40 leads; what is left of that below a millionth is noise to people.
fn rounded(leads: f64) -> f64 {
    (leads * 1e6).round() / 1e6
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
