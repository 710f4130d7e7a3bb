//! When a row of dated numbers is dated.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// When a row is dated so: at that time, or at the beginning of that day in a zone.
pub(super) fn instant(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    if let Some(day) = day(text) {
        return Some(day.to_zoned(zone.clone()).ok()?.timestamp());
    }
    text.parse().ok()
}

fn day(text: &str) -> Option<Date> {
    if text.len() == "2026-03-10".len() { text.parse().ok() } else { None }
}
