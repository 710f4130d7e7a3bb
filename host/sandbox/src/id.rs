//! Record and owner ids: 64-bit numbers that the CRM writes as JSON strings and reads as either.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};

/// An id of the CRM. A string of digits on the wire; a number is read too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(pub u64);

impl Id {
    /// The id in a path or a property value; none where it is not a positive number.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        text.parse().ok().filter(|id| digits && *id > 0).map(Id)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Digits;
        impl Visitor<'_> for Digits {
            type Value = Id;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an id: a positive number, as a string or bare")
            }
            fn visit_u64<E: de::Error>(self, id: u64) -> Result<Id, E> {
                self.visit_str(&id.to_string())
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Id, E> {
                Id::parse(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }
        from.deserialize_any(Digits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_beyond_32_bits_is_read_from_a_string_and_from_a_number() {
        for text in ["\"267448862446\"", "267448862446"] {
            assert_eq!(serde_json::from_str::<Id>(text).expect(text), Id(267_448_862_446));
        }
    }

    #[test]
    fn signs_zero_and_emails_are_no_ids() {
        for text in ["+1", "-1", "0", "", "a@b.example"] {
            assert_eq!(Id::parse(text), None, "{text}");
        }
    }
}
