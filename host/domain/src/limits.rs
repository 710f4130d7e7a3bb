//! How much a rule may use. Defaults by language class; a tenant's plan may change them.

use serde::{Deserialize, Serialize};

use crate::manifest::Language;

/// The largest memory of any class.
pub const MEMORY_MAX: usize = 128 << 20;

/// The limits of one decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Fuel: about one for each WebAssembly instruction. The judge of how long a rule may
    /// run, since it is the same on every machine.
    pub fuel: u64,
    /// Processor time in milliseconds: the backstop for what fuel does not count. It allows
    /// at least ten times what the fuel takes.
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

impl Limits {
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
            cpu_ms: 1_000,
            memory,
            component,
            host_calls: 10_000,
            handles: 64,
            decision: 32 << 10,
            call_bytes: 256 << 10,
            transcript: 4 << 20,
            log_bytes: 8 << 10,
            log_lines: 64,
            notes: 128,
            note_bytes: 32 << 10,
            settings: 256 << 10,
        }
    }
}
