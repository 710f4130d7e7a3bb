//! The simulation's store in memory is held to the same promises as the real ones.

use std::sync::Arc;

use rota_flow::ports::Store;
use rota_tests::memory::MemoryStore;

use super::Place;

/// A store that is there as long as somebody knows it.
pub(crate) struct InMemory(MemoryStore);

impl Place for InMemory {
    fn new() -> Self {
        Self(MemoryStore::default())
    }

    async fn open(&self) -> Arc<dyn Store> {
        Arc::new(self.0.clone())
    }
}
