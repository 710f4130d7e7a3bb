//! Random strangers for as long as is asked: `cargo bench --bench fuzz -- --minutes 30
//! --seed 1`. Every minute it prints what they came to. It ends with 1 and the seed of the
//! first attempt that came to what must not be; after a crash, `target/fuzz-seed` has it.
//! `--only SEED` makes one attempt again.

#![expect(clippy::print_stdout, reason = "it reports to whoever runs it")]
#![expect(clippy::disallowed_methods, reason = "it measures the time that others take")]

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use rota_rules::Catalogue;
use rota_tests::calm::Neighbour;
use rota_tests::fuzz::attempt;
use rota_tests::root;

/// Attempts on one engine: what it took in stays with it.
const ATTEMPTS_AN_ENGINE: u64 = 1000;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(seed) = number(&arguments, "--only") {
        let came = attempt(&Catalogue::new().expect("an engine"), seed);
        println!("{came:?}");
        return if came.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let minutes = number(&arguments, "--minutes").unwrap_or(1);
    let mut seed = number(&arguments, "--seed").unwrap_or(1) << 32;
    let note = root().join("target/fuzz-seed");
    let mut tally: BTreeMap<String, u64> = BTreeMap::new();
    let mut slowest = (0, 0);
    let began = Instant::now();
    for minute in 1..=minutes {
        while began.elapsed() < Duration::from_secs(60 * minute) {
            let catalogue = Catalogue::new().expect("an engine");
            let neighbour = Neighbour::on(&catalogue);
            for _ in 0..ATTEMPTS_AN_ENGINE {
                seed += 1;
                std::fs::write(&note, seed.to_string()).expect("target is there");
                let asked = processor_ms();
                match attempt(&catalogue, seed) {
                    Ok(came) => *tally.entry(came).or_default() += 1,
                    Err(finding) => {
                        println!("seed {seed}: {finding}");
                        return ExitCode::FAILURE;
                    }
                }
                slowest = slowest.max((processor_ms() - asked, seed));
            }
            neighbour.decide(&catalogue);
        }
        let attempts: u64 = tally.values().sum();
        println!(
            "minute {minute}: {attempts} attempts, the slowest {} ms of processor time with seed {}",
            slowest.0, slowest.1
        );
    }
    for (came, count) in tally {
        println!("{count:>9}  {came}");
    }
    ExitCode::SUCCESS
}

/// Processor time of this thread; 0 where the system does not say.
fn processor_ms() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split_whitespace().next().and_then(|nanos| nanos.parse::<u64>().ok()).unwrap_or(0) / 1_000_000
}

/// The number after an option.
fn number(arguments: &[String], option: &str) -> Option<u64> {
    let place = arguments.iter().position(|argument| argument == option)?;
    arguments.get(place + 1)?.parse().ok()
}
