//! Text in columns: widths as a terminal counts them, and nothing in it that a terminal would
//! obey.

use jiff::{SignedDuration, Timestamp};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// The width of the screen that everything here is made for.
pub(super) const COLUMNS: usize = 80;

/// Text without control characters: what people type into forms must not steer a terminal.
pub(super) fn clean(text: &str) -> String {
    let harmless = |c: char| if c.is_control() || is_direction(c) { ' ' } else { c };
    text.chars().map(harmless).collect()
}

/// How many columns a text takes.
pub(super) fn width(text: &str) -> usize {
    clean(text).width()
}

/// Text of at most so many columns, with … where it was cut.
pub(super) fn cut(text: &str, columns: usize) -> String {
    let text = clean(text);
    if text.width() <= columns {
        return text;
    }
    let mut kept = String::new();
    let mut width = 0;
    for c in text.chars() {
        width += c.width().unwrap_or(0);
        if width + 1 > columns {
            break;
        }
        kept.push(c);
    }
    format!("{}…", kept.trim_end())
}

/// Text of exactly so many columns: cut, or filled with blanks.
pub(super) fn fit(text: &str, columns: usize) -> String {
    let mut text = cut(text, columns);
    text.push_str(&" ".repeat(columns.saturating_sub(text.width())));
    text
}

/// The widest of these, at most so many columns.
pub(super) fn widest<'a>(texts: impl Iterator<Item = &'a str>, most: usize) -> usize {
    texts.map(width).max().unwrap_or(0).min(most)
}

/// Text broken at blanks into lines of at most so many columns.
pub(super) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in clean(text).split_whitespace() {
        let last = lines.last_mut().map_or(0, |line| line.width());
        if last > 0 && last + 1 + word.width() > columns {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

/// A number with its thousands apart.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number with its sign and so many digits; what rounds to zero has no sign.
pub(super) fn signed(number: f64, digits: usize) -> String {
    let text = format!("{number:+.digits$}");
    if text.bytes().any(|b| (b'1'..=b'9').contains(&b)) { text } else { format!("{:.digits$}", 0.0) }
}

/// How far it is, as `870 m away` or `12.3 km away`.
pub(super) fn distance(metres: u32) -> String {
    match metres {
        0..1_000 => format!("{metres} m away"),
        _ => format!("{}.{} km away", metres / 1_000, metres % 1_000 / 100),
    }
}

/// What part of a whole it is, as `54.5%`.
pub(super) fn percent(part: u32, whole: u64) -> String {
    let tenths = (u64::from(part) * 2_000 + whole).checked_div(2 * whole).unwrap_or(0);
    format!("{}.{}%", tenths / 10, tenths % 10)
}

/// `1 lead`, `2 leads`.
pub(super) fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { one } else { many })
}

/// The time of day, in UTC.
pub(super) fn clock(at: Timestamp) -> String {
    at.strftime("%H:%M:%S").to_string()
}

/// The day and the time of day, in UTC.
pub(super) fn day_and_clock(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// A span in its natural unit.
pub(super) fn span(span: SignedDuration) -> String {
    let millis = span.as_millis();
    match millis.unsigned_abs() {
        0..1_000 => format!("{millis} ms"),
        1_000..60_000 => format!("{}.{} s", millis / 1_000, millis.unsigned_abs() % 1_000 / 100),
        60_000..3_600_000 => format!("{} min {} s", millis / 60_000, millis.unsigned_abs() / 1_000 % 60),
        _ => format!("{} h {} min", millis / 3_600_000, millis.unsigned_abs() / 60_000 % 60),
    }
}

/// Marks that turn the direction of writing, and with it what a reader sees.
fn is_direction(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
