//! What hosts take and carry, as real processes on SQLite and on PostgreSQL: `cargo bench --bench
//! hosts -- --what leads|restart|drain`, all three without it: leads a second, a
//! start on 100,000 effects that wait until all are carried, and how fast they go to a CRM with
//! HubSpot's limits. `--db postgres://…` names a database
//! of a server in which others are created; without it PostgreSQL is started here, with its
//! defaults. `--on sqlite|postgres`, `--hosts 1|3`, `--tenants 1|50`, `--seconds 4`, `--rounds 2`
//! and `--effects 100000` say what, how long, how often and how much.
//!
//! Hosts, callers, database and double are on the same processors. What counts are the ratios: to
//! commits of one row each, which were made on the same database in the same minute.

#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]
#![expect(clippy::disallowed_methods, reason = "it measures time")]

mod bare;
mod callers;
mod database;
mod double;
mod leads;
mod process;
mod restart;

use std::str::FromStr;
use std::time::Duration;

use rota_tests::postgres::Server;

use crate::database::Place;
use crate::restart::Limit;

/// HubSpot's limit of a private app: calls in ten seconds.
const USUAL: u32 = 190;

/// What is wanted.
struct Wanted {
    arguments: Vec<String>,
}

impl Wanted {
    /// What follows this name, or the usual.
    fn or<T: FromStr>(&self, name: &str, usual: T) -> T {
        self.after(name).unwrap_or(usual)
    }

    /// What follows this name.
    fn after<T: FromStr>(&self, name: &str) -> Option<T> {
        let at = self.arguments.iter().position(|argument| argument == name)?;
        self.arguments.get(at + 1)?.parse().ok()
    }

    /// Those that are wanted: the one that follows this name, or all.
    fn of<T: FromStr + Copy>(&self, name: &str, all: &[T]) -> Vec<T> {
        self.after(name).map_or_else(|| all.to_vec(), |one| vec![one])
    }
}

fn main() {
    let wanted = Wanted { arguments: std::env::args().collect() };
    let named: Option<String> = wanted.after("--db");
    let on: Option<String> = wanted.after("--on");
    let server = || named.as_deref().map_or_else(Server::durable, |url| Some(Server::of(url)));
    let mut places = Vec::new();
    if on.as_deref() != Some("postgres") {
        places.push(Place::File);
    }
    if on.as_deref() != Some("sqlite") {
        match server() {
            Some(server) => places.push(Place::Server(server)),
            None => println!("PostgreSQL is not installed here, so nothing is said of it"),
        }
    }
    let what: Option<String> = wanted.after("--what");
    let is = |name: &str| what.as_deref().is_none_or(|what| what == name);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    if is("leads") {
        let length = Duration::from_secs(wanted.or("--seconds", 4));
        let all = leads::All {
            hosts: wanted.of("--hosts", &[1, 3]),
            tenants: wanted.of("--tenants", &[1, 50]),
            rounds: wanted.or("--rounds", 2),
            length,
        };
        all.measure(&runtime, &places);
    }
    let mut limits = Vec::new();
    if is("drain") {
        limits.push(Limit { calls: USUAL, patience: Duration::from_secs(20) });
    }
    if is("restart") {
        limits.push(Limit { calls: 0, patience: Duration::from_secs(120) });
    }
    if !limits.is_empty() {
        restart::carry(&runtime, &places, wanted.or("--effects", 100_000), &limits);
    }
}
