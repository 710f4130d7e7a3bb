//! Batches of records: read, create, update, archive. One input that breaks a rule fails a whole
//! batch write; an id that does not exist fails alone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::objects::{Creation, ObjectPath, checked_id_property};
use super::{Edition, body, kind, view};
use crate::double::Double;
use crate::errors::ApiError;
use crate::id::Id;
use crate::kind::Kind;
use crate::writes;

/// The most records in a batch.
const MAX_INPUTS: usize = 100;

/// A batch of inputs and nothing else.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Inputs<T> {
    pub(super) inputs: Vec<T>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct BatchRead {
    #[serde(default)]
    properties: Vec<String>,
    #[serde(default)]
    properties_with_history: Vec<String>,
    #[serde(default)]
    id_property: Option<String>,
    inputs: Vec<IdText>,
}

/// An id that may turn out to be none, such as an address.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IdText {
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Update {
    id: String,
    #[serde(default)]
    id_property: Option<String>,
    properties: BTreeMap<String, String>,
    #[serde(default)]
    object_write_trace_id: Option<String>,
}

/// Refuses a batch without inputs or with too many.
pub(super) fn check_size<T>(inputs: &[T], most: usize) -> Result<(), ApiError> {
    match inputs.len() {
        0 => Err(ApiError::validation("inputs is empty; a batch needs at least one")),
        many if many > most => {
            Err(ApiError::validation(format!("inputs has {many} entries; a batch has at most {most}")))
        }
        _ => Ok(()),
    }
}

/// The answer to a batch: 207 where some inputs failed, unless the version folds that into the
/// usual status.
pub(super) fn answer(
    edition: Edition,
    usual: StatusCode,
    results: Vec<Value>,
    errors: Vec<Value>,
    at: Timestamp,
) -> Response {
    let mixed = !errors.is_empty() && !edition.folds_errors();
    let status = if mixed { StatusCode::MULTI_STATUS } else { usual };
    (status, Json(view::batch(results, errors, at))).into_response()
}

fn not_found(kind: Kind, ids: &[String]) -> Value {
    let kind = kind.singular().to_uppercase();
    let message =
        format!("Could not get some {kind} objects, they may be deleted or not exist. Check that ids are valid.");
    json!({"status": "error", "category": "OBJECT_NOT_FOUND", "message": message, "context": {"ids": ids}})
}

pub(super) async fn read(
    State(double): State<Arc<Double>>,
    Extension(edition): Extension<Edition>,
    Path(path): Path<ObjectPath>,
    bytes: Bytes,
) -> Result<Response, ApiError> {
    let kind = kind(&path.kind)?;
    let BatchRead { properties, properties_with_history, id_property, inputs } = body(&bytes)?;
    check_size(&inputs, MAX_INPUTS)?;
    let by = checked_id_property(&double.catalogue, kind, id_property.as_deref())?;
    let state = double.state();
    let (mut found, mut missing) = (BTreeSet::new(), Vec::new());
    for IdText { id } in inputs {
        let meant = match by {
            Some(name) => state.by_property(kind, name, &id),
            None => Id::parse(&id).map(|id| state.merged_into(kind, id).unwrap_or(id)),
        };
        match meant.filter(|id| state.live(kind, *id).is_some()) {
            Some(id) => drop(found.insert(id)),
            None => missing.push(id),
        }
    }
    let records = found.into_iter().filter_map(|id| state.live(kind, id));
    let results = records
        .map(|record| view::read(&double.catalogue, kind, record, &properties, &properties_with_history))
        .collect();
    let errors = if missing.is_empty() { Vec::new() } else { vec![not_found(kind, &missing)] };
    Ok(answer(edition, StatusCode::OK, results, errors, double.clock.now()))
}

pub(super) async fn create(
    State(double): State<Arc<Double>>,
    Extension(edition): Extension<Edition>,
    Path(path): Path<ObjectPath>,
    bytes: Bytes,
) -> Result<Response, ApiError> {
    let kind = kind(&path.kind)?;
    let Inputs { inputs } = body::<Inputs<Creation>>(&bytes)?;
    check_size(&inputs, MAX_INPUTS)?;
    let (now, actor) = (double.clock.now(), double.integration());
    // Only where every input can be told apart does each one stand for itself.
    let traced = inputs.iter().all(|input| input.object_write_trace_id.is_some());
    let (mut good, mut errors, mut emails) = (Vec::new(), Vec::new(), BTreeSet::new());
    let mut state = double.state();
    for input in inputs {
        let trace_id = input.object_write_trace_id.clone();
        let checked = input.record(kind).and_then(|made| {
            double.checks(&state, edition).creation(kind, &made)?;
            let email = made.properties.get("email").filter(|email| kind == Kind::Contact && !email.is_empty());
            if let Some(email) = email.filter(|email| !emails.insert(email.to_lowercase())) {
                return Err(ApiError::duplicate_ids(std::slice::from_ref(email)));
            }
            Ok(made)
        });
        match checked {
            Ok(made) => good.push((made, trace_id)),
            Err(refused) if traced => errors.push(json!({
                "status": "error",
                "category": refused.rest.get("category"),
                "message": refused.message,
                "context": {"objectWriteTraceId": [trace_id]},
            })),
            Err(refused) => return Err(refused),
        }
    }
    let mut results = Vec::with_capacity(good.len());
    for (made, trace_id) in good {
        let (id, changes) = writes::create(&mut state, kind, made, &actor, now);
        if let Some(record) = state.live(kind, id) {
            let mut result = view::written(record, [].iter());
            if let Some(trace_id) = trace_id {
                result["objectWriteTraceId"] = trace_id.into();
            }
            results.push(result);
        }
        double.announce(&changes, &actor, now);
    }
    Ok(answer(edition, StatusCode::CREATED, results, errors, now))
}

pub(super) async fn update(
    State(double): State<Arc<Double>>,
    Extension(edition): Extension<Edition>,
    Path(path): Path<ObjectPath>,
    bytes: Bytes,
) -> Result<Response, ApiError> {
    let kind = kind(&path.kind)?;
    let Inputs { inputs } = body::<Inputs<Update>>(&bytes)?;
    check_size(&inputs, MAX_INPUTS)?;
    refuse_repeated(inputs.iter().map(|input| input.id.as_str()))?;
    if inputs.iter().any(|input| input.id_property.as_deref().is_some_and(|name| name != "hs_object_id")) {
        let message = format!("Unable to perform update/upsert by non-unique {} property", kind.type_id());
        return Err(ApiError::validation(message));
    }
    let (now, actor) = (double.clock.now(), double.integration());
    let (mut good, mut errors) = (Vec::new(), Vec::new());
    let mut state = double.state();
    for input in inputs {
        // An address in the place of an id does not fail and changes nothing; nor does the id of
        // a contact that was merged into another.
        let Some(id) = Id::parse(&input.id).filter(|id| state.merged_into(kind, *id).is_none()) else {
            continue;
        };
        let Some(record) = state.live(kind, id) else {
            let mut error = not_found(kind, &[input.id]);
            if let Some(trace_id) = input.object_write_trace_id {
                error["context"]["objectWriteTraceId"] = json!([trace_id]);
            }
            errors.push(error);
            continue;
        };
        double.checks(&state, edition).update(kind, record, &input.properties)?;
        good.push((id, input.properties));
    }
    let mut results = Vec::with_capacity(good.len());
    for (id, properties) in good {
        let changes = writes::update(&mut state, kind, id, &properties, &actor, now);
        results.extend(state.live(kind, id).map(|record| view::batch_updated(kind, record, properties.keys())));
        double.announce(&changes, &actor, now);
    }
    Ok(answer(edition, StatusCode::OK, results, errors, now))
}

pub(super) async fn archive(
    State(double): State<Arc<Double>>,
    Path(path): Path<ObjectPath>,
    bytes: Bytes,
) -> Result<StatusCode, ApiError> {
    let kind = kind(&path.kind)?;
    let Inputs { inputs } = body::<Inputs<IdText>>(&bytes)?;
    check_size(&inputs, MAX_INPUTS)?;
    let (now, actor) = (double.clock.now(), double.integration());
    let mut state = double.state();
    for id in inputs.iter().filter_map(|input| Id::parse(&input.id)) {
        let changes = writes::archive(&mut state, kind, id, now);
        double.announce(&changes, &actor, now);
    }
    Ok(StatusCode::NO_CONTENT)
}

fn refuse_repeated<'a>(ids: impl Iterator<Item = &'a str>) -> Result<(), ApiError> {
    let mut seen = BTreeSet::new();
    let repeated: BTreeSet<&str> = ids.filter(|id| !seen.insert(*id)).collect();
    if repeated.is_empty() {
        return Ok(());
    }
    let repeated: Vec<String> = repeated.into_iter().map(str::to_owned).collect();
    Err(ApiError::duplicate_ids(&repeated))
}
