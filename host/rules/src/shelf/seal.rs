//! What the host wrote itself, told from what anybody else did: HMAC-SHA256.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// What a seal is for, so that one of something else with the same key is none of these.
const PURPOSE: &[u8] = b"rota shelf 1\0";
/// Bytes of a seal.
const SEAL: usize = 32;

/// The key of a shelf: 32 random bytes, which lie elsewhere than what is sealed with them.
#[derive(Clone)]
pub struct Key([u8; 32]);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key")
    }
}

impl From<[u8; 32]> for Key {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl Key {
    /// The text with its seal before it.
    pub(crate) fn seal(&self, text: &[u8]) -> Vec<u8> {
        let mut sealed = self.mac(text).map_or_else(Vec::new, |mac| mac.finalize().into_bytes().to_vec());
        sealed.extend_from_slice(text);
        sealed
    }

    /// The text, where the seal before it is ours.
    pub(crate) fn open<'a>(&self, sealed: &'a [u8]) -> Option<&'a [u8]> {
        let (seal, text) = sealed.split_at_checked(SEAL)?;
        self.mac(text)?.verify_slice(seal).ok()?;
        Some(text)
    }

    fn mac(&self, text: &[u8]) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).ok()?;
        mac.update(PURPOSE);
        mac.update(text);
        Some(mac)
    }
}
