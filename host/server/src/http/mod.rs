//! What Rota answers over HTTP.

mod api;
mod audit;
mod claims;
mod connections;
mod decisions;
mod flows;
mod front;
mod health;
mod leads;
mod limits;
mod log;
mod metrics;
mod offers;
mod outbox;
mod people;
mod plugins;
mod pools;
mod problem;
mod reps;
mod route;
mod rows;
mod secrets;
mod serve;
mod standing;
mod status;
mod stream;
mod tables;
mod tenants;
mod tokens;
mod told;
mod traced;
mod webhooks;
mod why;
mod workspace;

use std::collections::HashMap;
use std::sync::Arc;

use rota_crm::Secret;
use rota_flow::affinity::Affinity;
use rota_flow::ingest::Inbox;
use rota_flow::ports::{Access, Clock, Library, Outbox, People, Store, Tenancy, Vault};

use self::api::Route;
use crate::claims::Claims;
use crate::gate::Gate;
use crate::meter::Meter;
use crate::tenants::Tenants;
use crate::uploads::Uploads;
use crate::watched::Watched;
use crate::workspaces::Workspaces;

pub(crate) use front::Front;
pub(crate) use limits::Limits;
pub use serve::Serving;
pub(crate) use serve::serve;

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
    /// Whom tokens let in.
    pub gate: Arc<Gate>,
    /// Who is a tenant at all.
    pub tenancy: Arc<dyn Tenancy>,
    /// What is watched.
    pub watched: Arc<Watched>,
    /// What is counted.
    pub meter: Meter,
    /// Tenants' secrets.
    pub vault: Arc<dyn Vault>,
    /// Persons, to be given out or erased.
    pub people: Arc<dyn People>,
    /// What tenants uploaded.
    pub library: Arc<dyn Library>,
    /// The way in for components.
    pub uploads: Arc<Uploads>,
    /// Which hosts there are, and for which tenants this one decides.
    pub affinity: Arc<Affinity>,
    /// Who is alive here.
    pub tenants: Arc<Tenants>,
    /// How workspaces are changed.
    pub workspaces: Arc<Workspaces>,
    /// The apps whose webhooks come in, by name.
    pub apps: HashMap<String, AppDoor>,
    /// The address that CRMs call and sign.
    pub public_url: String,
    /// Makes the links with which reps take leads, and reads them.
    pub claims: Claims,
    /// How much of the server one caller may have.
    pub(crate) limits: Arc<Limits>,
}

/// One app's webhooks.
pub struct AppDoor {
    /// What they are signed with.
    pub secret: Secret,
    /// Whether a signature of version 1 alone is let in.
    pub allow_v1: bool,
}

/// What programs call, one list a file.
fn routes() -> Vec<Route> {
    let routes = [
        health::routes(),
        webhooks::routes(),
        route::routes(),
        leads::routes(),
        claims::routes(),
        offers::routes(),
        told::routes(),
        decisions::routes(),
        log::routes(),
        why::routes(),
        pools::routes(),
        reps::routes(),
        flows::routes(),
        tables::routes(),
        rows::routes(),
        outbox::routes(),
        connections::routes(),
        workspace::routes(),
        plugins::routes(),
        people::routes(),
        secrets::routes(),
        tokens::routes(),
        audit::routes(),
        tenants::routes(),
        metrics::routes(),
        status::routes(),
    ];
    routes.into_iter().flatten().collect()
}
