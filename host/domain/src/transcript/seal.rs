//! The seal of a section: a check of each line, so that a byte that changed in storage is
//! found and its line is named, even where the guest would not have minded.
//!
//! It is CRC-32 (the polynomial of IEEE 802.3), which finds every change of up to 32 bits in
//! a row. It is against accidents, not against forgery: whoever can write to the database
//! can seal again.

/// Hexadecimal digits of one check.
const DIGITS: usize = 8;

/// The checks of a section's lines, in order, as hexadecimal digits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seal {
    digits: String,
}

impl Seal {
    /// Adds a line, without its line's end.
    pub fn add(&mut self, line: &[u8]) {
        self.put(crc32fast::hash(line));
    }

    /// The end's line from what it says, `["returned",[fuel],…`: the checks of the lines
    /// before it, and last that of the end itself with those checks.
    #[must_use]
    pub fn close(mut self, end: &str) -> String {
        let check = self.of_end(end);
        self.put(check);
        format!("{end},\"{}\"]", self.digits)
    }

    /// The end's words and its seal, where a line has both.
    pub(super) fn split(line: &str) -> Option<(&str, Self)> {
        let (end, seal) = line.strip_suffix("\"]")?.rsplit_once(",\"")?;
        let hex = seal.len() >= DIGITS && seal.bytes().all(|digit| digit.is_ascii_hexdigit());
        (hex && seal.len().is_multiple_of(DIGITS)).then(|| (end, Self { digits: seal.to_owned() }))
    }

    /// The first of these lines that is not as it was sealed, counted from 0; `end` is what
    /// the end says, and stands behind the lines.
    pub(super) fn broken<'a>(&self, lines: impl Iterator<Item = &'a str>, end: &str) -> Option<usize> {
        let mut made = Self::default();
        lines.for_each(|line| made.add(line.as_bytes()));
        let count = made.digits.len() / DIGITS;
        let (checks, own) = self.digits.split_at(self.digits.len().saturating_sub(DIGITS));
        let whole = Self { digits: checks.to_owned() };
        if u32::from_str_radix(own, 16) != Ok(whole.of_end(end)) {
            // What the end says of the lines before it cannot be believed.
            return Some(count);
        }
        if made.digits == checks {
            return None;
        }
        let check = |digits: &str, n: usize| digits.get(n * DIGITS..(n + 1) * DIGITS).map(str::to_owned);
        (0..=count).find(|n| check(&made.digits, *n) != check(checks, *n)).or(Some(count))
    }

    /// Digit by digit: the formatting machinery takes longer than the check.
    fn put(&mut self, check: u32) {
        let digit = |n: u32| char::from_digit(check >> (4 * n) & 0xf, 16).unwrap_or('0');
        self.digits.extend((0..8).rev().map(digit));
    }

    fn of_end(&self, end: &str) -> u32 {
        let mut check = crc32fast::Hasher::new();
        check.update(end.as_bytes());
        check.update(self.digits.as_bytes());
        check.finalize()
    }
}
