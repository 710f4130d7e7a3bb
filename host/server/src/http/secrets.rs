//! `/v1/secrets`: a tenant's secrets. Values go in and never come out.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode};
use jiff::Timestamp;
use rota_domain::access::{Change, Role};
use rota_domain::id::TenantId;
use rota_flow::ports::SecretValue;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Doors;
use super::api::{Asked, Caller, Given, Page, Paging, Route};
use super::problem::Problem;

/// The longest value: private keys have some thousand characters.
const VALUE_MAX: usize = 16_384;

/// The longest name.
const NAME_MAX: usize = 100;

/// The routes of this file.
pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(Method::GET, "/v1/secrets", Role::Admin, "listSecrets", list)
            .says("The names of the tenant's secrets; values never come out")
            .query::<Paging>()
            .gives::<Page<SecretEntry>>(),
        Route::new(Method::PUT, "/v1/secrets/{name}", Role::Admin, "setSecret", set)
            .says("Set a secret; accounts that use it connect anew")
            .takes::<NewSecret>()
            .gives::<SecretSet>(),
        Route::new(Method::DELETE, "/v1/secrets/{name}", Role::Admin, "removeSecret", remove)
            .says("Remove a secret; accounts that use it keep it until they connect anew")
            .status(StatusCode::NO_CONTENT),
    ]
}

/// What may be told of a secret.
#[derive(Serialize, JsonSchema)]
struct SecretEntry {
    /// What the workspace calls it, as in `token = { env = "ACME_HUBSPOT_TOKEN" }`.
    name: String,
    /// When it was set last.
    #[schemars(with = "String")]
    at: Timestamp,
    /// Who set it.
    who: String,
}

/// A secret to be set.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewSecret {
    /// Its value, which nobody can read again.
    value: String,
}

/// What came of setting a secret.
#[derive(Serialize, JsonSchema)]
struct SecretSet {
    /// Whether accounts use it and are connected with it now.
    connected: bool,
    /// Why accounts that use it could not be connected with it; they go on as before.
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<String>,
}

async fn list(
    State(doors): State<Arc<Doors>>,
    caller: Caller,
    Asked(paging): Asked<Paging>,
) -> Result<Json<Page<SecretEntry>>, Problem> {
    let names = doors.vault.secrets(caller.tenant()?).await.map_err(|error| Problem::store(&error))?;
    let entry = |name: rota_flow::ports::SecretName| SecretEntry { name: name.name, at: name.at, who: name.who };
    let entries = names.into_iter().map(entry).collect();
    Ok(Json(Page::cut(entries, &paging, |entry: &SecretEntry| entry.name.clone())?))
}

async fn set(
    State(doors): State<Arc<Doors>>,
    caller: Caller,
    Path(name): Path<String>,
    Given(new): Given<NewSecret>,
) -> Result<Json<SecretSet>, Problem> {
    check(&name, &new.value)?;
    let (tenant, now) = (caller.tenant()?, doors.clock.now());
    let value = SecretValue::new(new.value);
    doors.vault.set_secret(tenant, &name, &value, &caller.who(), now).await.map_err(|error| Problem::store(&error))?;
    note(&doors, tenant, &caller, "secret.set", &name, now).await?;
    let (connected, trouble) = match doors.tenants.reconnect(tenant, &name).await {
        Ok(connected) => (connected, None),
        Err(error) => (false, Some(format!("{error:#}"))),
    };
    Ok(Json(SecretSet { connected, trouble }))
}

async fn remove(
    State(doors): State<Arc<Doors>>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    let (tenant, now) = (caller.tenant()?, doors.clock.now());
    let removed = doors.vault.remove_secret(tenant, &name).await.map_err(|error| Problem::store(&error))?;
    if !removed {
        return Err(Problem::missing("secret of this name"));
    }
    note(&doors, tenant, &caller, "secret.removed", &name, now).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn note(
    doors: &Doors,
    tenant: &TenantId,
    caller: &Caller,
    action: &str,
    name: &str,
    at: Timestamp,
) -> Result<(), Problem> {
    let change = Change { at, who: caller.who(), action: action.into(), thing: name.to_owned(), detail: None };
    doors.access.changed(Some(tenant), change).await.map_err(|error| Problem::store(&error))
}

/// Names are as variables of an environment are; what is wrong with a value is said without it.
fn check(name: &str, value: &str) -> Result<(), Problem> {
    let proper = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let named = name.len() <= NAME_MAX && name.chars().all(proper) && !name.starts_with(|c: char| c.is_ascii_digit());
    let detail = if name.is_empty() || !named {
        format!("A secret's name has at most {NAME_MAX} letters, digits and _, and begins with no digit.")
    } else if value.trim().is_empty() || value.len() > VALUE_MAX {
        format!("A secret's value has 1 to {VALUE_MAX} bytes.")
    } else {
        return Ok(());
    };
    Err(Problem {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        kind: "bad-secret",
        detail,
        mend: "Send another name or value.",
        retry_after: None,
    })
}
