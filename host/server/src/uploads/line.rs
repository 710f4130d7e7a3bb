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

/// The lines of all tenants.
#[derive(Clone, Default)]
pub(super) struct Line(Arc<Mutex<HashMap<TenantId, Queue>>>);

struct Queue {
    turn: Arc<Semaphore>,
    length: usize,
}

/// A place in a tenant's line, until it is dropped.
struct Place {
    line: Line,
    tenant: TenantId,
}

/// The first place.
pub(super) struct Turn {
    _place: Place,
    _permit: OwnedSemaphorePermit,
}

impl Line {
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
        let mut queues = self.queues();
        let new = || Queue { turn: Arc::new(Semaphore::new(1)), length: 0 };
        let queue = queues.entry(tenant.clone()).or_insert_with(new);
        if queue.length >= LENGTH {
            return None;
        }
        queue.length += 1;
        Some((Place { line: self.clone(), tenant: tenant.clone() }, queue.turn.clone()))
    }

    fn queues(&self) -> MutexGuard<'_, HashMap<TenantId, Queue>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut queues = self.line.queues();
        if let Some(queue) = queues.get_mut(&self.tenant) {
            queue.length -= 1;
            if queue.length == 0 {
                queues.remove(&self.tenant);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_tenant_s_line_has_an_end_and_another_s_is_its_own() {
        let line = Line::default();
        let turn = line.turn(&"acme".into()).await.expect("the first is served");
        let waiting: Vec<_> = (1..LENGTH).map(|_| line.stand(&"acme".into()).expect("a place")).collect();
        assert!(matches!(line.turn(&"acme".into()).await, Err(UploadError::Busy)));
        line.turn(&"other".into()).await.expect("nobody waits for another tenant");
        drop((turn, waiting));
        line.turn(&"acme".into()).await.expect("the line is empty again");
    }
}
