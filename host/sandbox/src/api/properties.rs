//! The property catalogue. Read only; custom properties come with the seed.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::kind;
use crate::double::Double;
use crate::errors::ApiError;

#[derive(Deserialize)]
pub(super) struct PropertyPath {
    kind: String,
    #[serde(default)]
    name: String,
}

pub(super) async fn list(
    State(double): State<Arc<Double>>,
    Path(path): Path<PropertyPath>,
) -> Result<Json<Value>, ApiError> {
    let kind = kind(&path.kind)?;
    let results: Vec<Value> = double.catalogue.of(kind).map(|property| property.to_json(kind)).collect();
    Ok(Json(json!({"results": results})))
}

pub(super) async fn read(
    State(double): State<Arc<Double>>,
    Path(path): Path<PropertyPath>,
) -> Result<Json<Value>, ApiError> {
    let kind = kind(&path.kind)?;
    let property = double.catalogue.get(kind, &path.name).ok_or_else(ApiError::no_such_record)?;
    Ok(Json(property.to_json(kind)))
}
