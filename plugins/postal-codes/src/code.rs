//! How postal codes are written, by country, and the forms under which tables may have them.

use rota_sdk::Trail;

/// A postal code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Code {
    /// What to look up, in this order: without spaces and hyphens, then as it is written.
    pub(crate) forms: Vec<String>,
}

impl Code {
    /// The text itself.
    pub(crate) fn as_it_stands(raw: &str) -> Self {
        Self { forms: vec![raw.to_owned()] }
    }

    /// Reads a code as its country writes it; nothing if it is none there. Where the country
    /// is not known, only what no other country writes is taken for a ZIP+4 code.
    pub(crate) fn read(raw: &str, country: Option<&str>, trail: &Trail) -> Option<Self> {
        let written = written(raw)?;
        match country {
            Some("US" | "PR" | "GU" | "VI" | "AS" | "MP") => zip(&written, trail),
            Some("CA") => shaped(&written, &["A9A9A9", "A9A"], 3),
            Some("GB" | "GG" | "JE" | "IM") => british(&written),
            Some("NL") => shaped(&written, &["9999AA", "9999"], 4),
            Some(_) => other(&written),
            None if fits(&written, "99999-9999") => zip(&written, trail),
            None => other(&written),
        }
    }

    fn new(compact: String, written: String) -> Option<Self> {
        let forms = if compact == written { vec![compact] } else { vec![compact, written] };
        Some(Self { forms })
    }
}

/// In capitals with single spaces; nothing if it holds what no postal code does.
fn written(raw: &str) -> Option<String> {
    let known = |letter: char| letter.is_ascii_alphanumeric() || letter == ' ' || letter == '-';
    let words: Vec<&str> = raw.split_ascii_whitespace().collect();
    Some(words.join(" ").to_ascii_uppercase()).filter(|text| text.chars().all(known))
}

fn compact(written: &str) -> String {
    written.chars().filter(char::is_ascii_alphanumeric).collect()
}

/// Whether a text has this shape: `9` stands for a digit, `A` for a letter.
fn fits(text: &str, shape: &str) -> bool {
    let letter = |(own, shape): (u8, u8)| match shape {
        b'9' => own.is_ascii_digit(),
        b'A' => own.is_ascii_alphabetic(),
        other => own == other,
    };
    text.len() == shape.len() && text.bytes().zip(shape.bytes()).all(letter)
}

/// A ZIP code is its five digits; spreadsheets take the zeros away with which some begin.
fn zip(written: &str, trail: &Trail) -> Option<Code> {
    let (code, more) = written.split_once(['-', ' ']).unwrap_or((written, ""));
    let (code, more) = match (code.len(), more) {
        (9, "") => code.split_at(5),
        _ => (code, more),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(code) || !digits(more) || !(3..=5).contains(&code.len()) || !matches!(more.len(), 0 | 4) {
        return None;
    }
    let five = ["00000", code].concat().split_off(code.len());
    if code.len() < 5 {
        trail.note("zero-restored", &[code, " → ", &five].concat());
    }
    Some(Code { forms: vec![five] })
}

/// One of the shapes without its space, which stands after so many letters.
fn shaped(written: &str, shapes: &[&str], space: usize) -> Option<Code> {
    let compact = compact(written);
    shapes.iter().any(|shape| fits(&compact, shape)).then_some(())?;
    let spaced = spaced(&compact, space);
    Code::new(compact, spaced)
}

/// A British code ends with a digit and two letters, unless its second half is left out.
fn british(written: &str) -> Option<Code> {
    let compact = compact(written);
    let whole = (5..=7).contains(&compact.len()) && fits(&compact[compact.len() - 3..], "9AA");
    let half = (2..=4).contains(&compact.len()) && compact.bytes().any(|byte| byte.is_ascii_digit());
    let begins = compact.starts_with(|letter: char| letter.is_ascii_alphabetic());
    (begins && (whole || half)).then_some(())?;
    let space = if whole { compact.len() - 3 } else { compact.len() };
    let spaced = spaced(&compact, space);
    Code::new(compact, spaced)
}

fn spaced(compact: &str, space: usize) -> String {
    match compact.split_at(space) {
        (all, "") => all.to_owned(),
        (first, second) => [first, " ", second].concat(),
    }
}

/// Everywhere else: three to ten letters and digits, a digit among them. A country's letters
/// before digits (`D-10115`) are no part of the code.
fn other(written: &str) -> Option<Code> {
    let digits = |rest: &str| rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b' ');
    let is_country = |letters: &str| letters.len() <= 3 && letters.bytes().all(|byte| byte.is_ascii_alphabetic());
    let compact = match written.split_once('-') {
        Some((letters, rest)) if is_country(letters) && digits(rest) => compact(rest),
        _ => compact(written),
    };
    let has_digit = compact.bytes().any(|byte| byte.is_ascii_digit());
    (has_digit && (3..=10).contains(&compact.len())).then_some(())?;
    Code::new(compact, written.to_owned())
}
