//! Leads as JSON lines.

use rota_domain::lead::Lead;
use serde::Deserialize as _;
use serde_json::Value;

use super::{RECORD_MAX, Read, check_id, too_long};
use crate::config::check_lead;

/// Lines that are being read.
#[derive(Default)]
pub struct Lines {
    /// The line that has not ended yet, as far as it is kept.
    line: Vec<u8>,
    /// Whether it is longer than a lead may be.
    long: bool,
    /// How many lines have ended.
    ended: u64,
}

impl Lines {
    pub(super) fn feed(&mut self, bytes: &[u8], leads: &mut Vec<(u64, Read)>) {
        let mut pieces = bytes.split(|byte| *byte == b'\n').peekable();
        while let Some(piece) = pieces.next() {
            self.long |= self.line.len() + piece.len() > RECORD_MAX;
            if !self.long {
                self.line.extend_from_slice(piece);
            }
            if pieces.peek().is_some() {
                self.end(leads);
            }
        }
    }

    pub(super) fn finish(mut self, leads: &mut Vec<(u64, Read)>) {
        self.end(leads);
    }

    fn end(&mut self, leads: &mut Vec<(u64, Read)>) {
        self.ended += 1;
        let line = std::mem::take(&mut self.line);
        let read = if std::mem::take(&mut self.long) { Some(Err(too_long())) } else { lead(&line) };
        leads.extend(read.map(|read| (self.ended, read)));
    }
}

/// The lead of a line; nothing for an empty one.
fn lead(line: &[u8]) -> Option<Read> {
    let line = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line);
    let Ok(text) = std::str::from_utf8(line) else {
        return Some(Err("this is not UTF-8 text; save the file as UTF-8".into()));
    };
    (!text.trim().is_empty()).then(|| read(text))
}

fn read(text: &str) -> Read {
    let value: Value = serde_json::from_str(text).map_err(|error| {
        // The words of the error, and not those of the line: it may be about somebody.
        format!("this is not JSON ({:?} error in column {})", error.classify(), error.column())
    })?;
    if value.get("kind").is_some() && value.get("lead").is_some() {
        return Err("this is an event; put what it has under `lead` alone on the line".into());
    }
    check_lead(&value)?;
    let lead = Lead::deserialize(&value).map_err(|_| "this is no lead".to_owned())?;
    check_id(lead.id.as_str())?;
    Ok(lead)
}
