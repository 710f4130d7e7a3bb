//! How limits stand in transcripts, and what watches over a guest's memory and tables while it runs.

use std::sync::{Arc, PoisonError, RwLock};

use rota_domain::limits::Limits;
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

/// So many different limits are known by their text; a host has a few plans.
const KNOWN_MAX: usize = 64;

/// Limits as transcripts have them. A host grants few different ones, and writing fifteen
/// numbers out at every decision would take a tenth of a small one.
#[derive(Default)]
pub(crate) struct Written {
    known: RwLock<Vec<(Limits, Arc<str>)>>,
}

impl Written {
    /// These limits as JSON.
    pub(crate) fn text(&self, limits: &Limits) -> Arc<str> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, text)) = known.iter().find(|(known, _)| known == limits) {
            return text.clone();
        }
        drop(known);
        // Plain numbers always become JSON.
        let text: Arc<str> = serde_json::to_string(limits).unwrap_or_default().into();
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() < KNOWN_MAX {
            known.push((*limits, text.clone()));
        }
        text
    }
}

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
