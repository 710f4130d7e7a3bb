//! In what order the keys of a table stand, and how far a range reaches.

use std::cmp::Ordering;

use crate::workspace::Match;

/// The longest key of digits whose head says its length.
const DIGITS_TOLD: usize = 0x1e;

/// The order of a table's keys. Ranges put keys of digits first, the shorter before the
/// longer, so that they stand as numbers do, and all others after them as text; other tables
/// have text only.
pub(super) fn compare(matching: Match, a: &[u8], b: &[u8]) -> Ordering {
    match (matching, is_digits(a), is_digits(b)) {
        (Match::Range, true, true) => a.len().cmp(&b.len()).then_with(|| a.cmp(b)),
        (Match::Range, true, false) => Ordering::Less,
        (Match::Range, false, true) => Ordering::Greater,
        _ => a.cmp(b),
    }
}

/// The beginning of a key as a number: where two differ, the keys are in the same order. Most
/// keys are told apart by it, without a look at their text.
pub(super) fn head(matching: Match, key: &[u8]) -> u64 {
    let mut head = [0; 8];
    if matching == Match::Range && is_digits(key) {
        // A byte before all printable ones: the length.
        head[0] = u8::try_from(key.len().min(DIGITS_TOLD + 1)).unwrap_or(u8::MAX);
        if key.len() <= DIGITS_TOLD {
            fill(&mut head[1..], key);
        }
    } else {
        fill(&mut head, key);
    }
    u64::from_be_bytes(head)
}

fn fill(place: &mut [u8], key: &[u8]) {
    let len = place.len().min(key.len());
    place[..len].copy_from_slice(&key[..len]);
}

/// Whether a range that ends with `to` still holds the key, which is not before its start.
pub(super) fn reaches(to: &[u8], key: &[u8]) -> bool {
    compare(Match::Range, key, to).is_le() || (!is_digits(to) && key.starts_with(to))
}

/// Whether a range that ends with `a` reaches further than one that ends with `b`.
pub(super) fn is_further(a: &[u8], b: &[u8]) -> bool {
    !reaches(b, a) || (a != b && !is_digits(a) && b.starts_with(a))
}

/// Whether a key has digits only.
pub(super) fn is_digits(key: &[u8]) -> bool {
    key.iter().all(u8::is_ascii_digit)
}
