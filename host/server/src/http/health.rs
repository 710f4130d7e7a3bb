//! `GET /health`: whether this process answers.

use axum::Json;
use axum::http::Method;
use schemars::JsonSchema;
use serde::Serialize;

use super::api::Route;

/// How the process is.
#[derive(Serialize, JsonSchema)]
struct Health {
    /// `ok`.
    status: &'static str,
    /// The version of Rota.
    version: &'static str,
}

/// The routes of this file.
pub(super) fn routes() -> Vec<Route> {
    vec![Route::open(Method::GET, "/health", "health", health).says("Whether the server answers").gives::<Health>()]
}

async fn health() -> Json<Health> {
    Json(Health { status: "ok", version: env!("CARGO_PKG_VERSION") })
}
