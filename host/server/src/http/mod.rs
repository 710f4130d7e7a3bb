//! What Rota answers over HTTP.

mod api;
mod connections;
mod health;
mod outbox;
mod problem;
mod tokens;
mod webhooks;

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::post;
use rota_crm::Secret;
use rota_flow::ingest::Inbox;
use rota_flow::ports::{Access, Clock, Outbox, Store};

use self::api::Route;
use crate::tenants::Tenants;

/// The largest request body. HubSpot sends at most a hundred events of some hundred bytes.
const BODY_MAX: usize = 1 << 20;

/// What the routes work with.
pub struct Doors {
    /// Where events go.
    pub inbox: Arc<Inbox>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Durable state.
    pub store: Arc<dyn Store>,
    /// Who may ask what.
    pub access: Arc<dyn Access>,
    /// What has not reached the world yet.
    pub outbox: Arc<dyn Outbox>,
    /// Who is alive here.
    pub tenants: Arc<Tenants>,
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
}

/// All routes.
pub fn router(doors: Arc<Doors>) -> Router {
    Router::new()
        .route("/v1/hubspot/{app}/webhook", post(webhooks::receive))
        .merge(api::router(routes(), &doors))
        .fallback(problem::not_found)
        .method_not_allowed_fallback(problem::method_not_allowed)
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .with_state(doors)
}

/// What programs call, one list a file.
fn routes() -> Vec<Route> {
    [health::routes(), tokens::routes(), outbox::routes(), connections::routes()].into_iter().flatten().collect()
}
