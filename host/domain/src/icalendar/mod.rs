//! iCalendar files (RFC 5545): days of an all-day event become holidays, and events during which
//! somebody is busy become stretches of time. Pure: the same bytes and the same instant give the same
//! answer, whatever the clock says. A rule that never ends is therefore not written out up to some
//! day, but asked about a stretch of time.
//!
//! What may change the meaning and is not understood is an error with its line. What says nothing of
//! when events are (descriptions, alarms, the definitions of zones, whose names are looked up in the
//! database inside the binary) is passed over.

mod busy;
mod draft;
mod event;
mod found;
mod holidays;
mod lines;
mod reading;
mod recurrence;
mod rule;
mod value;
mod windows;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;

pub use busy::Busy;
pub(crate) use busy::Stretch;
pub use found::{EVENTS_MAX, RECURRING_MAX};
pub use holidays::{HOLIDAY_DAYS_MAX, HOLIDAYS_UNTIL};
pub use reading::FILE_MAX;

use crate::id::Digest;
use event::Event;

/// Something in a file that cannot be meant, or is not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct BadLine {
    /// The line of the file, from 1.
    pub line: usize,
    /// What is wrong, and what to do.
    pub what: String,
}

/// A file that is read and checked: its events, but for those that are cancelled.
#[derive(Debug, PartialEq)]
pub struct Events {
    events: Vec<Event>,
}

/// The files of a workspace by the digests of their bytes, so that whoever has a revision finds the
/// files of that revision or none. A clone shares them.
pub type CalendarFiles = Arc<BTreeMap<Digest, Arc<Events>>>;

impl Events {
    /// Reads a file.
    ///
    /// # Errors
    /// The first line that cannot be meant or is not understood.
    pub fn read(file: &[u8]) -> Result<Self, BadLine> {
        reading::read(file).map(|events| Self { events })
    }

    /// The days of all events, each of which must be of whole days.
    ///
    /// # Errors
    /// The first event that begins at a time of day, or with which there are too many days.
    pub fn holidays(&self) -> Result<BTreeSet<Date>, BadLine> {
        holidays::days(&self.events)
    }

    /// How many events there are, each series being one.
    #[must_use]
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }
}

impl BadLine {
    fn new(line: usize, what: impl Into<String>) -> Self {
        Self { line, what: what.into() }
    }
}
