//! `/v1/tokens`: a tenant's tokens, and `/v1/host/tokens`: the operator's own.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode};
use jiff::Timestamp;
use rota_domain::access::{Change, Grant, Role};
use rota_domain::id::TenantId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Doors;
use super::api::{Asked, Caller, Given, Page, Paging, Route};
use super::problem::Problem;
use crate::tokens::{Wanted, issue};

/// The most characters of a token's name.
const NAME_MAX: usize = 100;

/// The most tokens of one tenant that hold at once.
const TOKENS_MAX: usize = 1000;

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
        Route::new(Method::GET, "/v1/host/tokens", Role::Host, "listHostTokens", list_host)
            .says("The tokens of the host's operator, by their public names")
            .query::<Paging>()
            .gives::<Page<Grant>>(),
        Route::new(Method::POST, "/v1/host/tokens", Role::Host, "makeHostToken", make_host)
            .says("Make a token for the host's operator; it is shown this once")
            .takes::<NewHostToken>()
            .gives::<MadeToken>()
            .status(StatusCode::CREATED),
        Route::new(Method::DELETE, "/v1/host/tokens/{id}", Role::Host, "revokeHostToken", revoke_host)
            .says("Revoke a token of the host's operator")
            .status(StatusCode::NO_CONTENT),
    ]
}

/// What a new token is to be.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewToken {
    /// What its holder may do; at most what the caller may.
    role: Role,
    /// What people call it: 1 to 100 characters.
    name: String,
    /// When it ends by itself.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    expires: Option<Timestamp>,
}

/// What a new token of the host's operator is to be.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewHostToken {
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

type Listed = Result<Json<Page<Grant>>, Problem>;
type Made = Result<(StatusCode, Json<MadeToken>), Problem>;

async fn list(State(doors): State<Arc<Doors>>, caller: Caller, Asked(paging): Asked<Paging>) -> Listed {
    page(&doors, Some(caller.tenant()?), &paging).await
}

async fn list_host(State(doors): State<Arc<Doors>>, Asked(paging): Asked<Paging>) -> Listed {
    page(&doors, None, &paging).await
}

async fn page(doors: &Doors, tenant: Option<&TenantId>, paging: &Paging) -> Listed {
    let grants = doors.access.grants(tenant).await.map_err(|error| Problem::store(&error))?;
    Page::cut(grants, paging, |grant| grant.id.to_string()).map(Json)
}

async fn make(State(doors): State<Arc<Doors>>, caller: Caller, Given(new): Given<NewToken>) -> Made {
    if new.role > caller.grant.role || new.role == Role::Host {
        return Err(Problem::small_role(caller.grant.role, new.role));
    }
    let tenant = caller.tenant()?.clone();
    if !doors.tenants.standings().has(&tenant) {
        return Err(Problem::missing("tenant of the name that X-Rota-Tenant gives"));
    }
    // A token that ends makes none that outlives it.
    let expires = [new.expires, caller.grant.expires].into_iter().flatten().min();
    let wanted = Wanted { tenant: Some(tenant), role: new.role, name: new.name, expires };
    made(&doors, &caller, wanted).await
}

async fn make_host(State(doors): State<Arc<Doors>>, caller: Caller, Given(new): Given<NewHostToken>) -> Made {
    made(&doors, &caller, Wanted { tenant: None, role: Role::Host, name: new.name, expires: new.expires }).await
}

async fn made(doors: &Doors, caller: &Caller, wanted: Wanted) -> Made {
    let now = doors.clock.now();
    if wanted.name.is_empty() || wanted.name.chars().count() > NAME_MAX || wanted.name.chars().any(char::is_control) {
        return Err(Problem {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            kind: "token-name",
            detail: format!("A token's name has 1 to {NAME_MAX} characters, all of them visible."),
            mend: "Choose another name; it says what the token is for.",
            retry_after: None,
        });
    }
    let held = doors.access.grants(wanted.tenant.as_ref()).await.map_err(|error| Problem::store(&error))?;
    if held.iter().filter(|grant| grant.holds(now)).count() >= TOKENS_MAX {
        return Err(Problem {
            status: StatusCode::CONFLICT,
            kind: "too-many-tokens",
            detail: format!("There are {TOKENS_MAX} tokens that hold, which is the most."),
            mend: "Revoke those that nobody uses; the list says when each was used last.",
            retry_after: None,
        });
    }
    if wanted.expires.is_some_and(|end| end <= now) {
        return Err(Problem {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            kind: "past-end",
            detail: "The token would end before it begins.".into(),
            mend: "Name a later time under `expires`, or leave it out.",
            retry_after: None,
        });
    }
    let made = issue(&*doors.access, wanted, &caller.who(), now).await;
    let (token, grant) = made.map_err(|error| Problem::store(&error))?;
    Ok((StatusCode::CREATED, Json(MadeToken { token: token.expose().to_owned(), grant })))
}

async fn revoke(
    State(doors): State<Arc<Doors>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    ended(&doors, &caller, Some(caller.tenant()?), id).await
}

async fn revoke_host(
    State(doors): State<Arc<Doors>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    ended(&doors, &caller, None, id).await
}

async fn ended(doors: &Doors, caller: &Caller, tenant: Option<&TenantId>, id: String) -> Result<StatusCode, Problem> {
    let (token, now) = (id.as_str().into(), doors.clock.now());
    let done = doors.access.revoke(tenant, &token, now).await.map_err(|error| Problem::store(&error))?;
    doors.gate.forget(&token);
    if !done {
        return Err(Problem::missing("token of this name that holds"));
    }
    let change = Change { at: now, who: caller.who(), action: "token.revoked".into(), thing: id, detail: None };
    doors.access.changed(tenant, change).await.map_err(|error| Problem::store(&error))?;
    Ok(StatusCode::NO_CONTENT)
}
