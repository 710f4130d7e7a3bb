//! The lines of a file: folded ones joined, each taken apart into name, parameters and value. Line
//! ends may be CRLF or LF alone, as many programs write them.

use std::borrow::Cow;

use super::BadLine;

/// A line of a file after folding.
#[derive(Debug)]
pub(super) struct Line<'f> {
    /// Where it begins, from 1.
    pub(super) number: usize,
    /// The property's name, in capitals.
    pub(super) name: String,
    /// What follows the name: parameters and the value.
    rest: Cow<'f, str>,
}

/// The parameters of a line that anything here goes by, and its value.
#[derive(Debug)]
pub(super) struct Parts<'l> {
    pub(super) tzid: Option<&'l str>,
    pub(super) value_type: Option<&'l str>,
    pub(super) range: Option<&'l str>,
    pub(super) value: &'l str,
}

/// The lines of a file, in order. What is no line at all is an error in its place.
pub(super) struct Lines<'f> {
    left: &'f [u8],
    number: usize,
}

impl<'f> Lines<'f> {
    pub(super) fn new(file: &'f [u8]) -> Self {
        Self { left: file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file), number: 0 }
    }

    /// The number of the last line that was read.
    pub(super) fn number(&self) -> usize {
        self.number
    }

    /// The next line as it stands in the file, without its end.
    fn physical(&mut self) -> Option<&'f [u8]> {
        if self.left.is_empty() {
            return None;
        }
        let end = self.left.iter().position(|byte| *byte == b'\n');
        let (line, left) = match end {
            Some(end) => (&self.left[..end], &self.left[end + 1..]),
            None => (self.left, &self.left[self.left.len()..]),
        };
        self.left = left;
        self.number += 1;
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    }

    /// The next line with those that continue it. They are joined as bytes, since a character may be
    /// folded in its middle.
    fn unfolded(&mut self) -> Option<(usize, Cow<'f, [u8]>)> {
        let first = self.physical()?;
        let number = self.number;
        let mut whole = Cow::Borrowed(first);
        while self.left.first().is_some_and(|byte| b" \t".contains(byte)) {
            let more = self.physical().unwrap_or_default();
            whole.to_mut().extend_from_slice(more.get(1..).unwrap_or_default());
        }
        Some((number, whole))
    }
}

impl<'f> Iterator for Lines<'f> {
    type Item = Result<Line<'f>, BadLine>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (number, bytes) = self.unfolded()?;
            if !bytes.trim_ascii().is_empty() {
                return Some(line(number, bytes));
            }
        }
    }
}

fn line(number: usize, bytes: Cow<'_, [u8]>) -> Result<Line<'_>, BadLine> {
    let no_text = |_| BadLine::new(number, "this is not UTF-8; save the file as UTF-8");
    let text = match bytes {
        Cow::Borrowed(bytes) => Cow::Borrowed(std::str::from_utf8(bytes).map_err(|_| no_text(()))?),
        Cow::Owned(bytes) => Cow::Owned(String::from_utf8(bytes).map_err(|_| no_text(()))?),
    };
    let end = text.bytes().position(|byte| !(byte.is_ascii_alphanumeric() || byte == b'-')).unwrap_or(text.len());
    if end == 0 || !matches!(text.as_bytes().get(end), Some(b':' | b';')) {
        let what = "this is no line of an iCalendar file, which is a name and a value, as in DTSTART:20261225; a line that goes on begins with a space";
        return Err(BadLine::new(number, what));
    }
    let name = text[..end].to_ascii_uppercase();
    let rest = match text {
        Cow::Borrowed(text) => Cow::Borrowed(&text[end..]),
        Cow::Owned(text) => Cow::Owned(text[end..].to_owned()),
    };
    Ok(Line { number, name, rest })
}

impl Line<'_> {
    /// An error in this line.
    pub(super) fn wrong(&self, what: impl Into<String>) -> BadLine {
        BadLine::new(self.number, what)
    }

    /// Its parameters and value.
    pub(super) fn parts(&self) -> Result<Parts<'_>, BadLine> {
        let mut parts = Parts { tzid: None, value_type: None, range: None, value: "" };
        let mut left: &str = &self.rest;
        loop {
            if let Some(value) = left.strip_prefix(':') {
                parts.value = value.trim_end();
                return Ok(parts);
            }
            let (key, value, after) = left.strip_prefix(';').and_then(parameter).ok_or_else(|| {
                self.wrong(format!("the parameters of {} do not read; write them as in ;VALUE=DATE", self.name))
            })?;
            let place = match key.to_ascii_uppercase().as_str() {
                "TZID" => &mut parts.tzid,
                "VALUE" => &mut parts.value_type,
                "RANGE" => &mut parts.range,
                _ => {
                    left = after;
                    continue;
                }
            };
            if place.replace(value).is_some() {
                return Err(self.wrong(format!("{} has {key} twice; keep one", self.name)));
            }
            left = after;
        }
    }
}

/// A parameter's name, its value without quotes, and what follows. Only a value in quotes may hold
/// what ends one.
fn parameter(text: &str) -> Option<(&str, &str, &str)> {
    let (key, rest) = text.split_once('=')?;
    if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        return None;
    }
    let mut quoted = false;
    let end = rest.bytes().position(|byte| {
        quoted ^= byte == b'"';
        !quoted && (byte == b';' || byte == b':')
    })?;
    let value = &rest[..end];
    let plain = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
    Some((key, plain, &rest[end..]))
}
