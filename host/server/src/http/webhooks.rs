//! HubSpot's webhooks: signature checked over the configured address, the tenant found by
//! the signed account number, everything stored, and only then acknowledged.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use rota_crm::hubspot::{Allow, Refusal, Signed, parse, promises, verify};
use rota_domain::id::TenantId;
use rota_flow::ports::{Accepted, Arrival, Payload};
use schemars::JsonSchema;
use serde::Serialize;

use super::api::Route;
use super::problem::Problem;
use super::{AppDoor, Doors};

/// Events that may wait for a tenant while nobody decides them, besides erasures.
const WAITING_MAX: u64 = 100_000;
/// When to come again then, in seconds.
const WAIT_SECONDS: u64 = 300;

/// The routes of this file.
pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::signed(Method::POST, "/v1/hubspot/{app}/webhook", "receiveHubspotWebhook", receive)
            .says("Take in what HubSpot sends: an array of events, signed with the app's secret")
            .takes::<Vec<serde_json::Map<String, serde_json::Value>>>()
            .gives::<Receipt>(),
    ]
}

/// What became of a request's events.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct Receipt {
    /// Events that wait now.
    accepted: usize,
    /// Events that had come before.
    duplicates: usize,
    /// Events of kinds that call for no decision.
    ignored: usize,
    /// Events of accounts that no workspace is connected to.
    unknown_portal: usize,
    /// Events that wait until the suspension of their tenant ends.
    suspended: usize,
    /// What was wrong with events that could not be read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unreadable: Vec<String>,
}

impl Receipt {
    fn count(&self, app: &str, doors: &Doors) {
        let results = [
            ("accepted", self.accepted),
            ("duplicate", self.duplicates),
            ("ignored", self.ignored),
            ("unknown-portal", self.unknown_portal),
            ("suspended", self.suspended),
            ("unreadable", self.unreadable.len()),
        ];
        for (result, count) in results {
            doors.meter.events(app, result, count);
        }
    }
}

async fn receive(
    State(doors): State<Arc<Doors>>,
    Path(app): Path<String>,
    body: Bytes,
) -> Result<Json<Receipt>, Problem> {
    let received = parse(&body).map_err(|unreadable| Problem {
        status: StatusCode::BAD_REQUEST,
        kind: "unreadable-events",
        detail: unreadable.to_string(),
        mend: "HubSpot sends a JSON array of events; see its webhooks guide.",
        retry_after: None,
    })?;
    let mut receipt = Receipt {
        ignored: received.ignored.values().sum(),
        unreadable: received.unreadable.iter().map(ToString::to_string).collect(),
        ..Receipt::default()
    };
    for wrong in &receipt.unreadable {
        tracing::warn!(app, wrong, "An event could not be read");
    }
    let mut arrivals: HashMap<TenantId, Vec<Arrival>> = HashMap::new();
    // Another host may have been told of an account a moment ago.
    if received.portals.keys().any(|portal| doors.tenants.portal(&app, *portal).is_none()) {
        doors.tenants.look_again(&*doors.tenancy).await;
    }
    for (portal, events) in received.portals {
        match doors.tenants.portal(&app, portal) {
            Some((tenant, connection)) => {
                arrivals.entry(tenant).or_default().extend(events.iter().map(|event| event.arrival(&connection)));
            }
            None => {
                tracing::info!(
                    app,
                    portal,
                    events = events.len(),
                    "Events of an account that no workspace is connected to"
                );
                receipt.unknown_portal += events.len();
            }
        }
    }
    let mut refused = None;
    for (tenant, arrivals) in arrivals {
        if let Err(problem) = store(&doors, &tenant, arrivals, &mut receipt).await {
            refused = Some(problem);
        }
    }
    receipt.count(&app, &doors);
    // A request may hold events of several tenants. HubSpot sends all of a refused one again,
    // so those who are within their rate are stored now, and are repeats then.
    refused.map_or(Ok(Json(receipt)), Err)
}

/// Stores what came for a tenant. What a CRM wants erased is never turned away: it asks no rule,
/// and is carried out while nothing else of the tenant is.
async fn store(
    doors: &Doors,
    tenant: &TenantId,
    mut arrivals: Vec<Arrival>,
    receipt: &mut Receipt,
) -> Result<(), Problem> {
    let leads = arrivals.iter().filter(|arrival| !is_erasure(arrival)).count() as u64;
    let suspended = doors.tenants.standings().suspended(tenant);
    let room = if leads > 0 { has_room(doors, tenant, leads, suspended).await } else { Ok(()) };
    if room.is_err() {
        arrivals.retain(is_erasure);
    }
    let erasures: Vec<bool> = arrivals.iter().map(is_erasure).collect();
    let accepted = doors.inbox.accept(tenant, arrivals).await.map_err(|error| unstored(&error))?;
    let mut new = 0;
    for (accepted, erasure) in accepted.into_iter().zip(erasures) {
        match accepted {
            Accepted::New if erasure => receipt.accepted += 1,
            Accepted::New => new += 1,
            Accepted::Duplicate => receipt.duplicates += 1,
        }
    }
    doors.limits.came(tenant, &doors.tenants.plan(tenant).quotas(), new as u64, doors.clock.now());
    if suspended {
        receipt.suspended += new;
    } else {
        receipt.accepted += new;
    }
    room
}

fn is_erasure(arrival: &Arrival) -> bool {
    matches!(arrival.payload, Payload::Erasure { .. })
}

/// Whether so many more leads of a tenant may wait. Nobody decides them now where the tenant is
/// suspended or did not start, so that there is a most of what waits then.
async fn has_room(doors: &Doors, tenant: &TenantId, leads: u64, suspended: bool) -> Result<(), Problem> {
    doors.limits.has_room(tenant, &doors.tenants.plan(tenant).quotas(), leads, doors.clock.now())?;
    if suspended || doors.tenants.get(tenant).is_none() {
        let (waiting, _) = doors.store.backlog(tenant).await.map_err(|error| unstored(&error))?;
        if waiting >= WAITING_MAX {
            let detail = format!("{waiting} events of the tenant `{tenant}` wait, and nobody decides them now.");
            return Err(Problem::busy(detail, WAIT_SECONDS));
        }
    }
    Ok(())
}

/// An app's webhook before its handler: its headers are judged before its body is waited for,
/// and its signature before it takes anything of the app's.
pub(super) struct Knock<'d> {
    doors: &'d Doors,
    door: &'d AppDoor,
    app: &'d str,
}

impl<'d> Knock<'d> {
    /// At the door of this app.
    ///
    /// # Errors
    /// When there is no such app.
    pub(super) fn at(doors: &'d Doors, app: &'d str) -> Result<Self, Problem> {
        let door = doors.apps.get(app).ok_or_else(|| Problem {
            status: StatusCode::NOT_FOUND,
            kind: "unknown-app",
            detail: format!("There is no app `{app}` here."),
            mend: "Add [apps.<name>] to rota.toml, and give its name in the target URL.",
            retry_after: None,
        })?;
        Ok(Self { doors, door, app })
    }

    /// Whether these headers can be HubSpot's, whatever the body will be.
    ///
    /// # Errors
    /// Why they cannot.
    pub(super) fn promises(&self, headers: &HeaderMap) -> Result<(), Problem> {
        if headers.contains_key(header::CONTENT_ENCODING) {
            return Err(Problem {
                status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
                kind: "encoded-body",
                detail: "The body is encoded, and signatures cover the plain one.".into(),
                mend: "Send it without Content-Encoding.",
                retry_after: None,
            });
        }
        promises(&signed(headers, &[]), self.doors.clock.now(), self.allow()).map_err(|refusal| self.refused(refusal))
    }

    /// Whether HubSpot signed this body.
    ///
    /// # Errors
    /// Why it did not.
    pub(super) fn check(&self, headers: &HeaderMap, body: &[u8]) -> Result<(), Problem> {
        let now = self.doors.clock.now();
        verify(&signed(headers, body), &self.url(), &self.door.secret, now, self.allow())
            .map_err(|refusal| self.refused(refusal))
    }

    fn url(&self) -> String {
        format!("{}/v1/hubspot/{}/webhook", self.doors.public_url, self.app)
    }

    fn allow(&self) -> Allow {
        if self.door.allow_v1 { Allow::V1 } else { Allow::V3 }
    }

    fn refused(&self, refusal: Refusal) -> Problem {
        tracing::warn!(app = self.app, %refusal, url = self.url(), "A webhook was refused");
        Problem {
            status: StatusCode::UNAUTHORIZED,
            kind: "bad-signature",
            detail: refusal.to_string(),
            mend: "Compare client_secret and public_url in rota.toml with the app's secret and target URL in HubSpot.",
            retry_after: None,
        }
    }
}

fn signed<'r>(headers: &'r HeaderMap, body: &'r [u8]) -> Signed<'r> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    Signed {
        method: "POST",
        body,
        v3: text("x-hubspot-signature-v3"),
        timestamp: text("x-hubspot-request-timestamp"),
        v1: text("x-hubspot-signature"),
        version: text("x-hubspot-signature-version"),
    }
}

fn unstored(error: &rota_flow::ports::StoreError) -> Problem {
    tracing::error!(%error, "Events could not be stored");
    Problem {
        status: StatusCode::SERVICE_UNAVAILABLE,
        kind: "not-stored",
        detail: "Not all of the events could be stored.".into(),
        mend: "Send all of them again later, since repeats do no harm; the operator finds the cause in the log.",
        retry_after: None,
    }
}
