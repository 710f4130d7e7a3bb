//! `GET /metrics`: figures in the text format of OpenMetrics 1.0, which Prometheus reads.

mod alarms;

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::{Method, header};
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use rota_domain::access::Role;

use super::Doors;
use super::api::{Route, Template};
use super::problem::Problem;
use crate::meter::Meter;
use crate::watched::Known;

/// What the answer is.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The routes of this file.
pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(Method::GET, "/metrics", Role::Host, "metrics", scrape)
            .says("Figures of this host, as Prometheus reads them")
            .gives_text("application/openmetrics-text"),
    ]
}

/// A call that is to be counted.
pub(super) struct Call {
    began: Instant,
    method: Method,
}

impl Call {
    /// It begins.
    #[expect(clippy::disallowed_methods, reason = "how long it took is a figure, and decides nothing")]
    pub(super) fn begins(request: &Request) -> Self {
        Self { began: Instant::now(), method: request.method().clone() }
    }

    /// It has its answer.
    pub(super) fn ended(self, answer: &Response, meter: &Meter) {
        let route = answer.extensions().get::<Template>().map_or("none", |template| template.0);
        meter.call(self.method.as_str(), route, answer.status().as_u16(), self.began.elapsed());
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfTenant {
    tenant: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Decided {
    tenant: String,
    outcome: &'static str,
    error: &'static str,
}

async fn scrape(State(doors): State<Arc<Doors>>) -> Result<Response, Problem> {
    // A database that does not answer is a figure, too, and the others are worth having then.
    let known = doors.watched.known().await;
    let text = written(&doors, &known).map_err(|fmt::Error| Problem {
        status: axum::http::StatusCode::INTERNAL_SERVER_ERROR,
        kind: "metrics",
        detail: "The figures cannot be written.".into(),
        mend: "This is a defect of Rota; please report it.",
        retry_after: None,
    })?;
    Ok(([(header::CONTENT_TYPE, OPENMETRICS)], text).into_response())
}

fn written(doors: &Doors, known: &Known) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix("rota");
    doors.meter.register(&mut registry);
    host(&mut registry, doors);
    decided(&mut registry, doors);
    alarms::alarms(&mut registry, doors, known);
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text)
}

/// What this process is, and what it takes.
fn host(registry: &mut Registry, doors: &Doors) {
    registry.register("build", "Which Rota this is", Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]));
    let alive = Gauge::<i64>::default();
    alive.set(i64::try_from(doors.tenants.names().len()).unwrap_or(i64::MAX));
    registry.register("tenants", "Tenants that are alive on this host", alive);
    let hosts = Gauge::<i64>::default();
    hosts.set(i64::try_from(doors.affinity.hosts()).unwrap_or(i64::MAX));
    registry.register("hosts", "Hosts that share the database, as this one sees them", hosts);
    if let Some(bytes) = resident() {
        let memory = Gauge::<i64>::default();
        memory.set(bytes);
        registry.register_with_unit("resident_memory", "Memory of this process", Unit::Bytes, memory);
    }
}

/// What decisions came to since this process began.
fn decided(registry: &mut Registry, doors: &Doors) {
    let (decisions, fuel) = (Family::<Decided, Counter>::default(), Family::<OfTenant, Counter>::default());
    let (breached, conflicts) = (Family::<OfTenant, Counter>::default(), Family::<OfTenant, Counter>::default());
    let took = Family::<OfTenant, Counter<f64, std::sync::atomic::AtomicU64>>::default();
    for tenant in doors.tenants.names() {
        let Some(alive) = doors.tenants.get(&tenant) else { continue };
        let counted = alive.tally.counted();
        let of = OfTenant { tenant: tenant.to_string() };
        for ((outcome, error), count) in counted.decisions {
            let decided = Decided { tenant: of.tenant.clone(), outcome, error };
            decisions.get_or_create(&decided).inc_by(count);
        }
        fuel.get_or_create(&of).inc_by(counted.fuel);
        breached.get_or_create(&of).inc_by(counted.breached);
        conflicts.get_or_create(&of).inc_by(counted.conflicts);
        #[expect(clippy::cast_precision_loss, reason = "seconds of a process need no 53 bits of nanoseconds")]
        took.get_or_create(&of).inc_by(counted.nanos as f64 / 1e9);
    }
    registry.register("decisions", "Decisions that were recorded, by outcome and by what went wrong", decisions);
    registry.register("fuel", "Fuel that rules used", fuel);
    registry.register("responses_breached", "Leads without an answer in time, decided about again", breached);
    registry.register("conflicts", "Commits thrown away since another host was first", conflicts);
    registry.register_with_unit("rules", "How long rules took", Unit::Seconds, took);
}

/// The memory of this process in bytes, where the system says it.
fn resident() -> Option<i64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: i64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kib << 10)
}
