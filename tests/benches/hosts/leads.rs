//! Leads and commits a second, by database, hosts and tenants.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::runtime::Runtime;

use crate::bare;
use crate::callers::{Answered, CONNECTIONS, Target};
use crate::database::{Place, written};
use crate::process::{Home, Process};

/// Nobody listens there.
const NOWHERE: &str = "http://127.0.0.1:9";
/// How long is called before anything counts.
const WARM: Duration = Duration::from_secs(1);
/// How long commits of one row are counted.
const BARE: Duration = Duration::from_secs(2);

/// What is measured.
pub(crate) struct All {
    pub(crate) hosts: Vec<usize>,
    pub(crate) tenants: Vec<usize>,
    pub(crate) rounds: usize,
    pub(crate) length: Duration,
}

/// What a place came to.
struct Measured {
    answered: Answered,
    commits: u64,
}

impl All {
    /// Measures, and prints a row of a table for each round.
    pub(crate) fn measure(&self, runtime: &Runtime, places: &[Place]) {
        println!("{CONNECTIONS} connections, {} rounds of {} s", self.rounds, self.length.as_secs());
        println!("\n| database | hosts | tenants | leads/s | commits/s | p50 | p99 | bare commits/s | leads / bare |");
        println!("|---|---|---|---|---|---|---|---|---|");
        for &tenants in &self.tenants {
            for &hosts in &self.hosts {
                for place in places {
                    self.one(runtime, place, (hosts, tenants));
                }
            }
        }
    }

    fn one(&self, runtime: &Runtime, place: &Place, (hosts, tenants): (usize, usize)) {
        // Before there are hosts: together they might have more connections than PostgreSQL's usual 100.
        let bare = runtime.block_on(bare::commits(place, BARE));
        let home = runtime.block_on(Home::new(place, tenants, NOWHERE));
        let processes: Vec<Process> = (0..hosts).map(|_| Process::start(&home)).collect();
        let addresses: Vec<SocketAddr> = processes.iter().map(|process| process.address).collect();
        let tokens = runtime.block_on(home.tokens());
        let target = Target { addresses: &addresses, tokens: &tokens };
        target.call("warm", WARM);
        for round in 0..self.rounds {
            let before = runtime.block_on(written(&home.database));
            let answered = target.call(&round.to_string(), self.length);
            let commits = runtime.block_on(written(&home.database)).saturating_sub(before);
            Measured { answered, commits }.print(&format!("{} | {hosts} | {tenants}", place.name()), bare);
        }
        processes.into_iter().for_each(Process::stop);
    }
}

impl Measured {
    fn print(&self, what: &str, bare: f64) {
        let Answered { waits, refused, time } = &self.answered;
        #[expect(clippy::cast_precision_loss, reason = "for people")]
        let a_second = |number: u64| number as f64 / time.as_secs_f64();
        let leads = a_second(waits.len() as u64);
        println!(
            "| {what} | {leads:.0} | {:.0} | {:.0} ms | {:.0} ms | {bare:.0} | {:.2} |",
            a_second(self.commits),
            waits.part(50),
            waits.part(99),
            leads / bare
        );
        if !refused.is_empty() {
            println!("{} calls were refused, the first with {}", refused.len(), refused[0]);
        }
    }
}
