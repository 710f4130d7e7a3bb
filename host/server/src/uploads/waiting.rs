//! Who may upload now: one at a time of a tenant, with a few behind it, and nobody waits for
//! another tenant.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rota_domain::id::TenantId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::UploadError;

/// So many uploads of a tenant may be under way, the one that is served included.
const LENGTH: usize = 4;
/// How long one waits for those before it.
const PATIENCE: Duration = Duration::from_secs(60);

/// The uploads of all tenants that are under way.
#[derive(Clone, Default)]
pub(super) struct Waiting(Arc<Mutex<HashMap<TenantId, Few>>>);

/// The uploads of one tenant.
struct Few {
    turn: Arc<Semaphore>,
    length: usize,
}

/// A place among a tenant's, until it is dropped.
struct Place {
    all: Waiting,
    tenant: TenantId,
}

/// The first place.
pub(super) struct Turn {
    _place: Place,
    _permit: OwnedSemaphorePermit,
}

impl Waiting {
    /// Waits until this tenant's upload is served.
    pub(super) async fn turn(&self, tenant: &TenantId) -> Result<Turn, UploadError> {
        let (place, turn) = self.stand(tenant).ok_or(UploadError::Busy)?;
        let permit = tokio::time::timeout(PATIENCE, turn.acquire_owned()).await;
        match permit {
            Ok(Ok(permit)) => Ok(Turn { _place: place, _permit: permit }),
            _ => Err(UploadError::Busy),
        }
    }

    fn stand(&self, tenant: &TenantId) -> Option<(Place, Arc<Semaphore>)> {
        let mut under_way = self.under_way();
        let new = || Few { turn: Arc::new(Semaphore::new(1)), length: 0 };
        let few = under_way.entry(tenant.clone()).or_insert_with(new);
        if few.length >= LENGTH {
            return None;
        }
        few.length += 1;
        Some((Place { all: self.clone(), tenant: tenant.clone() }, few.turn.clone()))
    }

    fn under_way(&self) -> MutexGuard<'_, HashMap<TenantId, Few>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut under_way = self.all.under_way();
        if let Some(few) = under_way.get_mut(&self.tenant) {
            few.length -= 1;
            if few.length == 0 {
                under_way.remove(&self.tenant);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_tenant_has_so_many_under_way_and_another_s_are_its_own() {
        let uploads = Waiting::default();
        let turn = uploads.turn(&"acme".into()).await.expect("the first is served");
        let waiting: Vec<_> = (1..LENGTH).map(|_| uploads.stand(&"acme".into()).expect("a place")).collect();
        assert!(matches!(uploads.turn(&"acme".into()).await, Err(UploadError::Busy)));
        uploads.turn(&"other".into()).await.expect("nobody waits for another tenant");
        drop((turn, waiting));
        uploads.turn(&"acme".into()).await.expect("nobody waits any more");
    }
}
