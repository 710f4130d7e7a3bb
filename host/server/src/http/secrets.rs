//! `/v1/secrets`: a tenant's secrets. Values go in and never come out.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode};
use jiff::Timestamp;
use rota_domain::access::{Change, Role};
use rota_flow::ports::{SecretName, SecretValue};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Doors;
use super::api::{Asked, Caller, Given, Page, Paging, Route};
use super::problem::Problem;
use crate::workspaces::NotSet;

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
    /// Where it may be sent besides the CRM itself: scheme, host and port of each.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    sent_to: BTreeSet<String>,
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
    /// The addresses that it may be sent to besides the CRM itself. Left out, it is those that
    /// the workspace has by now. To send it anywhere else, it is set again.
    #[serde(default)]
    sent_to: Option<Vec<String>>,
}

/// What came of setting a secret.
#[derive(Serialize, JsonSchema)]
struct SecretSet {
    /// Where it may be sent besides the CRM itself: scheme, host and port of each.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    sent_to: BTreeSet<String>,
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
    let entry = |name: SecretName| SecretEntry { name: name.name, sent_to: name.sent_to, at: name.at, who: name.who };
    let entries = names.into_iter().map(entry).collect();
    Ok(Json(Page::cut_sorted(entries, &paging, |entry: &SecretEntry| entry.name.clone())))
}

async fn set(
    State(doors): State<Arc<Doors>>,
    caller: Caller,
    Path(name): Path<String>,
    Given(new): Given<NewSecret>,
) -> Result<Json<SecretSet>, Problem> {
    let tenant = caller.tenant()?;
    let value = SecretValue::new(new.value);
    let set = doors.workspaces.set_secret(tenant, &name, value, new.sent_to.as_deref(), &caller.who()).await;
    let sent_to = set.map_err(|why| not_set(&why))?;
    let (connected, trouble) = match doors.tenants.reconnect(tenant, &name).await {
        Ok(connected) => (connected, None),
        Err(error) => (false, Some(format!("{error:#}"))),
    };
    Ok(Json(SecretSet { sent_to, connected, trouble }))
}

async fn remove(
    State(doors): State<Arc<Doors>>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    let (tenant, now) = (caller.tenant()?, doors.clock.now());
    // Not between the secrets of an apply and its revision, which may put them back.
    let _turn = doors.tenants.turn(tenant).await;
    let removed = doors.vault.remove_secret(tenant, &name).await.map_err(|error| Problem::store(&error))?;
    if !removed {
        return Err(Problem::missing("secret of this name"));
    }
    let change = Change { at: now, who: caller.who(), action: "secret.removed".into(), thing: name, detail: None };
    doors.access.changed(Some(tenant), change).await.map_err(|error| Problem::store(&error))?;
    Ok(StatusCode::NO_CONTENT)
}

fn not_set(why: &NotSet) -> Problem {
    let (status, kind, mend) = match why {
        NotSet::Store(error) => return Problem::store(error),
        NotSet::Bad(_) => (StatusCode::UNPROCESSABLE_ENTITY, "bad-secret", "Send another name, value or address."),
        NotSet::TooMany(_) => {
            (StatusCode::UNPROCESSABLE_ENTITY, "quota", "Remove a secret that nothing uses, or ask for another plan.")
        }
    };
    Problem { status, kind, detail: why.to_string(), mend, retry_after: None }
}
