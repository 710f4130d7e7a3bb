//! `/v1/reps`: who may own leads, and whether they are there.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::Method;
use jiff::Timestamp;
use rota_domain::access::{Change, Role};
use rota_domain::desk::{Availability, Desk};
use rota_domain::event::Status;
use rota_domain::id::{ConnectionId, OwnerId, PoolId, RepId};
use rota_domain::load::{Left, Load};
use rota_domain::workspace::Rep;
use rota_flow::statuses::{self, StatusError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::api::{Asked, Caller, Given, Page, Paging, Route};
use super::problem::Problem;
use super::{Doors, standing};

/// The routes of this file.
pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(Method::GET, "/v1/reps", Role::Viewer, "listReps", list)
            .says("The reps, and whether each can be given a lead now")
            .query::<Paging>()
            .gives::<Page<RepState>>(),
        Route::new(Method::POST, "/v1/reps/{id}/status", Role::Operator, "setRepStatus", set)
            .says("Say that a rep is away, back, paused, available, or has left; the next decision sees it")
            .takes::<NewStatus>()
            .gives::<RepState>(),
    ]
}

/// A rep, as the end of the log leaves them.
#[derive(Serialize, JsonSchema)]
struct RepState {
    /// The workspace's own stable id.
    id: RepId,
    /// What people call them.
    name: String,
    /// Their e-mail address.
    email: Option<String>,
    /// Connection → the id of this rep among that CRM's owners.
    crm: BTreeMap<ConnectionId, OwnerId>,
    /// Words that rules may ask for.
    tags: Vec<String>,
    /// Most open leads; none means no limit.
    capacity: Option<u32>,
    /// Open leads; none where they are not counted, for want of a capacity or caps.
    open: Option<u32>,
    /// What is left of their caps.
    caps: Vec<Left>,
    /// The pools that they are in.
    pools: Vec<PoolId>,
    /// Whether the workspace gives them leads at all.
    active: bool,
    /// What they were last said to be.
    status: Option<Status>,
    /// Whether they can be given a lead now.
    availability: Availability,
    /// When their shift, a time off or a cap changes that.
    #[schemars(with = "Option<String>")]
    until: Option<Timestamp>,
}

/// What a rep is from now on.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewStatus {
    /// What they are. `left` holds until the CRM's directory of owners is read again and still
    /// has them: for somebody who stays in the CRM, say `paused`.
    status: Status,
}

impl RepState {
    fn of(rep: &Rep, desk: &Desk, memberships: &Memberships<'_>, now: Timestamp) -> Self {
        let place = desk.place(&rep.id).unwrap_or_default();
        let pools = memberships.get(&rep.id).into_iter().flatten();
        Self {
            id: rep.id.clone(),
            name: rep.title().to_owned(),
            email: rep.email.clone(),
            crm: rep.crm.clone(),
            tags: rep.tags.clone(),
            capacity: rep.capacity,
            open: desk.counts(&rep.id).then(|| desk.load(place).map_or(0, Load::open)),
            caps: desk.left(place, now),
            pools: pools.map(|pool| (*pool).clone()).collect(),
            active: rep.active,
            status: desk.status(&rep.id),
            availability: desk.availability(place, None, now),
            until: desk.next_change(place, None, now),
        }
    }
}

/// The pools of each rep.
type Memberships<'d> = HashMap<&'d RepId, Vec<&'d PoolId>>;

fn memberships(desk: &Desk) -> Memberships<'_> {
    let mut memberships = Memberships::new();
    for pool in &desk.workspace.pools {
        for member in &pool.members {
            memberships.entry(&member.rep).or_default().push(&pool.id);
        }
    }
    memberships
}

async fn list(
    State(doors): State<Arc<Doors>>,
    caller: Caller,
    Asked(paging): Asked<Paging>,
) -> Result<Json<Page<RepState>>, Problem> {
    let desk = standing::desk(&doors, caller.tenant()?).await?;
    let page = Page::cut(desk.workspace.reps.iter().collect(), &paging, |rep| rep.id.to_string())?;
    let memberships = memberships(&desk);
    let now = doors.clock.now();
    let items = page.items.into_iter().map(|rep| RepState::of(rep, &desk, &memberships, now)).collect();
    Ok(Json(Page { items, next: page.next }))
}

async fn set(
    State(doors): State<Arc<Doors>>,
    caller: Caller,
    Path(id): Path<String>,
    Given(new): Given<NewStatus>,
) -> Result<Json<RepState>, Problem> {
    let (tenant, rep, now) = (caller.tenant()?, RepId::from(id), doors.clock.now());
    let before = statuses::set(&*doors.store, tenant, &rep, new.status, now).await.map_err(|error| match error {
        StatusError::NoRep { .. } => Problem::missing("such rep"),
        StatusError::Store(error) => Problem::store(&error),
    })?;
    if before != Some(new.status) {
        let said = |status: Status| serde_json::to_value(status).ok().and_then(|text| Some(text.as_str()?.to_owned()));
        let change = Change {
            at: now,
            who: caller.who(),
            action: "rep.status".into(),
            thing: rep.to_string(),
            detail: said(new.status),
        };
        doors.access.changed(Some(tenant), change).await.map_err(|error| Problem::store(&error))?;
    }
    let desk = standing::desk(&doors, tenant).await?;
    let known = desk.workspace.rep(&rep).ok_or_else(|| Problem::missing("such rep"))?;
    Ok(Json(RepState::of(known, &desk, &memberships(&desk), now)))
}
