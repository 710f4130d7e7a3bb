//! What shall happen besides the decision. Effects wait until the host has accepted the
//! decision, and are dropped if it fails.

use crate::{Instant, Refused, host};

/// Writes a property of the lead. It must be listed under `[writes]` in `plugin.toml`.
pub fn set_property(name: &str, value: &str) -> Result<(), Refused> {
    host::set_property(name, value).map_err(|why| Refused::new("written property", name, why))
}

/// Creates a task for the new owner. Without `due` it is due at once.
pub fn task(subject: &str, body: &str, due: Option<Instant>) -> Result<(), Refused> {
    host::task(subject, body, due).map_err(|why| Refused::new("task", subject, why))
}

/// Attaches a note to the lead.
pub fn note(body: &str) -> Result<(), Refused> {
    host::note(body).map_err(|why| Refused::new("note", body, why))
}

/// Sends a message to a destination that the workspace names.
pub fn notify(destination: &str, message: &str) -> Result<(), Refused> {
    host::notify(destination, message).map_err(|why| Refused::new("destination", destination, why))
}

/// Says within how many minutes the lead shall have its first answer. The last call counts.
pub fn response_target(minutes: u32) -> Result<(), Refused> {
    host::response_target(minutes, None).map_err(|why| Refused::new("response target", "", why))
}

/// The same in open time of a calendar.
pub fn response_target_in(calendar: &str, minutes: u32) -> Result<(), Refused> {
    host::response_target(minutes, Some(calendar)).map_err(|why| Refused::new("calendar", calendar, why))
}
