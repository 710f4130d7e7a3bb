//! Two tenants on one server, each with a double of HubSpot of its own: contacts appear in both
//! and are given owners, while callers ask about further leads as fast as they are answered. At
//! first both doubles are well; then that of the second answers 503, 429, or late, all the
//! time. Printed is what the first notices of that; in the end, whether each has its own leads
//! and owners and no others. `cargo bench --bench together`; `-- --seconds 10 --rounds 3` says
//! for how long and how often.
//!
//! The doubles keep HubSpot's limits (190 requests in ten seconds) and run on a thread of their
//! own, and so does each caller, all in this process and on the same processors.

#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use rota::clock::SystemClock;
use rota_flow::ports::Clock as _;
use rota_tests::callers::{Calls, Waits};
use rota_tests::party::Party;
use rota_tests::server::Server;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// Connections of each tenant's callers.
const CONNECTIONS: usize = 16;
/// How many contacts appear in each double at once.
const CONTACTS: usize = 5;
/// How often they do.
const EVERY: Duration = Duration::from_millis(250);
/// How long the doubles' answers take when they are late, in milliseconds.
const LATE_MS: u64 = 2_000;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let after = |name: &str| arguments.iter().position(|a| a == name).and_then(|at| arguments.get(at + 1));
    let number = |name: &str, usual: u64| after(name).and_then(|text| text.parse().ok()).unwrap_or(usual);
    let (time, rounds) = (Duration::from_secs(number("--seconds", 8)), number("--rounds", 2));
    let builder = || tokio::runtime::Builder::new_multi_thread();
    let doubles = builder().worker_threads(1).enable_all().build().expect("a runtime");
    let runtime = builder().enable_all().build().expect("a runtime");
    let parties = doubles.block_on(Party::two());
    let server = runtime.block_on(start(&parties));
    let troubles = [
        ("well", json!([])),
        ("503", json!([{ "kind": "status", "status": 503 }])),
        ("429", json!([{ "kind": "rate_limit" }])),
        ("late", json!([{ "kind": "latency", "latency_ms": LATE_MS }])),
    ];
    println!("{CONNECTIONS} connections and {} contacts/s for each tenant; milliseconds", CONTACTS * 4);
    println!(
        "round | second's CRM | first: p50 | p99 | against well | owner there: p50 | p99 | against well | second: p50 | p99 | owners there after"
    );
    let mut called = [0, 0];
    for round in 0..=rounds {
        let mut well = None;
        for (name, faults) in &troubles {
            let phase =
                Phase { parties: &parties, server: &server, doubles: &doubles, words: format!("{round}-{name}") };
            let came = phase.run(faults, time);
            let (calls, owners) = *well.get_or_insert((came.calls[0].part(99), came.owners.part(99)));
            came.print(&format!("{round} | {name}"), calls, owners);
            called = [0, 1].map(|n| called[n] + came.calls[n].len());
        }
    }
    let wrongs = runtime.block_on(wrongs(&parties, &server, called));
    runtime.block_on(server.stop());
    println!("{} calls were answered, and {} things are wrong", called[0] + called[1], wrongs.len());
    wrongs.iter().take(20).for_each(|wrong| println!("{wrong}"));
    if wrongs.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn start(parties: &[Party; 2]) -> Server {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let workspaces = [0, 1].map(|n| parties[n].workspace());
    // Webhooks are signed for the address that is listened on.
    let server = Server::start(folder, &workspaces, &[], |plan| plan.public_url = None).await;
    parties.iter().for_each(|party| party.tells(&format!("http://{}", server.address)));
    server
}

/// What is not as it should be in the end.
async fn wrongs(parties: &[Party; 2], server: &Server, called: [usize; 2]) -> Vec<String> {
    let mut wrongs = Vec::new();
    for (n, party) in parties.iter().enumerate() {
        let log = server.host.store.log(&server.tenants[n], 0, u32::MAX).await.expect("the log");
        wrongs.extend(party.wrongs(&log, called[n]).await);
    }
    wrongs
}

/// Some seconds of load, while the second's double is as it is.
struct Phase<'a> {
    parties: &'a [Party; 2],
    server: &'a Server,
    doubles: &'a Runtime,
    /// What its contacts' addresses begin with.
    words: String,
}

impl Phase<'_> {
    fn run(&self, faults: &Value, time: Duration) -> Came {
        let (stop, [first, second]) = (AtomicBool::new(false), self.parties);
        self.doubles.block_on(second.faults(faults.clone()));
        let calls = thread::scope(|scope| {
            let callers = [0, 1].map(|tenant| {
                let callers = (0..CONNECTIONS).map(|n| {
                    let (place, stop) = (format!("{}-{}-{n}", self.parties[tenant].name, self.words), &stop);
                    let (address, token) = (self.server.address, &self.server.tokens[tenant]);
                    scope.spawn(move || Calls { address, token, place: &place }.until(stop))
                });
                callers.collect::<Vec<_>>()
            });
            self.doubles.block_on(self.contacts(time));
            // The first's owners are to be written under load, too.
            self.doubles.block_on(owned(first));
            stop.store(true, Ordering::Relaxed);
            let ends = |callers: Vec<thread::ScopedJoinHandle<'_, Waits>>| {
                callers.into_iter().map(|caller| caller.join().expect("a caller ends well")).collect()
            };
            callers.map(ends)
        });
        self.doubles.block_on(second.faults(json!([])));
        let mended = SystemClock.now();
        self.doubles.block_on(owned(second));
        let after = SystemClock.now().duration_since(mended).unsigned_abs();
        Came { calls, owners: self.doubles.block_on(self.owners()), after }
    }

    /// Contacts appear in both, for so long.
    async fn contacts(&self, time: Duration) {
        let mut often = tokio::time::interval(EVERY);
        for n in 0..time.as_millis() / EVERY.as_millis() {
            often.tick().await;
            let words = format!("{}-{n}", self.words);
            tokio::join!(self.parties[0].contacts(&words, CONTACTS), self.parties[1].contacts(&words, CONTACTS));
        }
    }

    /// How long it took from each of the first's contacts to its owner, by the double's clock.
    async fn owners(&self) -> Waits {
        let held = self.parties[0].held().await;
        let of_this = |contact: &&Value| {
            contact["properties"]["email"].as_str().is_some_and(|email| email.starts_with(&format!("{}-", self.words)))
        };
        let took = |contact: &Value| {
            let [from, to] = ["created_at", "updated_at"]
                .map(|name| contact[name].as_str().and_then(|at| at.parse::<Timestamp>().ok()).expect("a time"));
            to.duration_since(from).unsigned_abs()
        };
        Waits(held.iter().filter(of_this).map(took).collect())
    }
}

/// Waits until all its contacts have an owner.
async fn owned(party: &Party) {
    while party.without_owner().await > 0 {
        tokio::time::sleep(EVERY).await;
    }
}

/// What came of a phase.
struct Came {
    calls: [Waits; 2],
    owners: Waits,
    /// How long after the second's double was well again all its contacts had owners.
    after: Duration,
}

impl Came {
    fn print(&self, what: &str, calls: f64, owners: f64) {
        let ([first, second], mine) = (&self.calls, &self.owners);
        println!(
            "{what} | {:.1} | {:.1} | {:.2} | {:.0} | {:.0} | {:.2} | {:.1} | {:.1} | {:.1} s",
            first.part(50),
            first.part(99),
            first.part(99) / calls,
            mine.part(50),
            mine.part(99),
            mine.part(99) / owners,
            second.part(50),
            second.part(99),
            self.after.as_secs_f64()
        );
    }
}
