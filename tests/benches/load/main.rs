//! How many leads a second a server takes while others wait for it, against the same server
//! with its rule as a native function. `cargo bench --bench load`; what is measured, for how
//! long and how often can be said: `-- --what route --tenants 1 --seconds 10 --rounds 5`.
//!
//! The callers are in the same process and on the same processors, on a thread of their own.
//! Subjects take turns, since the machine has other work, too; what counts is the ratio.

#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]
#![expect(clippy::disallowed_methods, reason = "it measures time")]

mod callers;
mod native;
mod server;

use std::time::Duration;

use callers::{Run, Target};
use rota_tests::server::Server;

/// Connections that are kept alive, each with one request at a time.
const CONNECTIONS: usize = 64;

/// What a request brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// `POST /v1/route` with a lead and an idempotency key.
    Route,
    /// The same without a key.
    Keyless,
    /// A webhook of ten events about records that no flow enrols, so that no CRM is asked.
    Webhook,
}

impl What {
    const ALL: [Self; 3] = [Self::Route, Self::Keyless, Self::Webhook];

    fn name(self) -> &'static str {
        match self {
            Self::Route => "route",
            Self::Keyless => "keyless",
            Self::Webhook => "webhook",
        }
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let after = |name: &str| arguments.iter().position(|a| a == name).and_then(|at| arguments.get(at + 1));
    let number = |name: &str, usual: usize| after(name).and_then(|text| text.parse().ok()).unwrap_or(usual);
    let (seconds, rounds) = (number("--seconds", 5), number("--rounds", 4));
    let tenants = after("--tenants").map_or_else(|| vec![1, 50], |_| vec![number("--tenants", 1)]);
    let wanted = after("--what").map_or("", String::as_str);
    let time = Duration::from_secs(u64::try_from(seconds).unwrap_or(5));
    println!("{CONNECTIONS} connections, {rounds} rounds of {seconds} s each, after one that does not count");
    for what in What::ALL.into_iter().filter(|what| wanted.is_empty() || what.name() == wanted) {
        for &tenants in &tenants {
            compare(what, tenants, time, rounds, after("--only").map(String::as_str));
        }
    }
}

/// Measures the server with the plugin and with the native function in turns.
fn compare(what: What, tenants: usize, time: Duration, rounds: usize, only: Option<&str>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let start = |native: bool| runtime.block_on(server::start(tenants, native));
    // A webhook asks no rule here, so there is nothing to compare.
    let subjects: Vec<(&str, Server)> = [("plugin", false), ("native", true)]
        .into_iter()
        .filter(|(name, native)| only.is_none_or(|only| only == *name) && !(what == What::Webhook && *native))
        .map(|(name, native)| (name, start(native)))
        .collect();
    println!("\n{} with {tenants} tenant{}", what.name(), if tenants == 1 { "" } else { "s" });
    let mut runs: Vec<Vec<Run>> = subjects.iter().map(|_| Vec::new()).collect();
    for round in 0..=rounds {
        for (n, (name, server)) in subjects.iter().enumerate() {
            let target = Target { what, address: server.address, tokens: &server.tokens, round };
            let run = callers::run(&target, time);
            let drained = runtime.block_on(server.drained());
            println!("  {round} {name:<6} {run}{}", drained.map_or(String::new(), |extra| format!(", {extra}")));
            if round > 0 {
                runs[n].push(run);
            }
        }
    }
    let medians: Vec<f64> = runs.iter().map(|runs| median(runs)).collect();
    for ((name, _), median) in subjects.iter().zip(&medians) {
        println!("  median of {name}: {median:.0} leads/s");
    }
    if let [plugin, native] = medians[..] {
        println!("  plugin / native: {:.0} %", 100.0 * plugin / native);
    }
    for (_, server) in subjects {
        runtime.block_on(server.stop());
    }
}

fn median(runs: &[Run]) -> f64 {
    let mut rates: Vec<f64> = runs.iter().map(Run::rate).collect();
    rates.sort_by(f64::total_cmp);
    rates.get(rates.len() / 2).copied().unwrap_or_default()
}
