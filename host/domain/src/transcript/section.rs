//! A transcript taken apart: what each plugin was asked on which terms, its calls, its end.

use serde_json::Value;

use super::{Difference, FAILED, Heading, PLUGIN, RETURNED, Seal};
use crate::rule::Failure;

/// What one plugin was asked and answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Section<'t> {
    /// The number of the heading's line in the transcript, from 1.
    pub first: usize,
    /// The heading's line.
    pub line: &'t str,
    /// What it says; none where it cannot be read.
    pub heading: Option<Heading>,
    /// The calls, each with its line's end.
    pub calls: &'t str,
    /// The end; none where it is missing.
    pub end: Option<End<'t>>,
}

/// The end of a section.
#[derive(Clone, Debug, PartialEq)]
pub struct End<'t> {
    /// The whole line.
    pub line: &'t str,
    /// What it says, without the seal.
    pub words: &'t str,
    /// The fuel used.
    pub fuel: u64,
    /// What the guest gave back; none where it failed.
    pub returned: Option<Value>,
    /// How it failed.
    pub failure: Option<Failure>,
    /// Whether the failure may have been the machine's, and need not come again.
    pub machine: bool,
    seal: Seal,
}

/// The sections of a transcript, as far as it can be read.
#[derive(Clone, Debug, PartialEq)]
pub struct Sections<'t> {
    /// The sections in front of what cannot be read.
    pub whole: Vec<Section<'t>>,
    /// The first line that stands outside every section.
    pub stray: Option<Difference>,
}

/// Takes a transcript apart.
#[must_use]
pub fn sections(transcript: &str) -> Sections<'_> {
    let mut whole: Vec<Section<'_>> = Vec::new();
    let mut calls_from = 0;
    let mut at = 0;
    for (line, step) in transcript.split_inclusive('\n').zip(1..) {
        let from = at;
        at += line.len();
        let line = line.strip_suffix('\n').unwrap_or(line);
        if begins(line, PLUGIN) {
            let heading = Heading::read(line);
            whole.push(Section { first: step, line, heading, calls: "", end: None });
            calls_from = at;
            continue;
        }
        match whole.last_mut() {
            Some(section) if section.end.is_none() => match End::read(line) {
                Some(end) => section.end = Some(end),
                None => section.calls = &transcript[calls_from..at],
            },
            _ => {
                let recorded = transcript[from..at].trim_end_matches('\n').to_owned();
                let stray = Difference { step, recorded, replayed: "a heading, [\"plugin\",…], begins here".into() };
                return Sections { whole, stray: Some(stray) };
            }
        }
    }
    Sections { whole, stray: None }
}

impl Section<'_> {
    /// The number of its last line in the transcript.
    #[must_use]
    pub fn last(&self) -> usize {
        self.first + self.calls.lines().count() + usize::from(self.end.is_some())
    }

    /// The first line that is not as it was written.
    #[must_use]
    pub fn damage(&self) -> Option<Difference> {
        let end = self.end.as_ref()?;
        let lines = || std::iter::once(self.line).chain(self.calls.lines());
        let broken = end.seal.broken(lines(), end.words)?;
        Some(Difference {
            step: self.first + broken,
            recorded: lines().nth(broken).unwrap_or(end.line).to_owned(),
            replayed: "this line is not as it was written: its check in the section's seal is another".into(),
        })
    }
}

impl<'t> End<'t> {
    fn read(line: &'t str) -> Option<Self> {
        let returned = begins(line, RETURNED);
        if !returned && !begins(line, FAILED) {
            return None;
        }
        let (words, seal) = Seal::split(line)?;
        let (_, [fuel], result, _) = serde_json::from_str::<(String, [u64; 1], Value, String)>(line).ok()?;
        let mut end = Self { line, words, fuel, returned: None, failure: None, machine: false, seal };
        if returned {
            end.returned = Some(result);
        } else {
            end.machine = result.get("machine") == Some(&Value::Bool(true));
            end.failure = Some(serde_json::from_value(result).ok()?);
        }
        Some(end)
    }
}

/// Whether a line is of this function.
fn begins(line: &str, call: &str) -> bool {
    let rest = line.strip_prefix("[\"").and_then(|rest| rest.strip_prefix(call));
    rest.is_some_and(|rest| rest.starts_with("\",["))
}
