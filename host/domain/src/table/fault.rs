//! What is wrong with a table's file: all of it, by line, up to a bound.

use std::collections::BTreeMap;
use std::fmt;

/// How many bad rows are told one by one.
pub const FAULTS_SHOWN: usize = 100;

/// A row that cannot be meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRow {
    /// The line of the file in which it begins, from 1.
    pub line: usize,
    /// What is wrong, and what to do.
    pub what: String,
}

/// Everything that is wrong with a table's file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct BadRows {
    /// The first [`FAULTS_SHOWN`] bad rows, by line. At least one.
    pub rows: Vec<BadRow>,
    /// How many there are besides.
    pub more: usize,
}

impl fmt::Display for BadRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, BadRow { line, what }) in self.rows.iter().enumerate() {
            let end = if n == 0 { "" } else { "\n" };
            write!(f, "{end}line {line}: {what}")?;
        }
        match self.more {
            0 => Ok(()),
            more => write!(f, "\nand {more} more"),
        }
    }
}

/// Collects bad rows in any order and keeps the first ones: a file of a million bad rows
/// costs no more than one of a hundred.
#[derive(Default)]
pub(super) struct Faults {
    kept: BTreeMap<usize, String>,
    more: usize,
}

impl Faults {
    /// Adds one; a line counts once, with what was found first.
    pub(super) fn add(&mut self, line: usize, what: impl FnOnce() -> String) {
        if self.kept.contains_key(&line) {
            return;
        }
        let room = self.kept.len() < FAULTS_SHOWN;
        if room || self.kept.last_key_value().is_some_and(|(last, _)| *last > line) {
            self.kept.insert(line, what());
        }
        if !room {
            self.more += 1;
            if self.kept.len() > FAULTS_SHOWN {
                self.kept.pop_last();
            }
        }
    }

    /// The table, if nothing was wrong.
    pub(super) fn unless_any<T>(self, sound: T) -> Result<T, BadRows> {
        if self.kept.is_empty() {
            return Ok(sound);
        }
        let rows = self.kept.into_iter().map(|(line, what)| BadRow { line, what }).collect();
        Err(BadRows { rows, more: self.more })
    }
}
