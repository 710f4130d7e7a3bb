//! Who is the same person: by lower-cased e-mail, else by the lead's id.

use sha2::{Digest as _, Sha256};

use crate::id::{LeadId, Seed};
use crate::lead::Lead;

/// What two events about one person have in common. It is personal data where it holds an
/// e-mail address, so stores keep only a keyed digest of it beside what is not personal.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PersonKey(String);

impl PersonKey {
    /// The key of a lead.
    #[must_use]
    pub fn of(lead: &Lead) -> Self {
        match lead.property("email") {
            Some(email) if email.contains('@') => Self::of_email(email),
            _ => Self::of_lead(&lead.id),
        }
    }

    /// The key of whoever has this address.
    #[must_use]
    pub fn of_email(email: &str) -> Self {
        Self(format!("email:{}", email.trim().to_lowercase()))
    }

    /// The key of a lead without an address.
    #[must_use]
    pub fn of_lead(lead: &LeadId) -> Self {
        Self(format!("lead:{lead}"))
    }

    /// A key read back from where it was kept.
    #[must_use]
    pub fn from_text(text: String) -> Self {
        Self(text)
    }

    /// A digest of the key that only who knows the tenant's seed can repeat: SHA-256 over the
    /// seed, `person`, a zero and the key. Stores know persons by it.
    #[must_use]
    pub fn digest(&self, seed: &Seed) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(seed.0);
        hash.update(b"person\0");
        hash.update(&self.0);
        hash.finalize().into()
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lead(id: &str, email: Option<&str>) -> Lead {
        serde_json::from_value(serde_json::json!({"id": id, "properties": {"email": email}})).unwrap()
    }

    #[test]
    fn the_same_address_in_another_case_is_the_same_person() {
        let one = PersonKey::of(&lead("hs:contact:1", Some("Joe@Big.example ")));
        assert_eq!(one, PersonKey::of(&lead("hs:contact:2", Some("joe@big.example"))));
    }

    #[test]
    fn without_an_address_only_the_same_record_is_the_same_person() {
        let one = PersonKey::of(&lead("hs:contact:1", None));
        assert_eq!(one, PersonKey::of(&lead("hs:contact:1", Some("  "))));
        assert_ne!(one, PersonKey::of(&lead("hs:contact:2", None)));
        assert_ne!(one, PersonKey::of(&lead("hs:contact:3", Some("n/a"))));
    }
}
