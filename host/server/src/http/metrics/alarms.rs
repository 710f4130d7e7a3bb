//! The figures that alarms are about: what waits and since when, what failed and why, which
//! circuits are open, whether the database answers. `docs/alerts.yml` has rules over them.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use rota_domain::circuit::Standing;
use rota_flow::link::Stand;
use rota_flow::ports::{Failing, Queue, Waits};

use super::OfTenant;
use crate::http::Doors;
use crate::watched::{Known, Seen};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfConnection {
    tenant: String,
    connection: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Met {
    tenant: String,
    connection: String,
    state: &'static str,
    cause: &'static str,
}

/// All of them.
pub(super) fn alarms(registry: &mut Registry, doors: &Doors, known: &Known) {
    database(registry, doors, known);
    links(registry, doors);
    let nothing = Vec::new();
    let (waits, failing) = match known.seen.as_deref() {
        Some(Seen { waits, failing, .. }) => (waits, failing.as_slice()),
        None => (&nothing, [].as_slice()),
    };
    let at = doors.clock.now().as_second();
    let age = |queue: Queue| queue.since.map_or(0, |since| (at - since.as_second()).max(0));
    let number = |queue: Queue| whole(queue.number);
    let mut put = |name: &str, help: &str, of: &dyn Fn(&Waits) -> i64| {
        registry.register(name, help, by_tenant(waits, of));
    };
    put("inbox_waiting", "Arrivals that wait to be decided", &|w| number(w.arrivals));
    put("outbox_waiting", "Effects that wait to be delivered", &|w| number(w.effects));
    put("outbox_dead", "Effects that a person has to look at", &|w| whole(w.dead));
    put("leads_unassigned", "Leads in a queue, whom nobody owns as far as Rota knows", &|w| number(w.unassigned));
    put("responses_overdue", "Leads whose response target passed before the CRM confirmed the owner", &|w| {
        number(w.overdue)
    });
    let mut since = |name: &str, help: &str, of: &dyn Fn(&Waits) -> Queue| {
        registry.register_with_unit(name, help, Unit::Seconds, by_tenant(waits, &|w| age(of(w))));
    };
    since("inbox_oldest", "How long the oldest arrival waits to be decided", &|w| w.arrivals);
    since("outbox_oldest", "How long ago the oldest effect was decided that still waits", &|w| w.effects);
    since("leads_unassigned_oldest", "How long the oldest lead is in a queue", &|w| w.unassigned);
    since("responses_overdue_oldest", "How long ago the oldest response target passed", &|w| w.overdue);
    failed(registry, failing);
}

fn by_tenant(waits: &[Waits], of: &dyn Fn(&Waits) -> i64) -> Family<OfTenant, Gauge> {
    let family = Family::<OfTenant, Gauge>::default();
    for one in waits {
        family.get_or_create(&OfTenant { tenant: one.tenant.to_string() }).set(of(one));
    }
    family
}

/// What effects met, by connection and cause.
fn failed(registry: &mut Registry, failing: &[Failing]) {
    let family = Family::<Met, Gauge>::default();
    for Failing { tenant, connection, state, trouble, effects } in failing {
        let (tenant, connection) = (tenant.to_string(), connection.to_string());
        let met = Met { tenant, connection, state: state.as_str(), cause: trouble };
        family.get_or_create(&met).set(whole(*effects));
    }
    registry.register("outbox_failing", "Effects that are dead, or wait to be tried again, by what they met", family);
}

/// How the links of this process stand.
fn links(registry: &mut Registry, doors: &Doors) {
    let (open, last) = (Family::<OfConnection, Gauge>::default(), Family::<OfConnection, Gauge>::default());
    for tenant in doors.tenants.names() {
        let Some(alive) = doors.tenants.get(&tenant) else { continue };
        for (connection, Stand { standing, delivered, .. }) in alive.links() {
            let of = OfConnection { tenant: tenant.to_string(), connection: connection.to_string() };
            let is_open = matches!(standing, Standing::Open(_) | Standing::HalfOpen);
            open.get_or_create(&of).set(is_open.into());
            if let Some(delivered) = delivered {
                last.get_or_create(&of).set(delivered.as_second());
            }
        }
    }
    registry.register("circuit_open", "1 where a connection is left alone, since nobody answers or it refuses", open);
    let help = "When something was delivered last, since this process carries for the connection";
    registry.register_with_unit("last_delivery_timestamp", help, Unit::Seconds, last);
}

/// Whether the database answers, and what its writer does.
fn database(registry: &mut Registry, doors: &Doors, known: &Known) {
    let writing = doors.watched.writing();
    let gauge = |value: i64| {
        let gauge = Gauge::<i64>::default();
        gauge.set(value);
        gauge
    };
    registry.register("database_up", "1 where the database answers", gauge(known.silent.is_none().into()));
    registry.register("writer_waiting", "Units that wait for the database's writer", gauge(whole(writing.waiting)));
    let failed = Counter::<u64>::default();
    failed.inc_by(writing.failed);
    registry.register("commits_failed", "Commits that failed; whoever waited for them was told", failed);
    if let Some(seen) = &known.seen {
        let bytes = gauge(whole(seen.health.bytes));
        registry.register_with_unit("database_size", "How large the database is", Unit::Bytes, bytes);
    }
}

fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
