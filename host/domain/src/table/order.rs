//! In what order the keys of ranges stand, and how far a range reaches.

use std::cmp::Ordering;

/// Keys of digits come first, the shorter before the longer, so that they stand as numbers
/// do; all others follow as text.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    match (is_digits(a), is_digits(b)) {
        (true, true) => a.len().cmp(&b.len()).then_with(|| a.cmp(b)),
        (false, false) => a.cmp(b),
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
    }
}

/// Whether a range that ends with `to` still holds the key, which is not before its start.
pub(super) fn reaches(to: &str, key: &str) -> bool {
    compare(key, to).is_le() || (!is_digits(to) && key.starts_with(to))
}

/// Whether a range that ends with `a` reaches further than one that ends with `b`.
pub(super) fn is_further(a: &str, b: &str) -> bool {
    !reaches(b, a) || (a != b && !is_digits(a) && b.starts_with(a))
}

/// Whether a key has digits only.
pub(super) fn is_digits(key: &str) -> bool {
    key.bytes().all(|b| b.is_ascii_digit())
}
