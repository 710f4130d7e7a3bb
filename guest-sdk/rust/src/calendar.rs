//! Business time. A calendar has weekly hours in a time zone, and holidays.

use crate::{Instant, Refused, host};

/// Whether the calendar of this name is open at that instant.
pub fn is_open(name: &str, at: Instant) -> Result<bool, Refused> {
    host::is_open(name, at).map_err(|why| Refused::new("calendar", name, why))
}

/// The instant that is so many minutes of open time after `start`.
pub fn add_business_minutes(name: &str, start: Instant, minutes: u32) -> Result<Instant, Refused> {
    host::add_business_minutes(name, start, minutes).map_err(|why| Refused::new("calendar", name, why))
}
