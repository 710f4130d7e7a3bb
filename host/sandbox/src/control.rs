//! `/_sandbox`: how a test looks into the double, acts as a person, sets faults and moves the
//! clock. These calls pass no token, no limits and no faults, and are not recorded.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post};
use axum::{Json, Router};
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::api::Edition;
use crate::clock::rfc3339;
use crate::double::Double;
use crate::errors::ApiError;
use crate::faults::Fault;
use crate::id::Id;
use crate::kind::Kind;
use crate::report;
use crate::seed::{ContactSeed, RecordSeed};
use crate::writes::{self, Actor, Change, NewRecord};

/// Thousands of contacts may be created at once.
const MAX_BODY_BYTES: usize = 64 << 20;

/// What was wrong with a control call, in one sentence.
pub(crate) struct Refused(StatusCode, String);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.0, Json(json!({"error": self.1}))).into_response()
    }
}

impl From<ApiError> for Refused {
    fn from(error: ApiError) -> Self {
        Self(error.status, error.message)
    }
}

impl Refused {
    fn bad(message: impl Into<String>) -> Self {
        Self(StatusCode::BAD_REQUEST, message.into())
    }
}

/// `PATCH /_sandbox/contacts/{id}`, and so for deals: a person changes properties; the empty string clears one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    properties: BTreeMap<String, String>,
}

/// `POST /_sandbox/clock`: exactly one of the two.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockMove {
    /// The instant that is now.
    #[serde(default)]
    at: Option<Timestamp>,
    /// How far to move on; negative goes back.
    #[serde(default)]
    advance_ms: Option<i64>,
}

/// `POST /_sandbox/target`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Target {
    /// Where webhooks go.
    url: String,
}

/// The routes below `/_sandbox`.
pub(crate) fn router(double: &Arc<Double>) -> Router {
    Router::new()
        .route("/_sandbox/state", get(state))
        .route("/_sandbox/calls", get(calls))
        .route("/_sandbox/contacts", post(create_contacts))
        .route("/_sandbox/companies", post(create_companies))
        .route("/_sandbox/deals", post(create_deals))
        .route("/_sandbox/{object}/{id}", patch(edit).delete(delete))
        .route("/_sandbox/faults", get(faults).post(set_faults))
        .route("/_sandbox/clock", get(clock).post(move_clock))
        .route("/_sandbox/target", post(set_target))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(Arc::clone(double))
}

async fn state(State(double): State<Arc<Double>>) -> Json<Value> {
    Json(report::state(&double))
}

async fn calls(State(double): State<Arc<Double>>) -> Response {
    Json(double.calls.list()).into_response()
}

async fn create_contacts(State(double): State<Arc<Double>>, bytes: Bytes) -> Result<Response, Refused> {
    create(&double, Kind::Contact, one_or_many::<ContactSeed>(&bytes)?)
}

async fn create_companies(State(double): State<Arc<Double>>, bytes: Bytes) -> Result<Response, Refused> {
    create(&double, Kind::Company, one_or_many::<RecordSeed>(&bytes)?)
}

async fn create_deals(State(double): State<Arc<Double>>, bytes: Bytes) -> Result<Response, Refused> {
    create(&double, Kind::Deal, one_or_many::<RecordSeed>(&bytes)?)
}

/// Creates records as a person would, in order; those before a refused one stay.
fn create<T: Into<NewRecord>>(double: &Double, kind: Kind, wanted: Vec<T>) -> Result<Response, Refused> {
    let (now, actor) = (double.clock.now(), person(double));
    let mut state = double.state();
    let mut ids = Vec::with_capacity(wanted.len());
    for (at, made) in wanted.into_iter().map(Into::into).enumerate() {
        let made: NewRecord = made;
        if let Some(id) = made.id.filter(|id| state.taken(kind, *id)) {
            return Err(Refused(
                StatusCode::CONFLICT,
                format!("{} {at}: the id {id} is taken; use another or none", kind.singular()),
            ));
        }
        let refused = |error: ApiError| Refused(error.status, format!("{} {at}: {}", kind.singular(), error.message));
        double.checks(&state, Edition::Numbered).creation(kind, &made).map_err(refused)?;
        let (id, changes) = writes::create(&mut state, kind, made, &actor, now);
        double.announce(&changes, &actor, now);
        ids.push(id);
    }
    Ok((StatusCode::CREATED, Json(json!({"ids": ids}))).into_response())
}

async fn edit(
    State(double): State<Arc<Double>>,
    Path((object, id)): Path<(String, String)>,
    bytes: Bytes,
) -> Result<StatusCode, Refused> {
    let Edit { properties } = parsed(&bytes)?;
    let mut state = double.state();
    let (kind, id) = known(&state, &object, &id)?;
    let record = state.live(kind, id).ok_or_else(ApiError::no_such_record)?;
    double.checks(&state, Edition::Numbered).update(kind, record, &properties)?;
    let (now, actor) = (double.clock.now(), person(&double));
    let changes = writes::update(&mut state, kind, id, &properties, &actor, now);
    Ok(announced(&double, &changes, &actor, now))
}

async fn delete(
    State(double): State<Arc<Double>>,
    Path((object, id)): Path<(String, String)>,
) -> Result<StatusCode, Refused> {
    let mut state = double.state();
    let (kind, id) = known(&state, &object, &id)?;
    let (now, actor) = (double.clock.now(), person(&double));
    let changes = writes::archive(&mut state, kind, id, now);
    Ok(announced(&double, &changes, &actor, now))
}

async fn faults(State(double): State<Arc<Double>>) -> Json<Vec<Fault>> {
    Json(double.faults.list())
}

async fn set_faults(State(double): State<Arc<Double>>, bytes: Bytes) -> Result<Json<Vec<Fault>>, Refused> {
    double.faults.replace(one_or_many(&bytes)?).map_err(Refused::bad)?;
    Ok(Json(double.faults.list()))
}

async fn clock(State(double): State<Arc<Double>>) -> Json<Value> {
    Json(json!({"now": rfc3339(double.clock.now())}))
}

async fn move_clock(State(double): State<Arc<Double>>, bytes: Bytes) -> Result<Json<Value>, Refused> {
    match parsed(&bytes)? {
        ClockMove { at: Some(at), advance_ms: None } => double.clock.set(at),
        ClockMove { at: None, advance_ms: Some(ms) } => {
            if !double.clock.advance(ms) {
                return Err(Refused::bad(format!("`advance_ms` of {ms} leaves the calendar; give a smaller number")));
            }
        }
        _ => {
            return Err(Refused::bad("give either `at`, an RFC 3339 instant, or `advance_ms`, a number"));
        }
    }
    Ok(Json(json!({"now": rfc3339(double.clock.now())})))
}

async fn set_target(State(double): State<Arc<Double>>, bytes: Bytes) -> Result<Json<Value>, Refused> {
    let Target { url } = parsed(&bytes)?;
    double.webhooks.set_target(&url).map_err(|wrong| Refused::bad(format!("`url`: {wrong}")))?;
    Ok(Json(json!({"target": double.webhooks.target()})))
}

fn person(double: &Double) -> Actor {
    Actor::person(double.seed.person_user_id)
}

fn announced(double: &Double, changes: &[Change], actor: &Actor, now: Timestamp) -> StatusCode {
    double.announce(changes, actor, now);
    StatusCode::NO_CONTENT
}

fn known(state: &crate::state::State, object: &str, id: &str) -> Result<(Kind, Id), Refused> {
    let found = Kind::parse(object).zip(Id::parse(id)).filter(|(kind, id)| state.live(*kind, *id).is_some());
    found.ok_or_else(|| {
        let object = Kind::parse(object).map_or_else(|| object.to_owned(), |kind| kind.singular().to_owned());
        Refused(StatusCode::NOT_FOUND, format!("there is no {object} {id}; GET /_sandbox/state lists them"))
    })
}

fn parsed<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refused> {
    serde_json::from_slice(bytes).map_err(|wrong| Refused::bad(format!("the body is not as it should be: {wrong}")))
}

/// An array, or one object for an array of one. Not an untagged enum: its errors name no key.
fn one_or_many<T: DeserializeOwned>(bytes: &[u8]) -> Result<Vec<T>, Refused> {
    if bytes.trim_ascii_start().starts_with(b"[") { parsed(bytes) } else { Ok(vec![parsed(bytes)?]) }
}
