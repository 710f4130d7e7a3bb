//! What the processes of a store in memory tell each other.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use async_trait::async_trait;
use jiff::Timestamp;
use rota_domain::id::HostId;
use rota_flow::ports::{Board, StoreError, Whose};

use super::MemoryStore;

#[async_trait]
impl Board for MemoryStore {
    fn host(&self) -> &HostId {
        &self.host
    }

    async fn notes(&self) -> Result<BTreeMap<String, String>, StoreError> {
        Ok(self.board.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    async fn swap(&self, name: &str, old: Option<&str>, new: Option<&str>) -> Result<bool, StoreError> {
        let mut board = self.board.lock().unwrap_or_else(PoisonError::into_inner);
        if board.get(name).map(String::as_str) != old {
            return Ok(false);
        }
        match new {
            Some(new) => board.insert(name.to_owned(), new.to_owned()),
            None => board.remove(name),
        };
        Ok(true)
    }

    async fn free(&self, whose: &Whose, at: Timestamp) -> Result<u64, StoreError> {
        let mut tenants = self.tenants();
        let mut freed = 0;
        for lane in tenants.values_mut().flat_map(|tenant| tenant.lanes.values_mut()) {
            let meant = match whose {
                Whose::Of(host) => lane.holder.as_ref() == Some(host),
                Whose::Others => lane.holder.as_ref() != Some(&self.host),
            };
            if let Some(lease) = lane.lease.as_mut().filter(|lease| meant && **lease > at) {
                *lease = at;
                freed += 1;
            }
        }
        Ok(freed)
    }
}
