//! Whom a token lets in. Tokens that were shown lately are kept in mind for two seconds, so
//! that a busy caller costs no read a call, and that they were used is written now and then.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rota_domain::access::{Grant, Token};
use rota_domain::id::TokenId;
use rota_flow::ports::{Access, StoreError};
use tokio::sync::watch;

/// How long a token is believed without a look into the database: a revocation by another
/// process holds after this time at the latest.
const BELIEVED: SignedDuration = SignedDuration::from_secs(2);

/// How many tokens are kept in mind.
const MOST: usize = 10_000;

/// How often it is written which tokens were used.
const FLUSH: Duration = Duration::from_secs(10);

/// A token that was shown lately.
struct Known {
    grant: Arc<Grant>,
    read: Timestamp,
    /// The minute that is noted as its last use.
    noted: Option<Timestamp>,
}

/// What is kept in mind.
#[derive(Default)]
struct Mind {
    tokens: HashMap<[u8; 32], Known>,
    /// Uses that are not written yet.
    uses: HashMap<TokenId, Timestamp>,
    /// How many tokens were forgotten so far: what was read before that may be past.
    forgotten: u64,
}

/// The gate that every call passes.
pub struct Gate {
    access: Arc<dyn Access>,
    mind: Mutex<Mind>,
}

impl Gate {
    /// A gate that has seen nobody yet.
    #[must_use]
    pub fn new(access: Arc<dyn Access>) -> Self {
        Self { access, mind: Mutex::default() }
    }

    /// What the token grants at this time; none if it is unknown, revoked or past its end.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn grant(&self, token: &Token, now: Timestamp) -> Result<Option<Arc<Grant>>, StoreError> {
        let digest = token.digest();
        let forgotten = {
            let mut mind = self.mind();
            if let Some(grant) = mind.believed(&digest, now) {
                return Ok(grant.holds(now).then_some(grant));
            }
            mind.forgotten
        };
        let Some(grant) = self.access.granted(digest).await?.map(Arc::new).filter(|grant| grant.holds(now)) else {
            return Ok(None);
        };
        let mut mind = self.mind();
        if mind.forgotten == forgotten {
            mind.keep(digest, grant.clone(), now);
        }
        Ok(Some(grant))
    }

    /// Forgets what a token grants, since it was revoked.
    pub fn forget(&self, token: &TokenId) {
        let mut mind = self.mind();
        mind.forgotten += 1;
        mind.tokens.retain(|_, known| known.grant.id != *token);
    }

    /// Writes which tokens were used, now and then until the host stops.
    pub async fn run(self: Arc<Self>, mut stopped: watch::Receiver<bool>) {
        while !*stopped.borrow() {
            tokio::select! {
                () = tokio::time::sleep(FLUSH) => self.flush().await,
                _ = stopped.changed() => {}
            }
        }
    }

    /// Writes which tokens were used.
    pub async fn flush(&self) {
        let uses: Vec<_> = std::mem::take(&mut self.mind().uses).into_iter().collect();
        if uses.is_empty() {
            return;
        }
        if let Err(error) = self.access.used(uses).await {
            tracing::warn!(%error, "When tokens were used last could not be written");
        }
    }

    fn mind(&self) -> MutexGuard<'_, Mind> {
        self.mind.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Mind {
    /// What a token grants, if that was read just now; its use is noted.
    fn believed(&mut self, digest: &[u8; 32], now: Timestamp) -> Option<Arc<Grant>> {
        // A clock that was set back makes nothing older believed for longer.
        let fresh = |known: &&mut Known| now.duration_since(known.read).abs() < BELIEVED;
        let known = self.tokens.get_mut(digest).filter(fresh)?;
        let minute = minute(now);
        if known.noted != Some(minute) {
            known.noted = Some(minute);
            self.uses.insert(known.grant.id.clone(), minute);
        }
        Some(known.grant.clone())
    }

    fn keep(&mut self, digest: [u8; 32], grant: Arc<Grant>, now: Timestamp) {
        if self.tokens.len() >= MOST {
            self.tokens.retain(|_, known| now.duration_since(known.read).abs() < BELIEVED);
        }
        if self.tokens.len() >= MOST {
            self.tokens.clear();
        }
        let minute = minute(now);
        if grant.used != Some(minute) {
            self.uses.insert(grant.id.clone(), minute);
        }
        self.tokens.insert(digest, Known { grant, read: now, noted: Some(minute) });
    }
}

/// The minute of a time: uses are kept no finer, so that they say when a token is needed and
/// not what its holder does.
fn minute(now: Timestamp) -> Timestamp {
    let second = now.as_second();
    Timestamp::from_second(second - second.rem_euclid(60)).unwrap_or(now)
}
