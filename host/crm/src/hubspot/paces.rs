//! One pace for each account, however many connections and tenants use it: HubSpot counts
//! the calls of a token, and does not ask who of us made them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use reqwest::Url;
use rota_domain::allotment::Need;
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

use super::limit::{Burst, Limit, Wardens};
use crate::Secret;

type Known = Arc<Mutex<HashMap<[u8; 32], Weak<Limit>>>>;

/// The paces of all accounts of this host.
#[derive(Clone, Default)]
pub struct Paces {
    known: Known,
    /// Who divides calls between this host and others; none where there are none.
    wardens: Option<Arc<Wardens>>,
}

/// One account's pace, for whoever divides its calls between hosts.
pub struct Pace {
    name: String,
    limit: Arc<Limit>,
}

impl Paces {
    /// Paces that several hosts share: an account is called only as often as its pace was told
    /// that it may.
    #[must_use]
    pub fn shared() -> Self {
        Self { known: Known::default(), wardens: Some(Arc::default()) }
    }

    /// The accounts that somebody here uses.
    #[must_use]
    pub fn in_use(&self) -> Vec<Pace> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let pace = |(digest, limit): (&[u8; 32], &Weak<Limit>)| {
            // Half of the digest of address and token tells accounts apart, and says neither.
            let name = digest[..16].iter().map(|byte| format!("{byte:02x}")).collect();
            Some(Pace { name, limit: limit.upgrade()? })
        };
        known.iter().filter_map(pace).collect()
    }

    /// Waits until a caller wants a place that another host may have.
    pub async fn wanted(&self) {
        match &self.wardens {
            Some(wardens) => wardens.wanted.notified().await,
            None => std::future::pending().await,
        }
    }

    /// Until when what is held may be used; none means for ever.
    pub fn sure_until(&self, until: Option<Instant>) {
        if let Some(wardens) = &self.wardens {
            *wardens.sure.lock().unwrap_or_else(PoisonError::into_inner) = until;
        }
    }

    /// The pace of who shows this token at this address. Who comes first says how it begins.
    pub(super) fn of(&self, base: &Url, token: &Secret, burst: Burst) -> Arc<Limit> {
        let mut digest = Sha256::new();
        digest.update(base.origin().ascii_serialization());
        digest.update([0]);
        digest.update(token.expose());
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, limit| limit.strong_count() > 0);
        let slot = known.entry(digest.finalize().into()).or_default();
        slot.upgrade().unwrap_or_else(|| {
            let limit = Arc::new(match &self.wardens {
                Some(wardens) => Limit::shared(burst, wardens.clone()),
                None => Limit::new(burst),
            });
            *slot = Arc::downgrade(&limit);
            limit
        })
    }
}

impl Pace {
    /// What the account is called among hosts.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What this host needs of its calls just now.
    #[must_use]
    pub fn need(&self) -> Need {
        self.limit.need()
    }

    /// How many calls it takes, in what window; and whether HubSpot said so after all hosts agreed.
    #[must_use]
    pub fn terms(&self) -> (u32, Duration, bool) {
        self.limit.terms()
    }

    /// All hosts agree that it takes so many calls in this window.
    pub fn agree(&self, calls: u32, window: Duration) {
        self.limit.agree(calls, window);
    }

    /// Holds no more places than this, or than there are calls in; gives how many those are.
    #[must_use]
    pub fn lower(&self, to: u32) -> u32 {
        self.limit.lower(to)
    }

    /// Holds so many places, which no other host holds.
    pub fn hold(&self, places: u32) {
        self.limit.hold(places);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_token_at_the_same_address_is_one_pace_and_anything_else_is_another() {
        let paces = Paces::default();
        let of = |url: &str, token: &str| paces.of(&Url::parse(url).unwrap(), &Secret::new(token), Burst::default());
        let first = of("https://api.hubapi.com", "a");
        assert!(Arc::ptr_eq(&first, &of("https://api.hubapi.com:443/", "a")));
        assert!(!Arc::ptr_eq(&first, &of("https://api.hubapi.com", "b")));
        assert!(!Arc::ptr_eq(&first, &of("https://api.hubapi.eu", "a")));
        let before = Arc::downgrade(&first);
        drop(first);
        assert!(before.upgrade().is_none(), "nobody keeps what nobody uses");
    }
}
