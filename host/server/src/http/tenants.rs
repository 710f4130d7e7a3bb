//! `/v1/tenants`: the host's operator makes tenants, gives them plans, and suspends them.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode};
use rota_domain::access::{Change, Role, Standing, tenant_name};
use rota_domain::id::TenantId;
use rota_flow::ports::Restanding;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use super::Doors;
use super::api::{Asked, Caller, Given, Page, Paging, Route};
use super::problem::Problem;
use crate::tokens::{Wanted, issue};

/// The routes of this file.
pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(Method::GET, "/v1/tenants", Role::Host, "listTenants", list)
            .says("The tenants of this host, by name")
            .query::<Paging>()
            .gives::<Page<Standing>>(),
        Route::new(Method::POST, "/v1/tenants", Role::Host, "makeTenant", make)
            .says("Make a tenant, with its first admin's token if that is asked for")
            .takes::<NewTenant>()
            .gives::<MadeTenant>()
            .status(StatusCode::CREATED),
        Route::new(Method::PATCH, "/v1/tenants/{id}", Role::Host, "changeTenant", change)
            .says("Give a tenant another plan, suspend it, or let it go on")
            .takes::<TenantChange>()
            .gives::<Standing>(),
    ]
}

/// What a new tenant is to be.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewTenant {
    /// Its name, which its workspace.toml repeats: 1 to 64 of a-z, 0-9 and -, not beginning
    /// with -.
    tenant: String,
    /// A plan of rota.toml; left out for the usual limits.
    #[serde(default)]
    plan: Option<String>,
    /// Make a token of the role admin with this name, and show it in the answer.
    #[serde(default)]
    admin: Option<String>,
}

/// A new tenant.
#[derive(Serialize, JsonSchema)]
struct MadeTenant {
    /// How it stands.
    #[serde(flatten)]
    standing: Standing,
    /// Its first admin's token, which nobody can show again.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

/// What is to be changed; what is left out stays.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct TenantChange {
    /// A plan of rota.toml; null for the usual limits.
    #[serde(default, deserialize_with = "said")]
    plan: Option<Option<String>>,
    /// Whether it is suspended: its tokens only read, and what its CRMs send waits until that
    /// ends. What was decided before is delivered.
    #[serde(default)]
    suspended: Option<bool>,
}

/// Tells null from nothing.
fn said<'de, D: Deserializer<'de>>(given: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(given).map(Some)
}

async fn list(State(doors): State<Arc<Doors>>, Asked(paging): Asked<Paging>) -> Result<Json<Page<Standing>>, Problem> {
    let standings = doors.tenancy.standings().await.map_err(|error| Problem::store(&error))?;
    Ok(Json(Page::cut_sorted(standings, &paging, |standing: &Standing| standing.tenant.to_string())))
}

async fn make(
    State(doors): State<Arc<Doors>>,
    caller: Caller,
    Given(new): Given<NewTenant>,
) -> Result<(StatusCode, Json<MadeTenant>), Problem> {
    let tenant = tenant_name(&new.tenant).map_err(|wrong| Problem {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        kind: "tenant-name",
        detail: format!("`{}` cannot be a tenant's name: {wrong}.", new.tenant.escape_debug()),
        mend: "Choose another name.",
        retry_after: None,
    })?;
    known_plan(&doors, new.plan.as_deref())?;
    let (now, who) = (doors.clock.now(), caller.who());
    let made = doors.tenants.standings().make(&*doors.tenancy, &tenant, new.plan, now).await;
    let standing = made.map_err(|error| Problem::store(&error))?.ok_or_else(|| Problem {
        status: StatusCode::CONFLICT,
        kind: "tenant-exists",
        detail: format!("There is a tenant `{tenant}` already."),
        mend: "Choose another name, or go on with that tenant.",
        retry_after: None,
    })?;
    note(&doors, &tenant, &who, "tenant.made", standing.plan.clone()).await?;
    let token = match new.admin {
        None => None,
        Some(name) => {
            let wanted = Wanted { tenant: Some(tenant), role: Role::Admin, name, expires: None };
            let issued = issue(&*doors.access, wanted, &who, now).await;
            Some(issued.map_err(|error| Problem::store(&error))?.0.expose().to_owned())
        }
    };
    Ok((StatusCode::CREATED, Json(MadeTenant { standing, token })))
}

async fn change(
    State(doors): State<Arc<Doors>>,
    caller: Caller,
    Path(id): Path<String>,
    Given(change): Given<TenantChange>,
) -> Result<Json<Standing>, Problem> {
    let (tenant, who) = (TenantId::from(id), caller.who());
    if let Some(plan) = &change.plan {
        known_plan(&doors, plan.as_deref())?;
        doors.tenants.could_have(&tenant, plan.as_deref()).await.map_err(|refused| Problem {
            status: StatusCode::CONFLICT,
            kind: "plan-too-small",
            detail: format!("The workspace of `{tenant}` needs what the plan does not grant: {refused:#}"),
            mend: "Give it a plan that grants this, or let the tenant change its workspace first.",
            retry_after: None,
        })?;
    }
    let TenantChange { plan, suspended } = change;
    let restanding = Restanding { plan: plan.clone(), suspended };
    let standing = doors.tenants.restand(&*doors.tenancy, &tenant, restanding).await;
    let standing = standing.map_err(|error| Problem::store(&error))?;
    let standing = standing.ok_or_else(|| Problem::missing("tenant of this name"))?;
    if let Some(plan) = plan {
        doors.tenants.regrant(&tenant).await;
        note(&doors, &tenant, &who, "tenant.planned", plan).await?;
    }
    if let Some(suspended) = suspended {
        let action = if suspended { "tenant.suspended" } else { "tenant.resumed" };
        note(&doors, &tenant, &who, action, None).await?;
    }
    Ok(Json(standing))
}

/// Notes a change both where the operator looks and where the tenant does.
async fn note(
    doors: &Doors,
    tenant: &TenantId,
    who: &str,
    action: &str,
    detail: Option<String>,
) -> Result<(), Problem> {
    let change =
        Change { at: doors.clock.now(), who: who.into(), action: action.into(), thing: tenant.to_string(), detail };
    for of in [None, Some(tenant)] {
        doors.access.changed(of, change.clone()).await.map_err(|error| Problem::store(&error))?;
    }
    Ok(())
}

fn known_plan(doors: &Doors, plan: Option<&str>) -> Result<(), Problem> {
    let standings = doors.tenants.standings();
    if plan.is_none_or(|plan| standings.plans().any(|known| known == plan)) {
        return Ok(());
    }
    let known: Vec<&str> = standings.plans().collect();
    let known = if known.is_empty() { "none".into() } else { known.join(", ") };
    Err(Problem {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        kind: "unknown-plan",
        detail: format!("There is no plan `{}` here; rota.toml has {known}.", plan.unwrap_or_default().escape_debug()),
        mend: "Name one of those, or add [plans.<name>] to rota.toml and start the server again.",
        retry_after: None,
    })
}
