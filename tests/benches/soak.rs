//! The whole hostile set in a loop beside a neighbour who decides, for as long as is asked:
//! `cargo bench --bench soak -- --minutes 60`. Every minute it prints what happened and how
//! much memory is resident. It ends with 1 when memory grows after the warm-up, when a
//! hostile guest comes to something else than the first time, or when the neighbour's
//! answer differs from that of a quiet run.

#![expect(clippy::print_stdout, reason = "it reports to whoever runs it")]
#![expect(clippy::disallowed_methods, reason = "it measures the time that others take")]

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rota_rules::Catalogue;
use rota_tests::calm::Neighbour;
use rota_tests::hostile::{Hostile, all};

/// Minutes in which caches and the pool of instances fill; growth counts from then on.
const WARM_UP: u64 = 3;
/// Resident memory may move by so much after the warm-up: an allocator's slack.
const SLACK_BYTES: u64 = 32 << 20;
/// A round makes its engine anew, so that compiling and dropping are in the loop, too.
const ROUNDS_AN_ENGINE: u64 = 20;

/// What happened until now.
#[derive(Default)]
struct Tally {
    codes: BTreeMap<&'static str, u64>,
    first: BTreeMap<String, &'static str>,
    changed: Vec<String>,
    rounds: u64,
}

fn main() -> ExitCode {
    let minutes = minutes(&std::env::args().collect::<Vec<_>>());
    let set = all();
    println!("{} hostile guests, {minutes} minutes, memory may move by {} MiB", set.len(), SLACK_BYTES >> 20);
    let (stop, calm) = (AtomicBool::new(false), AtomicU64::new(0));
    let mut tally = Tally::default();
    let mut grown = false;
    let began = Instant::now();
    let mut settled = None;
    for minute in 1..=minutes {
        while began.elapsed() < Duration::from_secs(60 * minute) && tally.changed.is_empty() {
            engine_life(&set, &mut tally, &stop, &calm, began + Duration::from_secs(60 * minute));
        }
        let resident = resident();
        if minute == WARM_UP.min(minutes) {
            settled = Some(resident);
        }
        let growth = settled.map_or(0, |settled| resident.saturating_sub(settled));
        report(minute, resident, growth, &tally, calm.load(Ordering::Relaxed));
        grown |= growth > SLACK_BYTES;
        if grown || !tally.changed.is_empty() {
            break;
        }
    }
    for changed in &tally.changed {
        println!("changed: {changed}");
    }
    if grown {
        println!("memory grew by more than {} MiB after minute {WARM_UP}", SLACK_BYTES >> 20);
    }
    if grown || !tally.changed.is_empty() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// One engine from its making to its end: some rounds of the hostile set, and a neighbour
/// on another thread who decides all the while.
fn engine_life(set: &[Hostile], tally: &mut Tally, stop: &AtomicBool, calm: &AtomicU64, until: Instant) {
    let catalogue = Catalogue::new().expect("an engine");
    stop.store(false, Ordering::Relaxed);
    std::thread::scope(|scope| {
        let neighbour = scope.spawn(|| {
            let neighbour = Neighbour::on(&catalogue);
            while !stop.load(Ordering::Relaxed) {
                neighbour.decide(&catalogue);
                calm.fetch_add(1, Ordering::Relaxed);
            }
        });
        for _ in 0..ROUNDS_AN_ENGINE {
            for hostile in set {
                let code = hostile.attempt(&catalogue);
                *tally.codes.entry(code).or_default() += 1;
                let first = *tally.first.entry(hostile.name.clone()).or_insert(code);
                if first != code {
                    tally.changed.push(format!("{} came to {first} at first, then to {code}", hostile.name));
                }
            }
            tally.rounds += 1;
            if Instant::now() >= until || neighbour.is_finished() || !tally.changed.is_empty() {
                break;
            }
        }
        stop.store(true, Ordering::Relaxed);
        if neighbour.join().is_err() {
            tally.changed.push("an answer of the neighbour".into());
        }
    });
}

fn report(minute: u64, resident: u64, growth: u64, tally: &Tally, calm: u64) {
    #[expect(clippy::cast_precision_loss, reason = "for people")]
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let codes: Vec<String> = tally.codes.iter().map(|(code, count)| format!("{code} {count}")).collect();
    println!(
        "minute {minute}: {:.1} MiB resident (+{:.1}), {} rounds, {calm} decisions beside, {}",
        mib(resident),
        mib(growth),
        tally.rounds,
        codes.join(" ")
    );
}

/// Resident memory of this process in bytes; 0 where the system does not say.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) << 10
}

/// The number after `--minutes`; one minute without it.
fn minutes(arguments: &[String]) -> u64 {
    let place = arguments.iter().position(|argument| argument == "--minutes");
    place.and_then(|place| arguments.get(place + 1)).and_then(|text| text.parse().ok()).unwrap_or(1)
}
