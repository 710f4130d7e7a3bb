//! How much a rule may use. Defaults by language class; a tenant's plan may change them.

use rota_domain::manifest::Language;
use rota_domain::rule::ErrorCode;
use wasmtime::ResourceLimiter;

use crate::failure::Stop;

/// The largest memory of any class: what the instance pool reserves for each slot.
pub(crate) const MEMORY_MAX: usize = 128 << 20;
/// The most elements of a table in any class.
pub(crate) const TABLE_MAX: usize = 100_000;
/// The guest's stack.
pub(crate) const STACK_MAX: usize = 512 << 10;

/// The limits of one decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

/// Watches over memory and tables while a guest runs.
pub(crate) struct Growth {
    limit: usize,
    granted: usize,
}

impl Growth {
    /// So many bytes of memory, whether in one or in several memories.
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, granted: 0 }
    }
}

impl ResourceLimiter for Growth {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let wanted = self.granted.saturating_add(desired.saturating_sub(current));
        if wanted > self.limit {
            let detail = format!("it wanted {} KiB of memory; its class grants {} KiB", wanted >> 10, self.limit >> 10);
            return Err(Stop::new(ErrorCode::Memory, detail).into());
        }
        self.granted = wanted;
        Ok(true)
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        if desired > TABLE_MAX {
            let detail = format!("it wanted a table of {desired} elements; {TABLE_MAX} are granted");
            return Err(Stop::new(ErrorCode::Table, detail).into());
        }
        Ok(true)
    }
}
