//! Signatures of Standard Webhooks 1.0 (<https://www.standardwebhooks.com>): HMAC-SHA256 over
//! `id.timestamp.payload`, under a secret that both sides know.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::Secret;

/// What stands before a secret's base64.
const PREFIX: &str = "whsec_";
/// The specification's bounds on a key, in bytes.
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// A key to sign with.
pub(super) struct Key(Hmac<Sha256>);

impl Key {
    /// The key of a secret.
    ///
    /// # Errors
    /// What a secret has to look like; never the secret.
    pub(super) fn read(secret: &Secret) -> Result<Self, String> {
        let wrong = || {
            format!("write `{PREFIX}` and the base64 of 24 to 64 random bytes, as `openssl rand -base64 32` makes them")
        };
        let text = secret.expose().strip_prefix(PREFIX).ok_or_else(wrong)?;
        let key = STANDARD.decode(text).map_err(|_| wrong())?;
        if !KEY_BYTES.contains(&key.len()) {
            return Err(wrong());
        }
        Hmac::new_from_slice(&key).map(Self).map_err(|_| wrong())
    }

    /// The value of `webhook-signature`; `timestamp` is in seconds since 1970.
    pub(super) fn sign(&self, id: &str, timestamp: i64, payload: &[u8]) -> String {
        let mut mac = self.0.clone();
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(payload);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vector_that_the_reference_libraries_share_is_met() {
        let key = Key::read(&Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")).ok().unwrap();
        let signature = key.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_of_another_shape_is_refused_and_not_repeated() {
        for secret in ["", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_", "whsec_c2hvcnQ=", "whsec_no base64!"] {
            let refused = Key::read(&Secret::new(secret)).err().unwrap();
            assert!(refused.contains("24 to 64 random bytes"));
            assert!(secret.len() < 7 || !refused.contains(secret), "{refused}");
        }
    }
}
