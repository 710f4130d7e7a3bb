//! One key, and what is sealed under it.
//!
//! Sealed bytes are: a version (1), the key's id (8 bytes), a nonce (12 bytes), the text under
//! AES-256-GCM (NIST SP 800-38D), its tag (16 bytes). Nonces are random: at 2^32 messages under
//! one key, two would be equal with a chance of 2^-33, and a person's key seals some hundred.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// The length of a key.
pub(crate) const KEY_BYTES: usize = 32;

/// The length of a key's id.
const ID: usize = 8;

/// How sealed bytes begin in this version.
const VERSION: u8 = 1;

/// Where the sealed text begins.
const HEAD: usize = 1 + ID + NONCE_LEN;

/// What was sealed as a key. It does not stay in memory that is given back; other texts do,
/// since wiping them costs more than opening them.
pub(crate) type Opened = Zeroizing<Vec<u8>>;

/// Why sealed bytes do not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unopened {
    /// They are sealed under another key.
    OtherKey,
    /// They are no sealed bytes, or were changed, or stood in another place.
    Damaged,
}

/// A key.
pub(crate) struct Key {
    id: [u8; ID],
    aead: LessSafeKey,
}

impl Key {
    /// The key of these bytes.
    pub(crate) fn new(bytes: &[u8; KEY_BYTES]) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"rota key id\0");
        hash.update(bytes);
        let hash = hash.finalize();
        let mut id = [0; ID];
        id.copy_from_slice(&hash[..ID]);
        let unbound = UnboundKey::new(&AES_256_GCM, bytes);
        // Only the length can be wrong, and the type says it.
        let aead = LessSafeKey::new(unbound.unwrap_or_else(|_| unreachable!("a key has {KEY_BYTES} bytes")));
        Self { id, aead }
    }

    /// The key that was itself sealed.
    pub(crate) fn read(bytes: &Opened) -> Result<Self, Unopened> {
        let bytes: &[u8; KEY_BYTES] = bytes.as_slice().try_into().map_err(|_| Unopened::Damaged)?;
        Ok(Self::new(bytes))
    }

    /// Its name, which tells nothing of it.
    pub(crate) fn id(&self) -> String {
        hex(&self.id)
    }

    /// Seals a text for one place, with a nonce that was never used.
    pub(crate) fn seal(&self, place: &[u8], nonce: [u8; NONCE_LEN], text: &[u8]) -> Vec<u8> {
        let mut sealed = Vec::with_capacity(HEAD + text.len() + AES_256_GCM.tag_len());
        sealed.push(VERSION);
        sealed.extend_from_slice(&self.id);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(text);
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag = self.aead.seal_in_place_separate_tag(nonce, Aad::from(place), &mut sealed[HEAD..]);
        // Only a text of 64 GiB is too long.
        let tag = tag.unwrap_or_else(|_| unreachable!("a text of 64 GiB fits into no row"));
        sealed.extend_from_slice(tag.as_ref());
        sealed
    }

    /// Opens a key that was sealed for this place.
    pub(crate) fn open_key(&self, place: &[u8], sealed: &[u8]) -> Result<Opened, Unopened> {
        self.open(place, sealed).map(Zeroizing::new)
    }

    /// Opens what was sealed for this place.
    pub(crate) fn open(&self, place: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Unopened> {
        if sealed.len() < HEAD + AES_256_GCM.tag_len() || sealed[0] != VERSION {
            return Err(Unopened::Damaged);
        }
        if sealed[1..=ID] != self.id {
            return Err(Unopened::OtherKey);
        }
        let mut nonce = [0; NONCE_LEN];
        nonce.copy_from_slice(&sealed[1 + ID..HEAD]);
        let mut text = sealed[HEAD..].to_vec();
        let nonce = Nonce::assume_unique_for_key(nonce);
        let opened = self.aead.open_in_place(nonce, Aad::from(place), &mut text);
        let length = opened.map_err(|_| Unopened::Damaged)?.len();
        text.truncate(length);
        Ok(text)
    }
}

/// The id of the key that something is sealed under.
pub(super) fn sealed_under(sealed: &[u8]) -> Option<String> {
    (sealed.first() == Some(&VERSION)).then(|| sealed.get(1..=ID).map(hex)).flatten()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A place in a database, so that sealed bytes open nowhere else: what they are, whose, and
/// what they are about. Lengths stand before the parts, so that no two places are alike.
pub(crate) fn about(kind: &str, tenant: &str, reference: &[u8]) -> Vec<u8> {
    let mut place = Vec::with_capacity(24 + kind.len() + tenant.len() + reference.len());
    for part in [kind.as_bytes(), tenant.as_bytes(), reference] {
        place.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        place.extend_from_slice(part);
    }
    place
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_sealed_opens_in_its_place_under_its_key_and_only_so(
            bytes: [u8; 32], other: [u8; 32], nonce: [u8; 12], text: Vec<u8>,
            tenant in "[a-z]{0,9}", reference: Vec<u8>, at: prop::sample::Index, bit in 0u8..8,
        ) {
            let (key, place) = (Key::new(&bytes), about("why", &tenant, &reference));
            let sealed = key.seal(&place, nonce, &text);
            let opened = key.open(&place, &sealed).unwrap();
            prop_assert_eq!(opened.as_slice(), text.as_slice());
            prop_assert_eq!(key.open(&about("lead", &tenant, &reference), &sealed).unwrap_err(), Unopened::Damaged);
            if other != bytes {
                prop_assert_eq!(Key::new(&other).open(&place, &sealed).unwrap_err(), Unopened::OtherKey);
            }
            let mut spoilt = sealed.clone();
            spoilt[at.index(sealed.len())] ^= 1 << bit;
            prop_assert!(key.open(&place, &spoilt).is_err());
            prop_assert!(key.open(&place, &sealed[..at.index(sealed.len())]).is_err());
        }

        #[test]
        fn no_two_places_are_alike(a: (String, String, Vec<u8>), b: (String, String, Vec<u8>)) {
            prop_assert_eq!(about(&a.0, &a.1, &a.2) == about(&b.0, &b.1, &b.2), a == b);
        }
    }
}
