//! Associations, version 4: list, put, and both batches.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::batch::{Inputs, answer, check_size};
use super::objects::{Reference, TypeReference};
use super::{Edition, Pairs, body, id, kind, limit_of, value_of, view};
use crate::associations::{Node, TypeIds, default_type, type_of};
use crate::double::Double;
use crate::errors::ApiError;
use crate::id::Id;
use crate::kind::Kind;

const MAX_READS: usize = 1_000;
const MAX_CREATIONS: usize = 2_000;
const PAGE: usize = 500;

/// Both ends of an association, as far as the path names them.
#[derive(Deserialize)]
pub(super) struct Ends {
    kind: String,
    #[serde(default)]
    id: String,
    to_kind: String,
    #[serde(default)]
    to_id: String,
}

impl Ends {
    fn nodes(&self) -> Result<(Node, Node), ApiError> {
        Ok(((kind(&self.kind)?, id(&self.id)?), (kind(&self.to_kind)?, id(&self.to_id)?)))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Creation {
    from: Reference,
    to: Reference,
    types: Vec<TypeReference>,
}

/// An association as reads give it; the id is a number here, unlike everywhere else.
fn association(from: Kind, to: Kind, (to_id, types): (Id, &TypeIds)) -> Value {
    let types = types.iter().rev().filter_map(|id| type_of(from, to, *id));
    let types: Vec<Value> =
        types.map(|it| json!({"category": "HUBSPOT_DEFINED", "typeId": it.id, "label": it.label})).collect();
    json!({"toObjectId": to_id.0, "associationTypes": types})
}

/// An association as labelled writes give it.
fn labelled(from: Node, to: Node, types: &TypeIds) -> Value {
    let labels: Vec<&str> = types.iter().filter_map(|id| type_of(from.0, to.0, *id)?.label).collect();
    json!({"fromObjectTypeId": from.0.type_id(), "fromObjectId": from.1, "toObjectTypeId": to.0.type_id(),
           "toObjectId": to.1, "labels": labels})
}

pub(super) async fn list(
    State(double): State<Arc<Double>>,
    Path(ends): Path<Ends>,
    Query(query): Query<Pairs>,
) -> Result<Json<Value>, ApiError> {
    let (from, to) = ((kind(&ends.kind)?, id(&ends.id)?), kind(&ends.to_kind)?);
    let limit = limit_of(&query, PAGE, PAGE)?;
    let after = match value_of(&query, "after") {
        Some(cursor) => Some(
            read_cursor(cursor)
                .ok_or_else(|| ApiError::validation(format!("after is no cursor of this list: {cursor}")))?,
        ),
        None => None,
    };
    let state = double.state();
    state.live(from.0, from.1).ok_or_else(ApiError::no_such_record)?;
    let mut rest = state.associations.of(from, to).filter(|(id, _)| after.is_none_or(|after| *id > after)).peekable();
    let page: Vec<(Id, &TypeIds)> = rest.by_ref().take(limit).collect();
    let mut answer = json!({"results": page.iter().map(|found| association(from.0, to, *found)).collect::<Vec<_>>()});
    if let Some((last, _)) = page.last().filter(|_| rest.peek().is_some()) {
        answer["paging"] = json!({"next": {"after": STANDARD.encode(last.to_string())}});
    }
    Ok(Json(answer))
}

pub(super) async fn put_default(
    State(double): State<Arc<Double>>,
    Path(ends): Path<Ends>,
) -> Result<Json<Value>, ApiError> {
    let (from, to) = ends.nodes()?;
    let mut state = double.state();
    double.checks(&state, Edition::Numbered).association((from.0, Some(from.1)), to, &TypeIds::new())?;
    state.associations.add(from, to, &TypeIds::new());
    let results = [(from, to), (to, from)].into_iter().filter_map(|(from, to)| {
        let id = default_type(from.0, to.0)?.id;
        Some(json!({"from": {"id": from.1}, "to": {"id": to.1},
                    "associationSpec": {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": id}}))
    });
    Ok(Json(view::batch(results.collect(), Vec::new(), double.clock.now())))
}

pub(super) async fn put_labelled(
    State(double): State<Arc<Double>>,
    Path(ends): Path<Ends>,
    bytes: Bytes,
) -> Result<Response, ApiError> {
    let (from, to) = ends.nodes()?;
    let types = known_types(&body::<Vec<TypeReference>>(&bytes)?)?;
    let mut state = double.state();
    double.checks(&state, Edition::Numbered).association((from.0, Some(from.1)), to, &types)?;
    state.associations.replace(from, to, &types);
    Ok((StatusCode::CREATED, Json(labelled(from, to, &types))).into_response())
}

pub(super) async fn batch_read(
    State(double): State<Arc<Double>>,
    Extension(edition): Extension<Edition>,
    Path(ends): Path<Ends>,
    bytes: Bytes,
) -> Result<Response, ApiError> {
    let (from, to) = (kind(&ends.kind)?, kind(&ends.to_kind)?);
    let Inputs { inputs } = body::<Inputs<Reference>>(&bytes)?;
    check_size(&inputs, MAX_READS)?;
    let state = double.state();
    let (mut results, mut errors) = (Vec::new(), Vec::new());
    for Reference { id } in inputs {
        let found: Vec<Value> =
            state.associations.of((from, id), to).map(|found| association(from, to, found)).collect();
        if found.is_empty() {
            errors.push(none_found(from, id, to));
        } else {
            results.push(json!({"from": {"id": id}, "to": found}));
        }
    }
    Ok(answer(edition, StatusCode::OK, results, errors, double.clock.now()))
}

pub(super) async fn batch_create(
    State(double): State<Arc<Double>>,
    Path(ends): Path<Ends>,
    bytes: Bytes,
) -> Result<Response, ApiError> {
    let (from_kind, to_kind) = (kind(&ends.kind)?, kind(&ends.to_kind)?);
    let Inputs { inputs } = body::<Inputs<Creation>>(&bytes)?;
    check_size(&inputs, MAX_CREATIONS)?;
    let mut state = double.state();
    let mut checked = Vec::with_capacity(inputs.len());
    for Creation { from, to, types } in inputs {
        let (from, to, types) = ((from_kind, from.id), (to_kind, to.id), known_types(&types)?);
        double.checks(&state, Edition::Numbered).association((from.0, Some(from.1)), to, &types)?;
        checked.push((from, to, types));
    }
    let mut results = Vec::with_capacity(checked.len());
    for (from, to, types) in checked {
        state.associations.add(from, to, &types);
        results.push(labelled(from, to, &types));
    }
    Ok((StatusCode::CREATED, Json(view::batch(results, Vec::new(), double.clock.now()))).into_response())
}

fn known_types(types: &[TypeReference]) -> Result<TypeIds, ApiError> {
    let known = types.iter().map(TypeReference::known).collect::<Result<BTreeSet<u32>, _>>()?;
    if known.is_empty() { Err(ApiError::validation("at least one association type is needed")) } else { Ok(known) }
}

/// That a record has no such associations counts as an error of its input.
fn none_found(from: Kind, id: Id, to: Kind) -> Value {
    let (from, to) = (from.singular(), to.singular());
    json!({
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND",
        "message": format!("No {to} is associated with {from} {id}."),
        "context": {"fromObjectId": [id], "fromObjectType": [from], "toObjectType": [to]},
    })
}

fn read_cursor(cursor: &str) -> Option<Id> {
    let bytes = STANDARD.decode(cursor).ok()?;
    Id::parse(std::str::from_utf8(&bytes).ok()?)
}
