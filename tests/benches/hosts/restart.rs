//! A host starts on a database in which effects wait, and carries them.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;

use crate::callers::Target;
use crate::database::Place;
use crate::double::{self, Double, FIRST};
use crate::process::{Home, Process};

/// How often is looked how many wait.
const LOOK: Duration = Duration::from_secs(1);

/// What a double lets in, and how long it is looked at.
#[derive(Clone, Copy)]
pub(crate) struct Limit {
    /// Calls in ten seconds; 0 is as many as come.
    pub(crate) calls: u32,
    /// What takes longer is not waited for; what it came to is said.
    pub(crate) patience: Duration,
}

/// Hosts start, one after the other, while so many effects wait for doubles with these limits.
pub(crate) fn carry(runtime: &Runtime, places: &[Place], effects: usize, limits: &[Limit]) {
    println!(
        "\n| database | calls in 10 s | waiting | listens | memory then | first effect | carried | effects/s | calls, refused | memory, most |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    for place in places {
        let (home, crm) = filled(runtime, place, effects);
        for limit in limits {
            let double = Double::start(crm, effects, limit.calls);
            let drain = Drain::start(runtime, &home, &double, limit.patience);
            let [then, first] = [drain.listened, drain.first].map(|time| time.as_secs_f64());
            let [calls, refused] = double.calls();
            println!(
                "| {} | {} | {} | {then:.2} s | {:.0} MiB | {first:.2} s | {} in {:.1} s | {:.0} | {calls}, {refused} | {:.0} MiB |",
                place.name(),
                if limit.calls == 0 { "all".into() } else { limit.calls.to_string() },
                drain.waiting,
                drain.memory[0],
                drain.carried,
                drain.time.as_secs_f64(),
                drain.rate(),
                drain.memory[1],
            );
            double.stop();
        }
    }
}

/// A database in which so many effects wait for the CRM at that address, where nobody listens: a
/// host decided about the leads, and was stopped.
fn filled(runtime: &Runtime, place: &Place, effects: usize) -> (Home, SocketAddr) {
    let crm = double::address();
    let home = runtime.block_on(Home::new(place, 1, &format!("http://{crm}")));
    let host = Process::start(&home);
    let tokens = runtime.block_on(home.tokens());
    let target = Target { addresses: &[host.address], tokens: &tokens };
    // A lead with its owner and a property is two effects.
    let answered = target.contacts(FIRST, effects / 2);
    assert!(answered.refused.is_empty(), "a call was answered with {}", answered.refused[0]);
    host.stop();
    (home, crm)
}

/// What carrying came to.
struct Drain {
    waiting: u64,
    listened: Duration,
    first: Duration,
    /// Resident when it listened, and the most until the end.
    memory: [f64; 2],
    carried: u64,
    /// From the first effect on.
    time: Duration,
}

impl Drain {
    /// Starts a host on it, and waits until nothing waits any more, or for so long.
    fn start(runtime: &Runtime, home: &Home, double: &Double, patience: Duration) -> Self {
        let store = runtime.block_on(home.open());
        let waiting = || runtime.block_on(store.backlog(&home.tenants[0])).expect("a backlog").1;
        let before = waiting();
        let began = Instant::now();
        let host = Process::start(home);
        let [then, _] = host.memory();
        let first = double.first(began);
        let sent = Instant::now();
        let mut now = waiting();
        while now > 0 && sent.elapsed() < patience {
            std::thread::sleep(LOOK);
            now = waiting();
        }
        let time = sent.elapsed();
        let memory = [then, host.memory()[1]];
        let listened = host.listened;
        host.stop();
        Self { waiting: before, listened, first, memory, carried: before.saturating_sub(now), time }
    }

    #[expect(clippy::cast_precision_loss, reason = "for people")]
    fn rate(&self) -> f64 {
        self.carried as f64 / self.time.as_secs_f64()
    }
}
