//! What is watched, asked of the store at most once in some seconds, however many look. Where
//! the store does not answer, what it said last stays, and that it does not answer is said.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rota_flow::ports::{Clock, Failing, Health, StoreError, Waits, Watch, Writing};
use tokio::sync::Mutex;

/// How long an answer of the store is good enough.
const FRESH: SignedDuration = SignedDuration::from_secs(2);

/// What the store said.
#[derive(Clone, Debug)]
pub struct Seen {
    /// When.
    pub at: Timestamp,
    /// How each tenant stood.
    pub waits: Vec<Waits>,
    /// What effects met.
    pub failing: Vec<Failing>,
    /// How the database was.
    pub health: Health,
}

/// What is known of the store.
#[derive(Clone, Debug)]
pub struct Known {
    /// What it said last; none where it never did.
    pub seen: Option<Arc<Seen>>,
    /// Why it does not answer, where it does not.
    pub silent: Option<StoreError>,
}

/// The store, watched.
pub struct Watched {
    /// What is asked.
    watch: Arc<dyn Watch>,
    clock: Arc<dyn Clock>,
    /// When it was asked last, and what is known since. Who comes while it is asked waits.
    kept: Mutex<(Option<Timestamp>, Known)>,
}

impl Watched {
    /// Nothing is known yet.
    #[must_use]
    pub fn new(watch: Arc<dyn Watch>, clock: Arc<dyn Clock>) -> Self {
        Self { watch, clock, kept: Mutex::new((None, Known { seen: None, silent: None })) }
    }

    /// What is known, some seconds old at most where the store answers.
    pub async fn known(&self) -> Known {
        let now = self.clock.now();
        let mut kept = self.kept.lock().await;
        let (asked, known) = &mut *kept;
        // A clock that was set back makes nothing fresh for long.
        let fresh = asked.is_some_and(|asked| now.duration_since(asked).abs() < FRESH);
        if !fresh {
            *asked = Some(now);
            match self.ask(now).await {
                Ok(seen) => *known = Known { seen: Some(Arc::new(seen)), silent: None },
                Err(error) => known.silent = Some(error),
            }
        }
        known.clone()
    }

    /// What the writer of this process does.
    #[must_use]
    pub fn writing(&self) -> Writing {
        self.watch.writing()
    }

    /// The port itself, for what is asked seldom.
    #[must_use]
    pub fn port(&self) -> &dyn Watch {
        &*self.watch
    }

    async fn ask(&self, now: Timestamp) -> Result<Seen, StoreError> {
        let waits = self.watch.waits(now).await?;
        Ok(Seen { at: now, waits, failing: self.watch.failing().await?, health: self.watch.health().await? })
    }
}
