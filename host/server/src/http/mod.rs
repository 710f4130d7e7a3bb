//! What Rota answers over HTTP.

mod health;
mod problem;
mod webhooks;

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use rota_crm::Secret;
use rota_domain::id::{ConnectionId, TenantId};
use rota_flow::ingest::Inbox;
use rota_flow::ports::Clock;

/// The largest request body. HubSpot sends at most a hundred events of some hundred bytes.
const BODY_MAX: usize = 1 << 20;

/// What the routes work with.
pub struct Doors {
    /// Where events go.
    pub inbox: Inbox,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The apps whose webhooks come in, by name.
    pub apps: HashMap<String, AppDoor>,
    /// The address that CRMs call and sign.
    pub public_url: String,
}

/// One app's webhooks.
pub struct AppDoor {
    /// What they are signed with.
    pub secret: Secret,
    /// Whether a signature of version 1 alone is let in.
    pub allow_v1: bool,
    /// Which tenant's connection an account belongs to.
    pub portals: HashMap<u64, (TenantId, ConnectionId)>,
}

/// All routes.
pub fn router(doors: Arc<Doors>) -> Router {
    Router::new()
        .route("/v1/hubspot/{app}/webhook", post(webhooks::receive))
        .route("/health", get(health::health))
        .fallback(problem::not_found)
        .method_not_allowed_fallback(problem::method_not_allowed)
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .with_state(doors)
}
