//! Single records: read, create, update, archive.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::Value;

use super::{Edition, Pairs, body, id, kind, list_of, value_of, view};
use crate::associations::target_of;
use crate::catalogue::Catalogue;
use crate::double::Double;
use crate::errors::ApiError;
use crate::id::Id;
use crate::kind::Kind;
use crate::state;
use crate::writes::{self, NewRecord};

/// Where a request for objects goes; other parts of the path are left alone.
#[derive(Deserialize)]
pub(super) struct ObjectPath {
    pub(super) kind: String,
    #[serde(default)]
    pub(super) id: String,
}

/// The body of a creation.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Creation {
    #[serde(default)]
    properties: BTreeMap<String, String>,
    #[serde(default)]
    associations: Vec<NewAssociation>,
    #[serde(default)]
    pub(super) object_write_trace_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewAssociation {
    to: Reference,
    types: Vec<TypeReference>,
}

/// `{"id": …}`, as a string or a number.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reference {
    pub(super) id: Id,
}

/// An association type as writes name it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct TypeReference {
    association_category: String,
    association_type_id: u32,
}

impl TypeReference {
    /// The id, where the category is the one the double knows.
    pub(super) fn known(&self) -> Result<u32, ApiError> {
        match self.association_category.as_str() {
            "HUBSPOT_DEFINED" => Ok(self.association_type_id),
            other => Err(ApiError::validation(format!(
                "associationCategory {other} has no type {}; only HUBSPOT_DEFINED types exist here",
                self.association_type_id
            ))),
        }
    }
}

impl Creation {
    /// The record to be made; which type an association leads to follows from its type id.
    pub(super) fn record(self, kind: Kind) -> Result<NewRecord, ApiError> {
        let mut made = NewRecord { properties: self.properties, ..NewRecord::default() };
        for association in self.associations {
            let types = association.types.iter().map(TypeReference::known).collect::<Result<BTreeSet<u32>, _>>()?;
            let Some(first) = types.first() else {
                return Err(ApiError::validation("associations need at least one of types"));
            };
            let to_kind = target_of(kind, *first).ok_or_else(|| {
                ApiError::validation(format!("associationTypeId {first} doesn't exist from {}", kind.singular()))
            })?;
            made.associations.push((to_kind, association.to.id, types));
        }
        Ok(made)
    }
}

/// The body of a single update.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Update {
    properties: BTreeMap<String, String>,
    #[serde(default, rename = "objectWriteTraceId")]
    _trace_id: Option<String>,
}

/// Whether records are looked for by something else than their id; refused where that is not
/// unique.
pub(super) fn checked_id_property<'a>(
    catalogue: &Catalogue,
    kind: Kind,
    name: Option<&'a str>,
) -> Result<Option<&'a str>, ApiError> {
    let Some(name) = name.filter(|name| *name != "hs_object_id") else {
        return Ok(None);
    };
    if catalogue.get(kind, name).is_some_and(|property| property.unique) {
        return Ok(Some(name));
    }
    Err(ApiError::validation(format!("Unable to look up {} by non-unique property {name}", kind.type_id())))
}

/// The id of the record that a path means, by id or by a unique property. Ids of merged contacts
/// lead to the contact they went into.
fn meant(double: &Double, state: &state::State, kind: Kind, text: &str, query: &Pairs) -> Result<Id, ApiError> {
    match checked_id_property(&double.catalogue, kind, value_of(query, "idProperty"))? {
        Some(name) => state.by_property(kind, name, text).ok_or_else(ApiError::no_such_record),
        None => id(text).map(|id| state.merged_into(kind, id).unwrap_or(id)),
    }
}

pub(super) async fn read(
    State(double): State<Arc<Double>>,
    Path(path): Path<ObjectPath>,
    Query(query): Query<Pairs>,
) -> Result<Json<Value>, ApiError> {
    let kind = kind(&path.kind)?;
    let state = double.state();
    let id = meant(&double, &state, kind, &path.id, &query)?;
    let archived = value_of(&query, "archived") == Some("true");
    let record = state.any(kind, id).filter(|record| record.archived_at.is_some() == archived);
    let record = record.ok_or_else(ApiError::no_such_record)?;
    let (asked, with_history) = (list_of(&query, "properties"), list_of(&query, "propertiesWithHistory"));
    Ok(Json(view::read(&double.catalogue, kind, record, &asked, &with_history)))
}

pub(super) async fn create(
    State(double): State<Arc<Double>>,
    Extension(edition): Extension<Edition>,
    Path(path): Path<ObjectPath>,
    bytes: Bytes,
) -> Result<Response, ApiError> {
    let kind = kind(&path.kind)?;
    let made = body::<Creation>(&bytes)?.record(kind)?;
    let (now, actor) = (double.clock.now(), double.integration());
    let mut state = double.state();
    double.checks(&state, edition).creation(kind, &made)?;
    let (id, changes) = writes::create(&mut state, kind, made, &actor, now);
    let record = state.live(kind, id).ok_or_else(ApiError::no_such_record)?;
    let answer = view::written(record, [].iter());
    double.announce(&changes, &actor, now);
    Ok((StatusCode::CREATED, Json(answer)).into_response())
}

pub(super) async fn update(
    State(double): State<Arc<Double>>,
    Extension(edition): Extension<Edition>,
    Path(path): Path<ObjectPath>,
    Query(query): Query<Pairs>,
    bytes: Bytes,
) -> Result<Json<Value>, ApiError> {
    let kind = kind(&path.kind)?;
    let Update { properties, .. } = body(&bytes)?;
    let (now, actor) = (double.clock.now(), double.integration());
    let mut state = double.state();
    let id = meant(&double, &state, kind, &path.id, &query)?;
    let record = state.live(kind, id).ok_or_else(ApiError::no_such_record)?;
    double.checks(&state, edition).update(kind, record, &properties)?;
    let changes = writes::update(&mut state, kind, id, &properties, &actor, now);
    let record = state.live(kind, id).ok_or_else(ApiError::no_such_record)?;
    let answer = view::written(record, properties.keys());
    double.announce(&changes, &actor, now);
    Ok(Json(answer))
}

pub(super) async fn archive(
    State(double): State<Arc<Double>>,
    Path(path): Path<ObjectPath>,
) -> Result<StatusCode, ApiError> {
    let kind = kind(&path.kind)?;
    let id = id(&path.id)?;
    let (now, actor) = (double.clock.now(), double.integration());
    let mut state = double.state();
    state.any(kind, id).ok_or_else(ApiError::no_such_record)?;
    let changes = writes::archive(&mut state, kind, id, now);
    double.announce(&changes, &actor, now);
    Ok(StatusCode::NO_CONTENT)
}
