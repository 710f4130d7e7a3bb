//! How much a rule may use. Defaults by language class; a tenant's plan may change them.

use serde::{Deserialize, Serialize};

use crate::manifest::Language;

/// The most fuel that any plan may grant.
pub const FUEL_MAX: u64 = 2_000_000_000;

/// The largest memory of any class.
pub const MEMORY_MAX: usize = 128 << 20;

/// The limits of one decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Fuel: about one for each WebAssembly instruction. The judge of how long a rule may
    /// run, since it is the same on every machine.
    pub fuel: u64,
    /// Processor time in milliseconds: the backstop for what fuel does not count. It follows
    /// from the fuel, at least ten times what that takes at the worst.
    pub cpu_ms: u64,
    /// Linear memory in bytes, all memories of a component together.
    pub memory: usize,
    /// Component size in bytes.
    pub component: usize,
    /// Calls to the host. A call that makes the host look at many things counts as several.
    pub host_calls: u32,
    /// Pools and tables open at once.
    pub handles: usize,
    /// Bytes of a decision with its effects.
    pub decision: usize,
    /// Bytes that one call may hand to the host.
    pub call_bytes: usize,
    /// Bytes that guest and host may hand to each other in one decision, all calls together.
    pub carried: usize,
    /// Bytes of a decision's transcript.
    pub transcript: usize,
    /// Bytes of log lines that are kept.
    pub log_bytes: usize,
    /// Log lines that are kept.
    pub log_lines: usize,
    /// Explain notes that are kept.
    pub notes: usize,
    /// Bytes of explain notes that are kept.
    pub note_bytes: usize,
    /// Bytes of settings.
    pub settings: usize,
}

/// Processor time in milliseconds that the backstop allows for so much fuel.
///
/// What a million of fuel takes depends on what a guest does (`cargo bench --bench fuel`, two
/// busy cores, milliseconds): additions 0.2, divisions 0.6, square roots 1.9, calls 0.5,
/// calls through a table 0.6, first touches of pages 3.8, `memory.fill` and `memory.copy`
/// 0.1 (they pay by the byte), `table.copy` 1.2, `memory.grow` 6.6, host calls 16, and at the
/// worst, loads over 128 MiB that miss every cache, 26. Ten times that and a little more is
/// 285 ms, so that a rule within its fuel never meets the backstop, whatever the machine
/// does: that would be a verdict which depends on the machine.
///
/// Calls to the host have bounds of their own. None of them waits for anything, so there is
/// no time that a guest spends elsewhere.
const fn backstop_ms(fuel: u64) -> u64 {
    let ms = fuel / 3_500;
    if ms < 1_000 { 1_000 } else { ms }
}

impl Limits {
    /// The same with so much fuel, and the backstop that goes with it.
    #[must_use]
    pub fn with_fuel(self, fuel: u64) -> Self {
        Self { fuel, cpu_ms: backstop_ms(fuel), ..self }
    }

    /// The defaults for a language class.
    #[must_use]
    pub fn of(language: Language) -> Self {
        let (fuel, memory, component) = match language {
            Language::Rust => (20_000_000, 16 << 20, 2 << 20),
            Language::JavaScript => (50_000_000, 64 << 20, 8 << 20),
            Language::Python => (100_000_000, MEMORY_MAX, 32 << 20),
        };
        Self {
            fuel,
            cpu_ms: backstop_ms(fuel),
            memory,
            component,
            host_calls: 10_000,
            handles: 64,
            decision: 32 << 10,
            call_bytes: 256 << 10,
            carried: 16 << 20,
            transcript: 4 << 20,
            log_bytes: 8 << 10,
            log_lines: 64,
            notes: 128,
            note_bytes: 32 << 10,
            settings: 256 << 10,
        }
    }
}
