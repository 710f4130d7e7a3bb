//! What a tenant notices of others: `POST /v1/route` of a calm tenant at a steady pace, beside
//! none, one and four tenants whose rule burns all its fuel and who call as fast as they are
//! answered; beside connections that only lie there, and beside slow readers.
//! `cargo bench --bench neighbour`; how long, how often and beside how many that loop can be
//! said: `-- --seconds 10 --rounds 5 --looping 4`.
//!
//! The callers are in the same process and on the same processors, each on a thread of its own,
//! which sleeps until it is answered. The settings take turns, since the machine has other
//! work, too; what counts is the ratio to the quiet one.

#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]
#![expect(clippy::disallowed_methods, reason = "it measures time")]

mod beside;

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use beside::{Beside, idle, read_slowly};
use rota_domain::plan::Plan;
use rota_tests::callers::{Calls, Waits};
use rota_tests::guest::Guest;
use rota_tests::server::Server;

/// Connections of the calm tenant.
const CALM: u32 = 4;
/// Its leads in a second: few enough that it hardly ever waits for itself.
const PACE: u32 = 100;
/// Connections of each looping tenant.
const LOOPING: usize = 8;
/// What is measured unless the command line says otherwise.
const USUAL: [Beside; 5] =
    [Beside::Looping(0), Beside::Looping(1), Beside::Looping(4), Beside::Idle(2_000), Beside::Readers(32)];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let after = |name: &str| arguments.iter().position(|a| a == name).and_then(|at| arguments.get(at + 1));
    let number = |name: &str, usual: usize| after(name).and_then(|text| text.parse().ok()).unwrap_or(usual);
    let (seconds, rounds) = (number("--seconds", 4), number("--rounds", 3));
    let some = |_| vec![Beside::Looping(0), Beside::Looping(number("--looping", 1))];
    let settings = after("--looping").map_or_else(|| USUAL.to_vec(), some);
    let looping = |beside: &Beside| if let Beside::Looping(number) = beside { *number } else { 0 };
    let most = settings.iter().map(looping).max().unwrap_or(0);
    let time = Duration::from_secs(u64::try_from(seconds).unwrap_or(4));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let server = runtime.block_on(start(most));
    println!("{PACE} leads/s over {CALM} connections; each looping tenant calls from {LOOPING}; milliseconds");
    println!("round | beside | p50 | p99 | p99 against quiet | decisions/s of the looping tenants");
    let mut all = vec![Measured::default(); settings.len()];
    // What is done once only, such as starting threads, is done in round 0.
    for round in 0..=rounds {
        let mut quiet = None;
        for (n, &beside) in settings.iter().enumerate() {
            let measured = measure(&server, beside, &format!("{round}-{n}"), time);
            let quiet = *quiet.get_or_insert(measured.waits.part(99));
            measured.print(&round.to_string(), beside, quiet);
            if round > 0 {
                all[n].add(measured);
            }
        }
    }
    let quiet = all[0].waits.part(99);
    for (measured, beside) in all.iter().zip(&settings) {
        measured.print("all", *beside, quiet);
    }
    runtime.block_on(server.stop());
}

/// A server with a calm tenant and so many that loop, without a quota of fuel: what is measured
/// is how the host shares.
async fn start(looping: usize) -> Server {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let calm = workspace("calm", "plugin = \"next-in-line\"\nsettings = { pool = \"all\" }");
    let loops = (0..looping).map(|n| workspace(&format!("looping-{n}"), "plugin = \"./loop.wasm\""));
    let workspaces: Vec<String> = [calm].into_iter().chain(loops).collect();
    let component = Guest::file("endless-loop").component();
    Server::start(folder, &workspaces, &[("loop.wasm", component)], |plan| {
        let unlimited = Plan { fuel_per_minute: Some(u64::MAX), ..Plan::default() };
        plan.plans.tenants = (0..looping).map(|n| (format!("looping-{n}").into(), unlimited.clone())).collect();
    })
    .await
}

fn workspace(name: &str, plugin: &str) -> String {
    format!(
        "workspace = \"{name}\"\n[[reps]]\nid = \"ada\"\n[[pools]]\nid = \"all\"\nmembers = [{{ rep = \"ada\" }}]\n\
         [[flows]]\nid = \"inbound\"\n{plugin}\nfallback = {{ queue = \"triage\" }}\ncoalesce = \"0m\"\n"
    )
}

/// The calm tenant's waits beside these.
fn measure(server: &Server, beside: Beside, round: &str, time: Duration) -> Measured {
    let (looping, lying, readers) = match beside {
        Beside::Looping(number) => (number, 0, 0),
        Beside::Idle(number) => (0, number, 0),
        Beside::Readers(number) => (0, 0, number),
    };
    let _lying = idle(server.address, lying);
    let (stop, began) = (AtomicBool::new(false), Instant::now());
    let call = |tenant: usize, place: String, how: &dyn Fn(Calls<'_>) -> Waits| {
        how(Calls { address: server.address, token: &server.tokens[tenant], place: &place })
    };
    thread::scope(|scope| {
        let callers = (1..=looping).flat_map(|tenant| (0..LOOPING).map(move |n| (tenant, n)));
        let loops: Vec<_> = callers
            .map(|(tenant, n)| {
                let (place, stop) = (format!("{round}-{tenant}-{n}"), &stop);
                scope.spawn(move || call(tenant, place, &|calls| calls.until(stop)))
            })
            .collect();
        if readers > 0 {
            let stop = &stop;
            scope.spawn(move || read_slowly(server.address, &server.tokens[0], readers, stop));
        }
        let every = Duration::from_secs(1) / PACE;
        let calm: Vec<_> = (0..CALM)
            .map(|n| {
                let place = format!("{round}-0-{n}");
                scope.spawn(move || call(0, place, &|calls| calls.at_pace(every * n, every * CALM, time)))
            })
            .collect();
        let waits = calm.into_iter().map(|caller| caller.join().expect("a caller ends well")).collect();
        stop.store(true, Ordering::Relaxed);
        let decisions = loops.into_iter().map(|caller| caller.join().expect("a caller ends well").len()).sum();
        Measured { waits, decisions, time: began.elapsed() }
    })
}

/// What came of one setting.
#[derive(Clone, Default)]
struct Measured {
    /// The calm tenant's.
    waits: Waits,
    /// Of the looping tenants.
    decisions: usize,
    time: Duration,
}

impl Measured {
    fn add(&mut self, other: Self) {
        self.waits.0.extend(other.waits.0);
        self.decisions += other.decisions;
        self.time += other.time;
    }

    fn print(&self, round: &str, beside: Beside, quiet: f64) {
        let (p50, p99) = (self.waits.part(50), self.waits.part(99));
        #[expect(clippy::cast_precision_loss, reason = "for people")]
        let rate = self.decisions as f64 / self.time.as_secs_f64();
        println!("{round} | {beside} | {p50:.2} | {p99:.2} | {:.2} | {rate:.0}", p99 / quiet);
    }
}
