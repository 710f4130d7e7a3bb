//! Kinds of leads that caps are about.

use serde::{Deserialize, Serialize};

use crate::id::Digest;
use crate::workspace::Condition;

/// How many digits of its digest tell a condition from all others.
const DIGITS: usize = 16;

/// A kind of leads that some cap is about: those that met a condition when they were given. It is named by
/// the condition's digest, so that the same condition is the same kind in every revision.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LeadKind(String);

impl LeadKind {
    /// The leads that meet this condition.
    #[must_use]
    pub fn of(condition: &Condition) -> Self {
        // A condition is texts, numbers that are finite, and conditions: it is always written.
        let written = serde_json::to_vec(condition).unwrap_or_default();
        let digest = Digest::of(&written);
        let hex = digest.as_str().rsplit(':').next().unwrap_or_default();
        Self(hex.chars().take(DIGITS).collect())
    }

    /// Its name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for LeadKind {
    fn from(name: &str) -> Self {
        Self(name.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(condition: &str) -> LeadKind {
        LeadKind::of(&serde_json::from_str(condition).unwrap())
    }

    #[test]
    fn a_condition_is_the_same_kind_however_it_is_laid_out_and_another_is_another() {
        let one = kind(r#"{"property": "segment", "in": ["enterprise"]}"#);
        assert_eq!(one, kind(r#"{"in":["enterprise"],"property":"segment"}"#));
        assert_ne!(one, kind(r#"{"property": "segment", "in": ["smb"]}"#));
        assert_eq!(one.as_str().len(), DIGITS);
    }
}
