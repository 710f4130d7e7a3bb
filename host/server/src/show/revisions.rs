//! The revisions of a workspace, a line each.

use jiff::Timestamp;
use serde::Deserialize;

use super::palette::{Palette, Tone};
use super::text::{cut, day_and_clock, fit};

/// A revision, as a server lists it.
#[derive(Clone, Debug, Deserialize)]
pub struct Revision {
    /// Its number.
    pub revision: u64,
    /// Since when it held.
    pub at: Timestamp,
    /// Who applied it; none where the server read it from a directory.
    pub who: Option<String>,
    /// Why.
    pub note: Option<String>,
}

/// The revisions, in the order that they come in.
#[must_use]
pub fn revisions(revisions: &[Revision], palette: Palette) -> String {
    if revisions.is_empty() {
        return "There is no revision yet. The first is made with `rota apply`.\n".into();
    }
    let line = |one: &Revision| {
        let who = one.who.as_deref().unwrap_or("from a directory");
        format!(
            "{:>8}  {}  {} {}\n",
            one.revision,
            palette.paint(Tone::Quiet, &day_and_clock(one.at)),
            fit(who, 24),
            cut(one.note.as_deref().unwrap_or_default(), 22),
        )
    };
    revisions.iter().map(line).collect()
}
