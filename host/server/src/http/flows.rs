//! `/v1/flows`: who decides about which leads, and the counters that rules keep.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode};
use rota_domain::access::{Change, Role};
use rota_domain::decision::PluginName;
use rota_domain::id::{FlowId, TenantId};
use rota_domain::workspace::{Enrol, Fallback, Flow, Minutes, Owned, Settings};
use rota_flow::bindings::Bindings;
use rota_flow::counters::{self, CounterError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::api::{Asked, Caller, Given, Page, Paging, Route};
use super::problem::Problem;
use super::{Doors, standing};

/// Where one counter is.
const COUNTER: &str = "/v1/flows/{id}/counters/{name}";

/// The routes of this file.
pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(Method::GET, "/v1/flows", Role::Viewer, "listFlows", list)
            .says("The flows in the order in which they are asked, each with its plugin, settings and counters")
            .query::<Paging>()
            .gives::<Page<FlowState>>(),
        Route::new(Method::PUT, COUNTER, Role::Operator, "setCounter", set)
            .says("Set a counter of a flow; the next decision sees it")
            .takes::<NewCounter>()
            .gives::<CounterSet>(),
        Route::new(Method::DELETE, COUNTER, Role::Operator, "unsetCounter", unset)
            .says("Take a counter of a flow away: it reads as 0")
            .status(StatusCode::NO_CONTENT),
    ]
}

/// A flow, as the end of the log leaves it.
#[derive(Serialize, JsonSchema)]
struct FlowState {
    /// Its name.
    id: FlowId,
    /// Which leads it takes.
    enrol: Enrol,
    /// The plugin, as the workspace writes it.
    plugin: String,
    /// The plugin, exactly.
    asks: Option<PluginName>,
    /// What it is told besides the lead.
    settings: Map<String, Value>,
    /// What becomes of records that have an active owner.
    owned: Owned,
    /// Who takes a lead that the plugin did not decide about.
    fallback: Fallback,
    /// For how long more events about the same person join the first decision.
    coalesce: Minutes,
    /// What its rule counts from lead to lead.
    counters: BTreeMap<String, i32>,
}

/// What a counter is to be.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewCounter {
    /// Its value from now on.
    value: i32,
}

/// A counter that was set.
#[derive(Serialize, JsonSchema)]
struct CounterSet {
    /// Its flow.
    flow: FlowId,
    /// The counter.
    name: String,
    /// Its value now.
    value: i32,
    /// Its value before, if it had one.
    before: Option<i32>,
}

impl FlowState {
    fn of(flow: &Flow, bindings: &Bindings, counters: BTreeMap<String, i32>) -> Self {
        let plugin = bindings.flows.get(&flow.id).map(|binding| &binding.plugin);
        Self {
            id: flow.id.clone(),
            enrol: flow.enrol.clone(),
            plugin: flow.plugin.clone(),
            asks: plugin.map(|plugin| PluginName {
                name: plugin.manifest.name.clone(),
                version: plugin.manifest.version.clone(),
                digest: plugin.digest.clone(),
            }),
            settings: match &flow.settings {
                Settings::Inline(settings) => settings.clone(),
                Settings::File(_) => Map::new(),
            },
            owned: flow.owned,
            fallback: flow.fallback.clone(),
            coalesce: flow.coalesce,
            counters,
        }
    }
}

async fn list(
    State(doors): State<Arc<Doors>>,
    caller: Caller,
    Asked(paging): Asked<Paging>,
) -> Result<Json<Page<FlowState>>, Problem> {
    let tenant = caller.tenant()?;
    let bound = standing::bound(&doors, tenant).await?;
    let desk = standing::desk(&doors, tenant).await?;
    let counters = |flow: &FlowId| desk.counters().get(flow).cloned().unwrap_or_default();
    let page = Page::cut(bound.workspace.flows.iter().collect(), &paging, |flow| flow.id.to_string())?;
    let items = page.items.into_iter().map(|flow| FlowState::of(flow, &bound.bindings, counters(&flow.id))).collect();
    Ok(Json(Page { items, next: page.next }))
}

async fn set(
    State(doors): State<Arc<Doors>>,
    caller: Caller,
    Path((flow, name)): Path<(String, String)>,
    Given(new): Given<NewCounter>,
) -> Result<Json<CounterSet>, Problem> {
    let flow = FlowId::from(flow);
    let before = change(&doors, caller.tenant()?, &flow, &name, Some(new.value), caller.who()).await?;
    Ok(Json(CounterSet { flow, name, value: new.value, before }))
}

async fn unset(
    State(doors): State<Arc<Doors>>,
    caller: Caller,
    Path((flow, name)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    change(&doors, caller.tenant()?, &FlowId::from(flow), &name, None, caller.who()).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn change(
    doors: &Doors,
    tenant: &TenantId,
    flow: &FlowId,
    name: &str,
    value: Option<i32>,
    who: String,
) -> Result<Option<i32>, Problem> {
    let now = doors.clock.now();
    let before = counters::set(&*doors.store, tenant, flow, name, value, now).await.map_err(|error| refused(&error))?;
    let action = if value.is_some() { "counter.set" } else { "counter.unset" };
    let detail = value.map(|value| value.to_string());
    let change = Change { at: now, who, action: action.into(), thing: format!("{flow}/{name}"), detail };
    doors.access.changed(Some(tenant), change).await.map_err(|error| Problem::store(&error))?;
    Ok(before)
}

fn refused(error: &CounterError) -> Problem {
    let (status, kind, mend) = match error {
        CounterError::Store(error) => return Problem::store(error),
        CounterError::NoFlow { .. } => (StatusCode::NOT_FOUND, "not-found", "GET /v1/flows lists the flows."),
        CounterError::NoCounter { .. } => {
            (StatusCode::NOT_FOUND, "not-found", "GET /v1/flows lists each flow's counters.")
        }
        CounterError::Name(_) => {
            (StatusCode::UNPROCESSABLE_ENTITY, "counter-name", "Choose a shorter, printable name.")
        }
        CounterError::Full { .. } => (StatusCode::CONFLICT, "too-many-counters", "Delete one of the flow's counters."),
    };
    Problem { status, kind, detail: format!("{error}."), mend, retry_after: None }
}
