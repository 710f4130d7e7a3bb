//! A tenant's share of the host: when and where its rules run, and how much fuel they may use
//! in a minute. What is used up makes the tenant's leads wait in the inbox and changes no
//! decision.

mod account;
mod tracks;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use rota_domain::id::TenantId;
use rota_domain::rate::Bucket;

pub use tracks::{Defect, Tracks};

/// One tenant's share. Clones are the same one.
#[derive(Clone, Debug)]
pub struct Share {
    tenant: TenantId,
    tracks: Arc<Tracks>,
    fuel: Arc<Mutex<Bucket>>,
    suspended: Arc<AtomicBool>,
}

impl Share {
    /// The share of a tenant whose rules may use so much fuel in a minute.
    #[must_use]
    pub fn new(tenant: TenantId, tracks: Arc<Tracks>, fuel_per_minute: u64, now: Timestamp) -> Self {
        Self {
            tenant,
            tracks,
            fuel: Arc::new(Mutex::new(Bucket::full(fuel_per_minute, now))),
            suspended: Arc::default(),
        }
    }

    /// Its rules may use so much in a minute from now on.
    pub fn regrant(&self, fuel_per_minute: u64, now: Timestamp) {
        self.fuel().regrant(fuel_per_minute, now);
    }

    /// Whether its rules may run.
    ///
    /// # Errors
    /// How long to wait, when they have used their fuel.
    pub fn ready(&self, now: Timestamp) -> Result<(), SignedDuration> {
        self.fuel().waits(1, now)
    }

    /// Whether what arrives for it is to wait in the inbox until it is told otherwise.
    pub fn suspend(&self, suspended: bool) {
        self.suspended.store(suspended, Ordering::Relaxed);
    }

    /// Whether what arrives for it waits in the inbox.
    #[must_use]
    pub fn is_suspended(&self) -> bool {
        self.suspended.load(Ordering::Relaxed)
    }

    /// Its rules used so much fuel.
    pub fn spend(&self, fuel: u64, now: Timestamp) {
        self.fuel().charge(fuel, now);
    }

    /// Does work of this tenant, which is about at most so many leads, where it holds nobody up.
    /// The work says how many leads it decided.
    ///
    /// # Errors
    /// When it panics.
    pub async fn run<T: Send + 'static>(
        &self,
        leads: usize,
        work: impl FnOnce() -> (T, u64) + Send + 'static,
    ) -> Result<T, Defect> {
        self.tracks.run(&self.tenant, leads as u64, work).await
    }

    fn fuel(&self) -> MutexGuard<'_, Bucket> {
        self.fuel.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
