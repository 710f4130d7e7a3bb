//! What becomes of the turns of who is not there.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};

use super::Policy;
use crate::workspace::Minutes;

/// The most leads that may be kept for one absence.
pub const CREDIT_MAX: u32 = 100;

/// What becomes of the turns that come while somebody is away, off shift or at their cap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(into = "Written")]
#[schemars(with = "Written")]
pub enum Absent {
    /// They are gone.
    #[default]
    Skip,
    /// One is kept, and never more than one.
    Hold,
    /// So many are kept, each for so long.
    Credit(Allowance),
}

/// Turns that are kept for somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Allowance {
    /// How many leads, at most.
    #[serde(rename = "credit")]
    pub leads: u32,
    /// For how long after each was missed, as in `30d`.
    pub expires: Minutes,
}

/// As people write it.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
enum Written {
    /// One of two words.
    Word(Word),
    /// So many turns, each for so long.
    Credit(Allowance),
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Word {
    /// They are gone.
    Skip,
    /// One is kept, and never more than one.
    Hold,
}

/// How many turns are kept for one absence, and for how many seconds each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Keeping {
    pub(super) leads: usize,
    pub(super) seconds: Option<i64>,
}

impl Absent {
    /// What is kept of missed turns under it; none if nothing is.
    pub(super) fn keeping(self) -> Option<Keeping> {
        match self {
            Self::Skip => None,
            Self::Hold => Some(Keeping { leads: 1, seconds: None }),
            Self::Credit(Allowance { leads, expires }) => {
                let leads = usize::try_from(leads.min(CREDIT_MAX)).unwrap_or(0);
                Some(Keeping { leads, seconds: Some(60 * i64::from(expires.0)) })
            }
        }
    }

    /// Whether a turn of this policy has to regard who is not there. Who waits longest under
    /// [`Policy::LeastRecent`] keeps one turn by waiting, so it is to skip it that takes something.
    #[must_use]
    pub fn heeds(self, policy: Policy) -> bool {
        match policy {
            Policy::Quota | Policy::InTurn => self != Self::Skip,
            Policy::LeastRecent => self != Self::Hold,
            Policy::PeckingOrder | Policy::Nearest | Policy::FewestOpen | Policy::MostFreeCapacity => false,
        }
    }

    /// Whether nothing is kept.
    #[must_use]
    pub fn is_skip(&self) -> bool {
        *self == Self::Skip
    }
}

impl From<Absent> for Written {
    fn from(absent: Absent) -> Self {
        match absent {
            Absent::Skip => Self::Word(Word::Skip),
            Absent::Hold => Self::Word(Word::Hold),
            Absent::Credit(credit) => Self::Credit(credit),
        }
    }
}

// Written by hand, since an untagged enum cannot say what was expected.
impl<'de> Deserialize<'de> for Absent {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> de::Visitor<'de> for Either {
            type Value = Absent;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"skip\", \"hold\", or a table as in { credit = 5, expires = \"30d\" }")
            }
            fn visit_str<E: de::Error>(self, word: &str) -> Result<Absent, E> {
                match word {
                    "skip" => Ok(Absent::Skip),
                    "hold" => Ok(Absent::Hold),
                    other => Err(E::unknown_variant(other, &["skip", "hold"])),
                }
            }
            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Absent, A::Error> {
                Deserialize::deserialize(de::value::MapAccessDeserializer::new(map)).map(Absent::Credit)
            }
        }
        from.deserialize_any(Either)
    }
}
