//! What plugins cost before they are asked: taking one in, uploading one to a server, starting
//! with many, and asking again from the record. `cargo bench --bench plugins`; with
//! `-- next-in-line` the thousand are copies of that plugin and not of a small guest, which takes
//! minutes to compile; with `-- upload` it uploads and does nothing else.

#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]
#![expect(clippy::disallowed_methods, reason = "it measures time")]

mod upload;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rota::bundled::BUNDLED;
use rota_domain::rule::Question;
use rota_domain::transcript::sections;
use rota_flow::ports::{Replays as _, Rules as _};
use rota_rules::{Catalogue, Workshop};
use rota_tests::guest::{Guest, question, with_custom};

const ROTA: &str = env!("CARGO_BIN_EXE_rota-under-test");
const KEY: [u8; 32] = [7; 32];
/// Plugins that a start has to know.
const INSTALLED: usize = 1_000;
/// Decisions that are asked again.
const REPLAYED: u32 = 20_000;

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with('-'));
    match (arguments.next(), arguments.next()) {
        (Some(start), Some(folder)) if start == "start" => began(Path::new(&folder)),
        (Some(only), _) if only == "upload" => upload::run(),
        (wanted, _) => {
            activation();
            upload::run();
            thousand(wanted.as_deref());
            replay();
        }
    }
}

fn kept(folder: &Path) -> Catalogue {
    let workshop = Arc::new(Workshop::new(ROTA, ["workshop"]));
    Catalogue::kept(&folder.join("shelf"), KEY.into(), workshop).expect("a catalogue")
}

fn timed<T>(once: impl FnOnce() -> T) -> (T, Duration) {
    let began = Instant::now();
    let came = once();
    (came, began.elapsed())
}

/// One plugin from its bytes to its first answer.
fn activation() {
    for (name, component) in BUNDLED {
        let folder = tempfile::tempdir().expect("a folder");
        let here = Catalogue::new().expect("an engine");
        let (_, alone) = timed(|| here.take_in(component).expect("it is taken in"));
        let catalogue = kept(folder.path());
        let (plugin, child) = timed(|| catalogue.take_in_from(&"acme".into(), component).expect("it is taken in"));
        let next = kept(folder.path());
        let (_, again) = timed(|| next.take_in_from(&"acme".into(), component).expect("it is known"));
        let (_, first) = timed(|| next.ask(question(plugin.digest.clone())));
        println!(
            "{name}: compiled in this process {alone:.0?}, in the child {child:.0?} (× {:.2}); at the next start known in {again:.0?}, first answer {first:.0?}",
            child.as_secs_f64() / alone.as_secs_f64()
        );
    }
}

/// Puts a thousand plugins on a shelf, and starts a process that finds them there.
fn thousand(wanted: Option<&str>) {
    let bundled = BUNDLED.iter().find(|(name, _)| Some(*name) == wanted);
    let small = Guest::new("(func $decide (result i32) (call $pass))").component();
    let component = bundled.map_or(small.as_slice(), |(_, component)| component);
    let folder = tempfile::tempdir().expect("a folder");
    let catalogue = kept(folder.path());
    for n in 0..INSTALLED {
        let distinct = with_custom(component.to_vec(), "n", &n.to_le_bytes());
        fs::write(folder.path().join(format!("{n}.wasm")), &distinct).expect("written");
        // In this process, since it is the start that counts here.
        catalogue.take_in(&distinct).expect("it is taken in");
    }
    drop(catalogue);
    let program = std::env::current_exe().expect("this program");
    let status = Command::new(program).arg("start").arg(folder.path()).status().expect("it starts");
    assert!(status.success(), "the start failed");
}

/// The start: every component is read from its file, as a workspace has it, and known.
fn began(folder: &Path) {
    let (catalogue, opened) = timed(|| kept(folder));
    let read = |n: usize| fs::read(folder.join(format!("{n}.wasm"))).expect("the file");
    let take_in = |n| catalogue.take_in_from(&"acme".into(), &read(n)).expect("it is known");
    let (plugins, known) = timed(|| (0..INSTALLED).map(take_in).collect::<Vec<_>>());
    let resident_then = resident_mib();
    let ask = |digest: &rota_domain::id::Digest| drop(catalogue.ask(question(digest.clone())));
    let (_, asked) = timed(|| plugins.iter().for_each(|plugin| ask(&plugin.digest)));
    println!(
        "start with {INSTALLED} plugins: {:.0?}, {resident_then} MiB resident; all asked once: {asked:.0?}, {} MiB",
        opened + known,
        resident_mib()
    );
}

fn resident_mib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("this process");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a line");
    let kib: u64 = line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number");
    kib >> 10
}

/// Asking live, and asking again from the transcript, in turns.
fn replay() {
    let catalogue = Catalogue::new().expect("an engine");
    let (_, component) = BUNDLED.iter().find(|(name, _)| *name == "next-in-line").expect("it is bundled");
    let plugin = catalogue.take_in(component).expect("it is taken in");
    let usual = Question { settings: r#"{"pool":"na"}"#.into(), ..question(plugin.digest) };
    let asked = || usual.clone();
    let transcript = String::from_utf8(catalogue.ask(asked()).transcript).expect("text");
    let read = sections(&transcript);
    let again = || assert!(catalogue.replay(asked(), &read.whole[0]).expect("it plays").difference.is_none());
    let (mut live, mut replayed) = (Duration::ZERO, Duration::ZERO);
    for _ in 0..20 {
        live += timed(|| (0..REPLAYED / 20).for_each(|_| drop(catalogue.ask(asked())))).1;
        replayed += timed(|| (0..REPLAYED / 20).for_each(|_| again())).1;
    }
    println!(
        "replay from memory: {:.0} decisions/s, × {:.2} of the time that asking live takes",
        f64::from(REPLAYED) / replayed.as_secs_f64(),
        replayed.as_secs_f64() / live.as_secs_f64()
    );
}
