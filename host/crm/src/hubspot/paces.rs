//! One pace for each account, however many connections and tenants use it: HubSpot counts
//! the calls of a token, and does not ask who of us made them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use reqwest::Url;
use sha2::{Digest as _, Sha256};

use super::limit::{Burst, Limit};
use crate::Secret;

/// The paces of all accounts of this host.
#[derive(Clone, Default)]
pub struct Paces(Arc<Mutex<HashMap<[u8; 32], Weak<Limit>>>>);

impl Paces {
    /// The pace of who shows this token at this address. Who comes first says how it begins.
    pub(super) fn of(&self, base: &Url, token: &Secret, burst: Burst) -> Arc<Limit> {
        let mut digest = Sha256::new();
        digest.update(base.origin().ascii_serialization());
        digest.update([0]);
        digest.update(token.expose());
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, limit| limit.strong_count() > 0);
        let slot = known.entry(digest.finalize().into()).or_default();
        slot.upgrade().unwrap_or_else(|| {
            let limit = Arc::new(Limit::new(burst));
            *slot = Arc::downgrade(&limit);
            limit
        })
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
