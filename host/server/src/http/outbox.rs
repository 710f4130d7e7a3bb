//! `/v1/outbox`: what has not reached the CRM or a destination yet, why, and what a person does
//! about it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use jiff::Timestamp;
use rota_domain::access::Role;
use rota_domain::id::EffectId;
use rota_flow::ports::{Cause, Group, LaneState, Repair, Sought};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Doors;
use super::api::{Asked, Caller, Given, Page, Paging, Route};
use super::problem::Problem;
use crate::outbox::{Choice, Mended, Mending, OutboxEffect, is_cause};

/// The routes of this file.
pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(Method::GET, "/v1/outbox", Role::Viewer, "listOutbox", list)
            .says("Effects on their way, the oldest first")
            .query::<OutboxQuery>()
            .gives::<Page<OutboxEffect>>(),
        Route::new(Method::GET, "/v1/outbox/causes", Role::Viewer, "listOutboxCauses", causes)
            .says("What effects met, how many of them, and what to do about it")
            .query::<Paging>()
            .gives::<Page<OutboxCause>>(),
        Route::new(Method::POST, "/v1/outbox/retry", Role::Operator, "retryOutbox", retry)
            .says("Try effects again: one, those of one cause, or all dead ones")
            .takes::<OutboxChoice>()
            .gives::<Mended>(),
        Route::new(Method::POST, "/v1/outbox/drop", Role::Operator, "dropOutbox", give_up)
            .says("Give effects up: one, those of one cause, or all dead ones")
            .takes::<OutboxChoice>()
            .gives::<Mended>(),
    ]
}

/// Which effects are listed.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OutboxQuery {
    /// `waiting`, `held`, `dead`, `done`, `superseded` or `dropped`; left out: the first three.
    #[serde(default)]
    state: Option<String>,
    /// Those for this connection; a destination's is `notify:` and its id.
    #[serde(default)]
    connection: Option<String>,
    /// Those with this cause, such as `not-found`.
    #[serde(default)]
    cause: Option<String>,
    /// What comes after this: `next` of the piece before, or an effect's number; the beginning
    /// if left out.
    #[serde(default)]
    after: Option<String>,
    /// How many at most: 100 if left out, and never more than 1000.
    #[serde(default)]
    limit: Option<u32>,
}

/// Effects of one connection that met the same.
#[derive(Serialize, JsonSchema)]
struct OutboxCause {
    /// The connection.
    connection: String,
    /// `dead`, or `waiting` where they are tried again.
    state: String,
    /// What they met.
    cause: String,
    /// How many.
    effects: u64,
    /// When the first of them met it, or is tried next.
    #[schemars(with = "String")]
    oldest: Timestamp,
    /// What to do about it.
    mend: String,
}

/// Which effects: exactly one of `effect`, `cause` and `all`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OutboxChoice {
    /// The one of this id, waiting or dead.
    #[serde(default)]
    effect: Option<String>,
    /// The dead ones with this cause.
    #[serde(default)]
    cause: Option<String>,
    /// Of those, or of all, only the ones for this connection.
    #[serde(default)]
    connection: Option<String>,
    /// All dead ones.
    #[serde(default)]
    all: bool,
}

impl From<Cause> for OutboxCause {
    fn from(Cause { connection, state, trouble, effects, oldest }: Cause) -> Self {
        Self {
            connection: connection.to_string(),
            state: state.as_str().into(),
            cause: trouble.code().into(),
            effects,
            oldest,
            mend: trouble.mend().into(),
        }
    }
}

async fn list(
    State(doors): State<Arc<Doors>>,
    caller: Caller,
    Asked(asked): Asked<OutboxQuery>,
) -> Result<Json<Page<OutboxEffect>>, Problem> {
    let paging = Paging { after: asked.after, limit: asked.limit };
    let state = match asked.state.as_deref() {
        Some(name) => Some(LaneState::named(name).ok_or_else(|| unknown("state", name))?),
        None => None,
    };
    let mut sought = Sought {
        state,
        connection: asked.connection.map(Into::into),
        cause: known(asked.cause)?,
        after: paging.after_number()?,
        limit: paging.limit() + 1,
    };
    let (tenant, mut letters) = (caller.tenant()?, Vec::new());
    // One that cannot be read is left out, so that fewer than there are do not mean the end.
    while sought.limit > 0 {
        let more = doors.outbox.list(tenant, &sought).await.map_err(|error| Problem::store(&error))?;
        let Some(last) = more.last else { break };
        sought.after = last;
        sought.limit = sought.limit.saturating_sub(u32::try_from(more.letters.len()).unwrap_or(u32::MAX));
        letters.extend(more.letters.into_iter().map(OutboxEffect::from));
    }
    Ok(Json(Page::read(letters, &paging, |effect: &OutboxEffect| effect.number.to_string())))
}

async fn causes(
    State(doors): State<Arc<Doors>>,
    caller: Caller,
    Asked(paging): Asked<Paging>,
) -> Result<Json<Page<OutboxCause>>, Problem> {
    let causes = doors.outbox.causes(caller.tenant()?).await.map_err(|error| Problem::store(&error))?;
    let key = |cause: &OutboxCause| format!("{}/{}/{}", cause.connection, cause.state, cause.cause);
    Ok(Json(Page::cut(causes.into_iter().map(OutboxCause::from).collect(), &paging, key)?))
}

async fn retry(
    State(doors): State<Arc<Doors>>,
    caller: Caller,
    Given(choice): Given<OutboxChoice>,
) -> Result<Json<Mended>, Problem> {
    mend(&doors, &caller, choice, Repair::Retry).await
}

async fn give_up(
    State(doors): State<Arc<Doors>>,
    caller: Caller,
    Given(choice): Given<OutboxChoice>,
) -> Result<Json<Mended>, Problem> {
    mend(&doors, &caller, choice, Repair::Drop).await
}

async fn mend(doors: &Doors, caller: &Caller, choice: OutboxChoice, repair: Repair) -> Result<Json<Mended>, Problem> {
    let (tenant, now) = (caller.tenant()?, doors.clock.now());
    let choice = match choice {
        OutboxChoice { effect: Some(effect), cause: None, connection: None, all: false } => {
            Choice::One(EffectId::from(effect))
        }
        OutboxChoice { effect: None, cause, connection, all } if cause.is_some() != all => {
            Choice::Dead(Group { cause: known(cause)?, connection: connection.map(Into::into) })
        }
        _ => return Err(unclear()),
    };
    let one = matches!(choice, Choice::One(_));
    let mending = Mending { store: &*doors.store, outbox: &*doors.outbox, access: &*doors.access };
    let effects = mending.mend(tenant, choice, repair, caller.who(), now).await;
    match effects.map_err(|error| Problem::store(&error))? {
        0 if one => Err(Problem::missing("waiting or dead effect of this id")),
        effects => Ok(Json(Mended { effects })),
    }
}

/// A cause that there is.
fn known(cause: Option<String>) -> Result<Option<String>, Problem> {
    match cause {
        Some(code) if !is_cause(&code) => Err(unknown("cause", &code)),
        cause => Ok(cause),
    }
}

fn unknown(what: &str, name: &str) -> Problem {
    Problem {
        status: StatusCode::BAD_REQUEST,
        kind: "unknown-name",
        detail: format!("There is no {what} `{name}` of effects."),
        mend: "States are waiting, held, dead, done, superseded and dropped; GET /v1/outbox/causes lists causes.",
        retry_after: None,
    }
}

fn unclear() -> Problem {
    Problem {
        status: StatusCode::BAD_REQUEST,
        kind: "unclear-choice",
        detail: "It is not clear which effects are meant.".into(),
        mend: "Name exactly one: {\"effect\": \"…\"}, {\"cause\": \"…\"} or {\"all\": true}; the last two may have a connection.",
        retry_after: None,
    }
}
