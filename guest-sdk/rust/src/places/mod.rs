//! Countries and states as people write them. The tables beside this file map a plain
//! spelling to a code, one a line, sorted by bytes so that a look-up is a few comparisons.

use crate::Absence;

const COUNTRIES: &str = include_str!("countries.tsv");
const STATES: &str = include_str!("states.tsv");

/// A place as the lead has it: each way not to know it is a branch of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The code, or the plain spelling where no table has the country's states.
    Known(String),
    /// No value.
    Absent,
    /// A value without a single letter, such as a postal code: the raw text.
    Malformed(String),
    /// Words that name no place that the tables have: the raw text.
    Unknown(String),
}

impl Place {
    /// The branch and its sentence for a place that is not known; `what` is `country` or
    /// `state`.
    pub fn unknown(&self, what: &str) -> Option<(&'static str, String)> {
        let is_country = what == "country";
        let branch = |of_country, of_state| if is_country { of_country } else { of_state };
        let said = |words: &str, raw: &str| [what, words, raw].concat();
        match self {
            Self::Known(_) => None,
            Self::Absent => Some((branch("country-absent", "state-absent"), ["no ", what].concat())),
            Self::Malformed(raw) => Some((branch("country-malformed", "state-malformed"), said(" is no name: ", raw))),
            Self::Unknown(raw) => Some((branch("country-unknown", "state-unknown"), said(" is not known: ", raw))),
        }
    }
}

/// Reads a country.
pub fn country(read: Result<String, Absence>) -> Place {
    place(read, |plain| look_up(COUNTRIES, plain).map(str::to_owned))
}

/// Reads a state or province of a country given by its code. Only the United States and
/// Canada have a table; elsewhere the plain spelling is the state.
pub fn state(read: Result<String, Absence>, country: Option<&str>) -> Place {
    place(read, |plain| canonical_state(plain, country))
}

/// Whether a state in the settings, written as a code or a name, is this one.
pub fn is_state(setting: &str, known: &str, country: Option<&str>) -> bool {
    // Codes are the rule and need no table.
    setting.eq_ignore_ascii_case(known)
        || setting.len() > 2 && canonical_state(&plain(setting), country).as_deref() == Some(known)
}

fn canonical_state(plain: &str, country: Option<&str>) -> Option<String> {
    let prefix = match country {
        Some("US") => "us ",
        Some("CA") => "ca ",
        _ => return Some(plain.to_owned()),
    };
    look_up(STATES, &[prefix, plain].concat()).map(str::to_owned)
}

fn place(read: Result<String, Absence>, known: impl FnOnce(&str) -> Option<String>) -> Place {
    let raw = match read {
        Ok(raw) => raw,
        Err(Absence::Malformed(raw)) => return Place::Malformed(raw),
        Err(Absence::Absent | Absence::Undeclared) => return Place::Absent,
    };
    if !raw.bytes().any(|byte| byte.is_ascii_alphabetic() || !byte.is_ascii()) {
        return Place::Malformed(raw);
    }
    known(&plain(&raw)).map_or(Place::Unknown(raw), Place::Known)
}

/// The spelling that the tables use: ASCII letters small, no dots and apostrophes, other
/// punctuation as single spaces, no leading "the".
fn plain(raw: &str) -> String {
    let mut plain = String::with_capacity(raw.len() + 4);
    for letter in raw.chars() {
        match letter {
            '.' | '\'' | '’' => {}
            '&' => plain.push_str(" and "),
            ',' | '-' | '_' | '/' | '(' | ')' | ' ' | '\t' | '\n' => plain.push(' '),
            other => plain.push(other.to_ascii_lowercase()),
        }
    }
    let mut words = String::with_capacity(plain.len());
    for word in plain.split_ascii_whitespace() {
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(word);
    }
    match words.strip_prefix("the ") {
        Some(rest) => rest.to_owned(),
        None => words,
    }
}

/// The code behind a spelling, by halving the table's text.
fn look_up(table: &'static str, plain: &str) -> Option<&'static str> {
    let bytes = table.as_bytes();
    let (mut low, mut high) = (0, bytes.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let start = bytes[..middle].iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        let length = bytes[start..].iter().position(|&byte| byte == b'\n')?;
        let (spelling, code) = table[start..start + length].split_once('\t')?;
        match spelling.cmp(plain) {
            std::cmp::Ordering::Equal => return Some(code),
            std::cmp::Ordering::Less => low = start + length + 1,
            std::cmp::Ordering::Greater => high = start,
        }
    }
    None
}

#[cfg(test)]
mod tests;
