//! Components that no host should take in: those of `tests/guests/uploads`, those that are
//! too large in some way to be written down, and sound ones with a manifest that is not.

use crate::guest::{Guest, MANIFEST, beside, wat, with_custom, with_section};

/// A guest that nothing is wrong with.
#[must_use]
pub fn sound() -> Guest {
    Guest::new("(func $decide (result i32) (call $pass))")
}

/// How an upload is made: some of them take a while.
pub type Make = fn() -> Vec<u8>;

/// Each hostile upload under its name.
#[must_use]
pub fn all() -> Vec<(&'static str, Make)> {
    vec![
        ("wrong-export-type", || text("wrong-export-type")),
        ("foreign-import", || text("foreign-import")),
        ("utf-16", || text("utf-16")),
        ("huge-function", huge_function),
        ("huge-data-segment", huge_data_segment),
        ("deeply-nested-blocks", nested_blocks),
        ("thousands-of-branches", thousands_of_branches),
        ("deeply-nested-loops", nested_loops),
        ("deeply-nested-components", nested_components),
        ("component-in-a-component", component_in_a_component),
        ("thousands-of-types", || many("(type (func (param i32)))", 20_001)),
        ("thousands-of-functions", || many("(func)", 100_001)),
        ("thousands-of-segments", || many("(data \"a\")", 20_001)),
        ("thousands-of-globals", || many("(global i32 (i32.const 0))", 200_001)),
        ("many-memories", || many_beside("(module (memory 1))", 4)),
        ("many-tables-at-start", || many_beside("(module (table 1 funcref))", 8)),
        ("many-instances", || many_beside("(module)", 64)),
        ("threads", || beside(sound().component(), &core("(module (memory 1 1 shared))"))),
        ("manifest-of-another-contract", || with_contract("0.2")),
        ("manifest-of-no-contract", || with_contract("newest")),
        ("manifest-that-is-not-toml", || with("name = ")),
        ("manifest-of-a-mebibyte", || with(&format!("{MANIFEST}# {}", "x".repeat(1 << 20)))),
        ("manifest-with-a-key-twice", || with(&format!("name = \"other\"\n{MANIFEST}"))),
        ("manifest-with-a-path-for-a-name", || with(&MANIFEST.replace("\"guest\"", "\"../guest\""))),
    ]
}

/// A sound component with this manifest.
fn with(manifest: &str) -> Vec<u8> {
    with_custom(sound().bare(), "rota:manifest", manifest.as_bytes())
}

fn with_contract(release: &str) -> Vec<u8> {
    with(&MANIFEST.replace("contract = \"0.1\"", &format!("contract = \"{release}\"")))
}

/// A component of `tests/guests/uploads`, with a sound manifest.
fn text(name: &str) -> Vec<u8> {
    let component = core(&wat(&format!("uploads/{name}")));
    with_custom(component, "rota:manifest", MANIFEST.as_bytes())
}

fn core(text: &str) -> Vec<u8> {
    wat::parse_str(text).expect("WebAssembly")
}

fn decides_and(more: &str) -> Vec<u8> {
    Guest::new(&format!("{more} (func $decide (result i32) (call $pass))")).component()
}

fn huge_function() -> Vec<u8> {
    decides_and(&format!("(func {})", "nop ".repeat(600 << 10)))
}

fn huge_data_segment() -> Vec<u8> {
    let guest = Guest::new(&format!("(data \"{}\") (func $decide (result i32) (call $pass))", "a".repeat(3 << 20)));
    guest.component()
}

fn nested_blocks() -> Vec<u8> {
    decides_and(&format!("(func {}{})", "block ".repeat(5000), "end ".repeat(5000)))
}

/// The compiler takes a time that grows with the square of these.
fn thousands_of_branches() -> Vec<u8> {
    decides_and(&format!("(func (param i32) {})", "local.get 0 if end ".repeat(20_001)))
}

/// So does it with these.
fn nested_loops() -> Vec<u8> {
    decides_and(&format!("(func (param i32) {} {})", "loop ".repeat(129), "local.get 0 br_if 0 end ".repeat(129)))
}

fn nested_components() -> Vec<u8> {
    let empty = || core("(component)");
    let nested = (0..20).fold(empty(), |inner, _| with_section(empty(), 4, &inner));
    with_section(sound().component(), 4, &nested)
}

/// A whole plugin inside a component that has nothing of its own.
fn component_in_a_component() -> Vec<u8> {
    with_section(core("(component)"), 4, &sound().component())
}

fn many(what: &str, times: usize) -> Vec<u8> {
    decides_and(&what.repeat(times))
}

/// So many instances of one module, beside a sound guest's own.
fn many_beside(module: &str, times: u8) -> Vec<u8> {
    let component = with_section(sound().component(), 1, &core(module));
    let instances = (0..times).flat_map(|_| [0, 3, 0]);
    with_section(component, 2, &std::iter::once(times).chain(instances).collect::<Vec<u8>>())
}
