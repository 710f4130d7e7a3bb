//! The host's keys, as a file or the environment holds them: one a line, `<id> <base64>`, the
//! first of which is the current one. The id follows from the key, so that a line which was
//! changed is known as such.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::key::{KEY_BYTES, Key, Opened, Unopened, sealed_under};

/// The host's keys: the current one, and older ones under which something may still be sealed.
#[derive(Clone)]
pub struct HostKeys(Vec<Arc<Key>>);

impl HostKeys {
    /// Reads keys. Empty lines and lines that begin with `#` are passed over.
    ///
    /// # Errors
    /// Which line does not read, and why; never what stands there.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut keys = Vec::new();
        for (n, line) in text.lines().enumerate().map(|(n, line)| (n + 1, line.trim())) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (id, key) =
                line.split_once(char::is_whitespace).ok_or_else(|| format!("line {n} is no `<id> <base64>`"))?;
            let bytes = STANDARD.decode(key.trim()).map(Zeroizing::new);
            let bytes = bytes.map_err(|_| format!("the key on line {n} is no base64"))?;
            let bytes: &[u8; KEY_BYTES] = bytes
                .as_slice()
                .try_into()
                .map_err(|_| format!("the key on line {n} has {} bytes instead of {KEY_BYTES}", bytes.len()))?;
            let key = Key::new(bytes);
            if key.id() != id {
                return Err(format!("the key on line {n} was changed: it is not the one called {id}"));
            }
            keys.push(Arc::new(key));
        }
        if keys.is_empty() {
            return Err("it holds no key".into());
        }
        Ok(Self(keys))
    }

    /// A new key as a line.
    #[must_use]
    pub fn line(bytes: &[u8; KEY_BYTES]) -> Zeroizing<String> {
        let key = Zeroizing::new(STANDARD.encode(bytes));
        Zeroizing::new(format!("{} {}\n", Key::new(bytes).id(), key.as_str()))
    }

    /// The current key's id, which is no secret.
    #[must_use]
    pub fn current_id(&self) -> String {
        self.0[0].id()
    }

    /// The current key.
    pub(crate) fn current(&self) -> &Arc<Key> {
        &self.0[0]
    }

    /// The key that something is sealed under; else its id.
    pub(crate) fn of(&self, sealed: &[u8]) -> Result<&Arc<Key>, String> {
        let id = sealed_under(sealed).ok_or_else(|| "unknown".to_owned())?;
        self.0.iter().find(|key| key.id() == id).ok_or(id)
    }

    /// Opens what one of these keys sealed.
    pub(crate) fn open(&self, place: &[u8], sealed: &[u8]) -> Result<Opened, Unopened> {
        self.of(sealed).map_err(|_| Unopened::OtherKey)?.open_key(place, sealed)
    }
}

impl fmt::Debug for HostKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|key| key.id())).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_back_and_the_first_is_the_current_one() {
        let (new, old) = (HostKeys::line(&[1; 32]), HostKeys::line(&[2; 32]));
        let keys = HostKeys::parse(&format!("# two keys\n{}\n{}", new.as_str(), old.as_str())).unwrap();
        assert_eq!(keys.current_id(), new[..16]);
        let sealed = Key::new(&[2; 32]).seal(b"place", [0; 12], b"text");
        assert_eq!(keys.open(b"place", &sealed).unwrap().as_slice(), b"text");
        let only = HostKeys::parse(&new).unwrap();
        assert_eq!(only.open(b"place", &sealed).unwrap_err(), Unopened::OtherKey);
    }

    #[test]
    fn lines_that_are_no_keys_are_named_and_not_repeated() {
        let other = format!("{} {}", &HostKeys::line(&[1; 32])[..16], &HostKeys::line(&[2; 32])[17..]);
        let cases = [
            ("", "it holds no key"),
            ("hunter2", "line 1 is no `<id> <base64>`"),
            ("\n00 !hunter2", "the key on line 2 is no base64"),
            ("00 aHVudGVyMg==", "the key on line 1 has 7 bytes instead of 32"),
            (other.as_str(), "was changed"),
        ];
        for (text, why) in cases {
            let refused = HostKeys::parse(text).unwrap_err();
            assert!(refused.contains(why) && !refused.contains("hunter2"), "{refused}");
        }
    }
}
