//! What this process counts for whoever watches it: calls, webhooks' events, refused tokens.
//! What can be asked of the store or of the tenants is asked when the figures are read.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// The upper bounds of the classes that calls fall into, in seconds.
const SECONDS: [f64; 14] = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0];

/// A kind of call, with how it ended. A route is the template, never an address, so that
/// nobody's ids are labels and their number stays small.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ended {
    method: &'static str,
    route: String,
    status: u16,
}

/// A kind of call.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Called {
    method: &'static str,
    route: String,
}

/// What became of events.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Events {
    app: String,
    result: &'static str,
}

/// Why a token was refused.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Refused {
    reason: &'static str,
}

/// The counters. Cloning one gives the same counters.
#[derive(Clone, Debug)]
pub struct Meter {
    calls: Family<Ended, Counter>,
    durations: Family<Called, Histogram, fn() -> Histogram>,
    events: Family<Events, Counter>,
    refused: Family<Refused, Counter>,
}

impl Default for Meter {
    fn default() -> Self {
        Self {
            calls: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            events: Family::default(),
            refused: Family::default(),
        }
    }
}

impl Meter {
    /// Counts a call. Methods that no route has count as one.
    pub fn call(&self, method: &str, route: &str, status: u16, took: Duration) {
        const METHODS: [&str; 6] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"];
        let method = METHODS.into_iter().find(|known| *known == method).unwrap_or("other");
        let called = Called { method, route: route.to_owned() };
        self.durations.get_or_create(&called).observe(took.as_secs_f64());
        self.calls.get_or_create(&Ended { method, route: called.route, status }).inc();
    }

    /// Counts what became of events that a webhook of this app brought.
    pub fn events(&self, app: &str, result: &'static str, count: usize) {
        if count > 0 {
            let events = Events { app: app.to_owned(), result };
            self.events.get_or_create(&events).inc_by(count as u64);
        }
    }

    /// Counts a call whose token was refused.
    pub fn refused(&self, reason: &'static str) {
        self.refused.get_or_create(&Refused { reason }).inc();
    }

    /// Lets these counters be read with others.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("http_requests", "Calls that were answered", self.calls.clone());
        registry.register_with_unit(
            "http_request_duration",
            "How long answers took",
            Unit::Seconds,
            self.durations.clone(),
        );
        registry.register("webhook_events", "Events that CRMs sent, by what became of them", self.events.clone());
        registry.register("tokens_refused", "Calls whose token was refused", self.refused.clone());
    }
}
