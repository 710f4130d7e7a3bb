//! How a CRM's text is read as a typed value: absent, malformed and present are three
//! different answers, and none of them is ever guessed from another.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The type that a manifest declares for a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Any text.
    Text,
    /// A decimal number.
    Number,
    /// `true` or `false`.
    Flag,
    /// RFC 3339, or milliseconds since 1970.
    Time,
    /// Values separated by semicolons.
    Several,
}

/// Why a property gave no value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Absence {
    /// No value is there.
    Absent,
    /// There is a value, but it does not read as the type: the raw text.
    Malformed(String),
    /// The manifest does not declare it with this type.
    Undeclared,
}

/// Reads text that is not blank, as a number. `1200`, `1200.0` and `1.2e3` are numbers;
/// `1,200`, `approx. 50`, `inf` and `NaN` are malformed.
///
/// # Errors
/// The raw text, as malformed.
pub fn number(text: &str) -> Result<f64, Absence> {
    let plain = text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    match text.parse::<f64>() {
        Ok(value) if plain && value.is_finite() => Ok(value),
        _ => Err(Absence::Malformed(text.into())),
    }
}

/// Reads `true` or `false`, in any case.
///
/// # Errors
/// The raw text, as malformed.
pub fn flag(text: &str) -> Result<bool, Absence> {
    if text.eq_ignore_ascii_case("true") {
        Ok(true)
    } else if text.eq_ignore_ascii_case("false") {
        Ok(false)
    } else {
        Err(Absence::Malformed(text.into()))
    }
}

/// Reads RFC 3339, or a whole number of milliseconds since 1970 as HubSpot sends them.
///
/// # Errors
/// The raw text, as malformed.
pub fn time(text: &str) -> Result<Timestamp, Absence> {
    let read = match text.parse::<i64>() {
        Ok(millis) => Timestamp::from_millisecond(millis).ok(),
        Err(_) => text.parse::<Timestamp>().ok(),
    };
    read.ok_or_else(|| Absence::Malformed(text.into()))
}

/// Splits at semicolons; white space around values and empty values are left out.
#[must_use]
pub fn several(text: &str) -> Vec<&str> {
    text.split(';').map(str::trim).filter(|value| !value.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_with_words_or_grouping_is_malformed() {
        for text in ["1,200", "approx. 50", "NaN", "inf", "infinity", "1e999", "0x10", "", "12 000"] {
            assert_eq!(number(text), Err(Absence::Malformed(text.into())), "{text}");
        }
        assert_eq!(number("1200"), Ok(1200.0));
        assert_eq!(number("-1.5e3"), Ok(-1500.0));
    }

    #[test]
    fn a_time_reads_from_rfc_3339_and_from_milliseconds() {
        let expected = Timestamp::from_second(1_770_000_000).unwrap();
        assert_eq!(time("1770000000000"), Ok(expected));
        assert_eq!(time("2026-02-02T02:40:00Z"), Ok(expected));
        assert_eq!(time("yesterday"), Err(Absence::Malformed("yesterday".into())));
    }

    #[test]
    fn several_leaves_out_what_is_empty() {
        assert_eq!(several("a; b ;;c"), ["a", "b", "c"]);
        assert!(several(" ; ").is_empty());
    }

    #[test]
    fn a_flag_is_true_or_false_and_nothing_else() {
        assert_eq!(flag("TRUE"), Ok(true));
        assert_eq!(flag("false"), Ok(false));
        assert_eq!(flag("yes"), Err(Absence::Malformed("yes".into())));
    }
}
