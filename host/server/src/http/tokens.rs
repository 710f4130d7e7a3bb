//! `/v1/tokens`: a tenant's tokens.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode};
use jiff::Timestamp;
use rota_domain::access::{Change, Grant, Role};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Doors;
use super::api::{Asked, Caller, Given, Page, Paging, Route};
use super::problem::Problem;
use crate::tokens::{Wanted, issue};

/// The routes of this file.
pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(Method::GET, "/v1/tokens", Role::Admin, "listTokens", list)
            .says("The tenant's tokens, by their public names")
            .query::<Paging>()
            .gives::<Page<Grant>>(),
        Route::new(Method::POST, "/v1/tokens", Role::Admin, "makeToken", make)
            .says("Make a token; it is shown this once")
            .takes::<NewToken>()
            .gives::<MadeToken>()
            .status(StatusCode::CREATED),
        Route::new(Method::DELETE, "/v1/tokens/{id}", Role::Admin, "revokeToken", revoke)
            .says("Revoke a token")
            .status(StatusCode::NO_CONTENT),
    ]
}

/// What a new token is to be.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewToken {
    /// What its holder may do; at most what the caller may.
    role: Role,
    /// What people call it.
    name: String,
    /// When it ends by itself.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    expires: Option<Timestamp>,
}

/// A new token.
#[derive(Serialize, JsonSchema)]
struct MadeToken {
    /// The token, which nobody can show again.
    token: String,
    /// What is known of it.
    #[serde(flatten)]
    grant: Grant,
}

async fn list(
    State(doors): State<Arc<Doors>>,
    caller: Caller,
    Asked(paging): Asked<Paging>,
) -> Result<Json<Page<Grant>>, Problem> {
    let grants = doors.access.grants(Some(caller.tenant()?)).await.map_err(|error| Problem::store(&error))?;
    Page::cut(grants, &paging, |grant| grant.id.to_string()).map(Json)
}

async fn make(
    State(doors): State<Arc<Doors>>,
    caller: Caller,
    Given(new): Given<NewToken>,
) -> Result<(StatusCode, Json<MadeToken>), Problem> {
    if new.role > caller.grant.role || new.role == Role::Host {
        return Err(Problem::small_role(caller.grant.role, new.role));
    }
    let tenant = Some(caller.tenant()?.clone());
    let wanted = Wanted { tenant, role: new.role, name: new.name, expires: new.expires };
    let made = issue(&*doors.access, wanted, &caller.who(), doors.clock.now()).await;
    let (token, grant) = made.map_err(|error| Problem::store(&error))?;
    Ok((StatusCode::CREATED, Json(MadeToken { token: token.expose().to_owned(), grant })))
}

async fn revoke(
    State(doors): State<Arc<Doors>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let (tenant, now) = (caller.tenant()?, doors.clock.now());
    let done = doors.access.revoke(Some(tenant), &id.as_str().into(), now).await;
    if !done.map_err(|error| Problem::store(&error))? {
        return Err(Problem::missing("token of this name that holds"));
    }
    let change = Change { at: now, who: caller.who(), action: "token.revoked".into(), thing: id, detail: None };
    doors.access.changed(Some(tenant), change).await.map_err(|error| Problem::store(&error))?;
    Ok(StatusCode::NO_CONTENT)
}
