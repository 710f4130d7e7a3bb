//! `GET /health`: whether this process answers.

use axum::Json;
use serde_json::{Value, json};

/// Answers that the process is there.
pub(super) async fn health() -> Json<Value> {
    Json(json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") }))
}
