//! Random strangers: components that a generator made, sound components with bits flipped,
//! and guests that call the host with random arguments. Each seed is one attempt, and says
//! the same every time.

use std::sync::LazyLock;

use arbitrary::Unstructured;
use rand::rngs::SmallRng;
use rand::{Rng as _, RngCore as _, SeedableRng as _};
use rota_domain::rule::{Answer, Question, Settings, Verdict};
use rota_flow::ports::Rules;
use rota_rules::{Catalogue, inspect};
use wasm_smith::{Component, Config, Module};

use crate::calls::{self, ARGUMENTS, Step, runner, settings};
use crate::guest::{Guest, MANIFEST, beside, question, with_custom};
use crate::hostile::outcome;
use crate::imports::{IMPORTS, Parameter};
use crate::wild::introduction;

/// What an attempt came to, in words for a tally.
pub type Came = String;

static RUNNER: LazyLock<Vec<u8>> = LazyLock::new(|| runner().component());
static SOUND: LazyLock<Vec<u8>> = LazyLock::new(|| Guest::new("(func $decide (result i32) (call $pass))").component());

/// One attempt.
///
/// # Errors
/// What must not be: a defect of the host, two answers to one question, or words that tell
/// of the host's inside.
pub fn attempt(catalogue: &Catalogue, seed: u64) -> Result<Came, String> {
    let mut random = SmallRng::seed_from_u64(seed);
    match random.random_range(0..8) {
        0 => upload(catalogue, "generated", &generated(&mut random)),
        1 => upload(catalogue, "beside a module", &with_module(&mut random)),
        2 | 3 => upload(catalogue, "flipped", &flipped(&mut random)),
        _ => call(catalogue, &mut random),
    }
}

/// A component that a generator made, with a sound manifest.
fn generated(random: &mut SmallRng) -> Vec<u8> {
    let bytes = bytes(random, 8 << 10);
    let component = Component::new(Config::default(), &mut Unstructured::new(&bytes));
    let component = component.map_or_else(|_| bytes.clone(), |component| component.to_bytes());
    with_custom(component, "rota:manifest", MANIFEST.as_bytes())
}

/// A sound guest with a generated module beside it, whose start function runs when it is
/// asked.
fn with_module(random: &mut SmallRng) -> Vec<u8> {
    let bytes = bytes(random, 4 << 10);
    let config = Config {
        max_imports: 0,
        max_memories: 1,
        max_memory32_bytes: 8 << 20,
        gc_enabled: false,
        exceptions_enabled: false,
        memory64_enabled: false,
        relaxed_simd_enabled: false,
        reference_types_enabled: random.random(),
        threads_enabled: false,
        wide_arithmetic_enabled: false,
        max_table_elements: 1000,
        ..Config::default()
    };
    match Module::new(config, &mut Unstructured::new(&bytes)) {
        Ok(module) => beside(SOUND.clone(), &module.to_bytes()),
        Err(_) => SOUND.clone(),
    }
}

/// A sound component with one to eight bits, bytes or stretches changed.
fn flipped(random: &mut SmallRng) -> Vec<u8> {
    let mut component = if random.random() { SOUND.clone() } else { RUNNER.clone() };
    for _ in 0..random.random_range(1..=8) {
        let place = random.random_range(0..component.len());
        match random.random_range(0..5) {
            0 => component[place] = random.random(),
            1 => component.truncate(place.max(8)),
            2 => {
                component.remove(place);
            }
            3 => component.insert(place, random.random()),
            _ => component[place] ^= 1 << random.random_range(0..8),
        }
    }
    component
}

fn bytes(random: &mut SmallRng, most: usize) -> Vec<u8> {
    let mut bytes = vec![0; random.random_range(64..most)];
    random.fill_bytes(&mut bytes);
    bytes
}

/// Inspects, takes in, and asks what was taken in.
fn upload(catalogue: &Catalogue, kind: &str, component: &[u8]) -> Result<Came, String> {
    let inspected = inspect(component);
    match catalogue.take_in(component) {
        Ok(plugin) => {
            inspected.map_err(|refusal| format!("taken in, though it was refused before: {refusal}"))?;
            let answer = catalogue.ask(question(plugin.digest));
            sound(&answer)?;
            Ok(format!("{kind}: asked, {}", outcome(&answer)))
        }
        Err(refusal) => {
            readable(&refusal.detail)?;
            Ok(format!("{kind}: refused, {}", refusal.code))
        }
    }
}

/// Makes random calls to the host, twice the same.
fn call(catalogue: &Catalogue, random: &mut SmallRng) -> Result<Came, String> {
    let plugin = catalogue.take_in(&RUNNER).map_err(|refusal| refusal.to_string())?;
    let mut program = if random.random_ratio(3, 4) { introduction() } else { Vec::new() };
    program.extend((0..random.random_range(1..24)).map(|_| step(random)));
    let settings = Settings::new(settings(&program));
    let ask = || catalogue.ask(Question { settings: settings.clone(), ..question(plugin.digest.clone()) });
    let (first, second) = (ask(), ask());
    sound(&first)?;
    if (&first.verdict, &first.transcript, first.fuel) != (&second.verdict, &second.transcript, second.fuel) {
        return Err(format!("two answers to one question: {:?} and {:?}", first.verdict, second.verdict));
    }
    Ok(format!("calls: {}", outcome(&first)))
}

fn step(random: &mut SmallRng) -> Step {
    let what = match random.random_range(0..10) {
        0 => calls::write(),
        1 if random.random_ratio(1, 4) => calls::end(),
        _ => random.random_range(0..IMPORTS.len()),
    };
    let mut arguments = [0; ARGUMENTS];
    for (n, argument) in arguments.iter_mut().enumerate() {
        let parameter = IMPORTS.get(what).and_then(|import| import.parameters.get(n));
        *argument = value(random, parameter);
    }
    Step { what, arguments }
}

/// Mostly a value that makes sense, so that a program comes beyond its first step.
fn value(random: &mut SmallRng, parameter: Option<&Parameter>) -> u64 {
    if random.random_ratio(1, 40) {
        let edges = [0, 1, 3, 0xffff, 0x10_0000, 0xf_ffff, 0x7fff_ffff, 0x8000_0000, 0xffff_fff8, 0xffff_ffff];
        return edges[random.random_range(0..edges.len())];
    }
    if random.random_ratio(1, 80) {
        return random.random();
    }
    match parameter {
        Some(Parameter::Pointer(size)) => 1024 + random.random_range(0..10) * *size as u64,
        Some(Parameter::Length) => random.random_range(0..6),
        Some(Parameter::Number) => random.random_range(0..2),
        Some(Parameter::Case(cases)) => random.random_range(0..*cases as u64),
        Some(Parameter::Float) => {
            let times = [0.0, 1e12, -1e12, 8.64e15, f64::NAN, f64::INFINITY, 0.5, -0.0, 1e300];
            f64::to_bits(times[random.random_range(0..times.len())])
        }
        Some(Parameter::Answer(..)) => 2048 + 8 * random.random_range(0..64),
        None => random.random_range(0..256),
    }
}

/// What every answer has to be, whatever the guest did.
fn sound(answer: &Answer) -> Result<(), String> {
    std::str::from_utf8(&answer.transcript).map_err(|_| "the transcript is not UTF-8")?;
    match &answer.verdict {
        Verdict::Failed(failure) if failure.detail.contains("a defect of Rota") => {
            Err(format!("the host failed: {}", failure.detail))
        }
        Verdict::Failed(failure) => readable(&failure.detail),
        _ => Ok(()),
    }
}

/// Words that reach an author tell nothing of the host.
fn readable(detail: &str) -> Result<(), String> {
    let inside = [".rs:", "wasmtime", "cranelift", "pooling", "RUST_BACKTRACE", "thread '"];
    match inside.iter().find(|word| detail.contains(**word)) {
        Some(word) => Err(format!("`{word}` in: {detail}")),
        None if detail.is_empty() => Err("a failure without a word".into()),
        None => Ok(()),
    }
}
