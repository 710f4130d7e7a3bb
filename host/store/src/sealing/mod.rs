//! Sealing: what is personal or secret is kept as AES-256-GCM makes it, and opens only under
//! its key and in the place that it was sealed for.
//!
//! Three storeys of keys. The host's keys lie outside the database, in a file or the
//! environment. Each tenant has a key, sealed under the host's. Each person has a key, sealed
//! under their tenant's: whoever drops it has erased whatever is sealed under it, in backups
//! too that are taken from then on. Nothing here reads a clock or draws a random number by
//! itself: chance is given when a store is opened.

mod host;
mod key;
mod packed;

use std::sync::Arc;

pub use host::HostKeys;
pub(crate) use key::{KEY_BYTES, Key, Unopened, about};
pub(crate) use packed::{pack, unpack};

/// Fills bytes with randomness that nobody can foretell, for keys and nonces.
pub type Chance = Arc<dyn Fn(&mut [u8]) + Send + Sync>;

/// Where the host's keys come from.
pub trait KeySource: Send + Sync {
    /// The keys as they are there now; none if there are none yet.
    ///
    /// # Errors
    /// Why they cannot be read, and what to do, for people.
    fn read(&self) -> Result<Option<HostKeys>, String>;

    /// The keys for a database that has none yet: a first one is drawn where there is none.
    ///
    /// # Errors
    /// Why there are none, and what to do, for people.
    fn first(&self) -> Result<HostKeys, String>;
}

/// What a store seals with.
#[derive(Clone)]
pub struct Keys {
    /// The host's keys.
    pub source: Arc<dyn KeySource>,
    /// Randomness.
    pub chance: Chance,
}

impl Keys {
    /// Keys that are at hand and do not change while the store is open.
    #[must_use]
    pub fn given(keys: HostKeys, chance: Chance) -> Self {
        Self { source: Arc::new(Given(keys)), chance }
    }
}

struct Given(HostKeys);

impl KeySource for Given {
    fn read(&self) -> Result<Option<HostKeys>, String> {
        Ok(Some(self.0.clone()))
    }

    fn first(&self) -> Result<HostKeys, String> {
        Ok(self.0.clone())
    }
}
