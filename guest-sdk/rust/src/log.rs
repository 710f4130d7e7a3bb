//! Messages for the rule's author. The host keeps the first 64 lines of a decision.

use crate::host;

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// For finding a fault.
    Debug,
    /// Worth knowing.
    Info,
    /// Odd, and the rule went on.
    Warn,
    /// Wrong.
    Error,
}

/// Writes a line for finding a fault.
pub fn debug(message: &str) {
    host::log(Level::Debug, message);
}

/// Writes a line that is worth knowing.
pub fn info(message: &str) {
    host::log(Level::Info, message);
}

/// Writes a line about something odd.
pub fn warn(message: &str) {
    host::log(Level::Warn, message);
}

/// Writes a line about something wrong.
pub fn error(message: &str) {
    host::log(Level::Error, message);
}
