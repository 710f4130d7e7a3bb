//! What watches over a guest's memory and tables while it runs.

use rota_domain::rule::ErrorCode;
use wasmtime::ResourceLimiter;

use crate::failure::Stop;

/// The most elements of all tables of a component together, in any class.
pub(crate) const TABLE_MAX: usize = 100_000;
/// Core modules, memories and tables that one component may consist of: those made from
/// JavaScript or Python have several. The pool holds so many for every instance, so that
/// one component's appetite takes nothing from another.
pub(crate) const MODULES: u32 = 64;
pub(crate) const MEMORIES: u32 = 4;
pub(crate) const TABLES: u32 = 8;
/// The guest's stack.
pub(crate) const STACK_MAX: usize = 512 << 10;

/// Watches over memory and tables while a guest runs.
pub(crate) struct Growth {
    limit: usize,
    granted: usize,
    elements: usize,
}

impl Growth {
    /// So many bytes of memory, whether in one or in several memories.
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, granted: 0, elements: 0 }
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

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let wanted = self.elements.saturating_add(desired.saturating_sub(current));
        if wanted > TABLE_MAX {
            let detail = format!("it wanted tables of {wanted} elements; {TABLE_MAX} are granted");
            return Err(Stop::new(ErrorCode::Table, detail).into());
        }
        self.elements = wanted;
        Ok(true)
    }
}
