//! Texts made smaller before they are sealed: what a decision keeps is mostly words that every
//! other decision has, too. [LZ4](https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md)
//! with a dictionary of such words leaves about a fifth of a transcript.
//!
//! The first byte says how the rest is to be read. What older versions wrote begins with a
//! character of JSON or of a message, and stands as it is.

use lz4_flex::block::{compress_prepend_size_with_dict, decompress_size_prepended_with_dict};

/// The rest is as it was.
const AS_IT_WAS: u8 = 0;

/// The rest was packed with [`PHRASES`].
const PACKED: u8 = 1;

/// Words that decisions, effects and arrivals have in common. What is written can be read only
/// with the same ones: other words need another first byte, and these stay.
const PHRASES: &[u8] = include_bytes!("phrases.txt");

/// The text, smaller where it can be.
pub(crate) fn pack(text: &[u8]) -> Vec<u8> {
    let packed = compress_prepend_size_with_dict(text, PHRASES);
    let (way, rest) = if packed.len() < text.len() { (PACKED, packed.as_slice()) } else { (AS_IT_WAS, text) };
    let mut whole = Vec::with_capacity(rest.len() + 1);
    whole.push(way);
    whole.extend_from_slice(rest);
    whole
}

/// The text that was packed; nothing if these bytes are not what [`pack`] makes.
pub(crate) fn unpack(packed: Vec<u8>) -> Option<Vec<u8>> {
    match packed.split_first() {
        Some((&PACKED, rest)) => decompress_size_prepended_with_dict(rest, PHRASES).ok(),
        Some((&AS_IT_WAS, rest)) => Some(rest.to_vec()),
        _ => Some(packed),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sha2::{Digest as _, Sha256};

    use super::*;

    proptest! {
        #[test]
        fn whatever_is_packed_comes_back(text in proptest::collection::vec(any::<u8>(), 0..4_000)) {
            prop_assert_eq!(unpack(pack(&text)), Some(text));
        }
    }

    #[test]
    fn the_words_that_were_packed_with_are_never_changed() {
        let digest: String = Sha256::digest(PHRASES).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(digest, "815d817cdbbfff657e619c2ec98fabfc88423c1df26039980fd5605b35d498e2");
    }

    #[test]
    fn what_an_older_version_wrote_is_read_as_it_is() {
        for text in ["{\"lead\":{}}", "the CRM said no", ""] {
            assert_eq!(unpack(text.into()), Some(text.into()));
        }
    }

    #[test]
    fn a_text_that_cannot_be_made_smaller_takes_one_byte_more() {
        assert_eq!(pack(b"Q7"), [AS_IT_WAS, b'Q', b'7']);
    }

    #[test]
    fn what_was_never_packed_is_refused() {
        assert_eq!(unpack(vec![PACKED, 200, 0, 0, 0, 255, 255]), None);
    }
}
