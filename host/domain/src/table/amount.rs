//! The numbers of dated tables: exact, as people write them.

use std::fmt;

use serde::{Serialize, Serializer};

/// How many of its parts are one.
const ONE: i128 = 10_000;
/// The most digits before the point.
const WHOLE_MAX: usize = 15;
/// The most digits after it.
const PARTS_MAX: usize = 4;

/// A number of a dated table, in ten thousandths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount(i128);

impl Amount {
    /// So many.
    #[must_use]
    pub fn of(whole: u32) -> Self {
        Self(i128::from(whole) * ONE)
    }

    /// Reads `120000`, `-3.5` or `0.3512`.
    ///
    /// # Errors
    /// What is wrong with it, and what to do.
    pub fn read(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{text}` is no number; write up to {WHOLE_MAX} digits, and up to {PARTS_MAX} after a point, as in 120000 or 3.5"
            )
        };
        let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
        let (whole, parts) = digits.split_once('.').unwrap_or((digits, "0"));
        let is_number = |part: &str, most| (1..=most).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        if !is_number(whole, WHOLE_MAX) || !is_number(parts, PARTS_MAX) {
            return Err(wrong());
        }
        let number = |text: &str| text.parse::<i128>().map_err(|_| wrong());
        Ok(Self(sign * (number(whole)? * ONE + number(&format!("{parts:0<PARTS_MAX$}"))?)))
    }

    /// What part of another it is, in parts of a whole, rounded up; 0 for what is not above zero.
    #[must_use]
    pub fn part_of(self, other: Self, whole: u32) -> u32 {
        if self.0 <= 0 || other.0 <= 0 {
            return 0;
        }
        // Both are sums of a million numbers of nineteen digits at most.
        let part = self.0.saturating_mul(i128::from(whole)).saturating_add(other.0 - 1) / other.0;
        u32::try_from(part).unwrap_or(whole).min(whole)
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl std::ops::Add for Amount {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl std::ops::Sub for Amount {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, parts) = (self.0.abs() / ONE, self.0.abs() % ONE);
        if parts == 0 {
            return write!(f, "{sign}{whole}");
        }
        let parts = format!("{parts:04}");
        write!(f, "{sign}{whole}.{}", parts.trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_reads_as_it_is_written() {
        for text in ["0", "120000", "-3.5", "0.3512", "999999999999999.9999"] {
            assert_eq!(Amount::read(text).unwrap().to_string(), text);
        }
        assert_eq!(Amount::read("007.50").unwrap().to_string(), "7.5");
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["", "-", ".5", "5.", "1,000", "1e3", "+1", "1.23456", "1000000000000000", "--1", "١"] {
            assert!(Amount::read(text).unwrap_err().contains("is no number; write"), "{text}");
        }
    }

    #[test]
    fn a_part_is_rounded_up_so_that_whoever_has_anything_has_a_weight() {
        let amount = |text| Amount::read(text).unwrap();
        let part = |one, most| amount(one).part_of(amount(most), 1_000_000);
        assert_eq!(part("120000", "120000"), 1_000_000);
        assert_eq!(part("60000", "120000"), 500_000);
        assert_eq!(part("0.0001", "999999999999999"), 1);
        assert_eq!([part("0", "5"), part("-1", "5"), part("-5", "-1"), part("0", "0")], [0; 4]);
    }
}
