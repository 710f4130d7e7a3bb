//! Where in a guest something happened: its own functions by name, the innermost first.

use rustc_demangle::demangle;
use wasmtime::{FrameInfo, WasmBacktrace};

use crate::words::cut;

/// Functions that are named.
const FRAMES: usize = 8;
/// Bytes of one function's name.
const NAME_MAX: usize = 80;
/// How the functions begin that only carry a panic out: their names help nobody.
const MACHINERY: [&str; 11] = [
    "core::panicking::",
    "std::panicking::",
    "core::option::",
    "core::result::",
    "std::sys::",
    "core::slice::index::",
    "alloc::alloc::",
    "alloc::raw_vec::",
    "rust_panic",
    "rust_begin_unwind",
    "__rust",
];

/// The names of a guest's functions, from where it ended to where it began. None where the
/// component carries no names.
pub(crate) fn of(error: &wasmtime::Error) -> Option<String> {
    let backtrace = error.downcast_ref::<WasmBacktrace>()?;
    let names = backtrace.frames().iter().filter_map(name);
    let mut told: Vec<(String, usize)> = Vec::new();
    for name in names.filter(|name| !MACHINERY.iter().any(|prefix| name.starts_with(prefix))) {
        let full = told.len() == FRAMES;
        match told.last_mut() {
            Some((last, times)) if *last == name => *times += 1,
            _ if full => break,
            _ => told.push((name, 1)),
        }
    }
    let words = told.into_iter().map(|(name, times)| match times {
        1 => format!("`{name}`"),
        times => format!("`{name}` ({times} times)"),
    });
    let words: Vec<String> = words.collect();
    (!words.is_empty()).then(|| words.join(" ← "))
}

fn name(frame: &FrameInfo) -> Option<String> {
    let name = frame.func_name()?;
    // An export is `rota:routing/rule@0.1.0#decide`.
    let name = name.rsplit_once('#').map_or(name, |(_, function)| function);
    Some(cut(&format!("{:#}", demangle(name)), NAME_MAX))
}
