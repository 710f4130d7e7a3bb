//! What watches over a guest's memory and tables while it runs.

use rota_domain::rule::ErrorCode;
use wasmtime::ResourceLimiter;

use crate::failure::Stop;

/// The most elements of a table in any class.
pub(crate) const TABLE_MAX: usize = 100_000;
/// The guest's stack.
pub(crate) const STACK_MAX: usize = 512 << 10;

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

    /// The most bytes that there were at one time: memories never shrink.
    pub(crate) fn granted(&self) -> usize {
        self.granted
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
