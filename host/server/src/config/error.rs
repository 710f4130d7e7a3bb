//! The one way in which a file is said to be wrong.

use std::fmt;

use rota_domain::table::{BadRow, BadRows};

/// What is wrong with a file that somebody wrote: `acme/workspace.toml:14: what, and what to
/// do`. The process ends with exit code 2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The file, as the person named it.
    pub file: String,
    /// The line, from 1; none where it concerns the whole file.
    pub line: Option<usize>,
    /// What is wrong, which thing, and what to do.
    pub what: String,
    /// What else is wrong with the same file: lines as they are shown. Only tables, which have
    /// many rows and one kind of mistake in many of them, tell more than the first.
    pub more: Vec<String>,
}

impl ConfigError {
    /// Something wrong with a whole file.
    pub(super) fn whole(file: &str, what: impl Into<String>) -> Self {
        Self { file: file.into(), line: None, what: what.into(), more: Vec::new() }
    }

    /// Something wrong in one line of a file.
    pub(super) fn at(file: &str, line: usize, what: impl Into<String>) -> Self {
        Self { file: file.into(), line: Some(line), what: what.into(), more: Vec::new() }
    }

    /// The rows of a table that are wrong, each with its line.
    pub(super) fn rows(file: &str, bad: &BadRows) -> Self {
        let mut rows = bad.rows.iter().map(|BadRow { line, what }| Self::at(file, *line, what));
        let mut first = rows.next().unwrap_or_else(|| Self::whole(file, "this is no table"));
        first.more = rows.map(|row| row.to_string()).collect();
        if bad.more > 0 {
            first.more.push(format!("{file}: and {} more rows are wrong", bad.more));
        }
        first
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, what, more } = self;
        match line {
            Some(line) => write!(f, "{file}:{line}: {what}")?,
            None => write!(f, "{file}: {what}")?,
        }
        more.iter().try_for_each(|line| write!(f, "\n{line}"))
    }
}

impl std::error::Error for ConfigError {}
