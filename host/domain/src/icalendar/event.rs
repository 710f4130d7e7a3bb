//! An event as a file says it, before anybody looks at it from a time zone.

use super::recurrence::Recurrence;
use super::value::{Length, Start};

/// An event that takes place.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Event {
    /// The line on which it begins.
    pub(super) line: usize,
    pub(super) start: Start,
    pub(super) length: Length,
    /// Whether it leaves whoever has it free.
    pub(super) transparent: bool,
    pub(super) more: Option<Box<More>>,
}

/// What few events have.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct More {
    /// The rule by which it comes again.
    pub(super) recurrence: Option<Recurrence>,
    /// When it takes place besides.
    pub(super) besides: Vec<Start>,
    /// When it does not, or when another event says how it does.
    pub(super) without: Vec<Start>,
}

impl Event {
    pub(super) fn recurrence(&self) -> Option<&Recurrence> {
        self.more.as_ref()?.recurrence.as_ref()
    }

    /// When it takes place, but for the days of its rule.
    pub(super) fn singles(&self) -> impl Iterator<Item = &Start> {
        std::iter::once(&self.start).chain(self.more.iter().flat_map(|more| &more.besides))
    }

    pub(super) fn without(&self) -> &[Start] {
        self.more.as_ref().map_or(&[], |more| &more.without)
    }
}
