//! The one way in which a file is said to be wrong.

use std::fmt;

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
}

impl ConfigError {
    /// Something wrong with a whole file.
    pub(super) fn whole(file: &str, what: impl Into<String>) -> Self {
        Self { file: file.into(), line: None, what: what.into() }
    }

    /// Something wrong in one line of a file.
    pub(super) fn at(file: &str, line: usize, what: impl Into<String>) -> Self {
        Self { file: file.into(), line: Some(line), what: what.into() }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, what } = self;
        match line {
            Some(line) => write!(f, "{file}:{line}: {what}"),
            None => write!(f, "{file}: {what}"),
        }
    }
}

impl std::error::Error for ConfigError {}
