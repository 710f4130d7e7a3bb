//! The interface `calendar`: business time.

use jiff::Timestamp;

use super::calendars::Host;
use super::lead;
use super::outcome::instant;
use super::types::Refusal;
use crate::session::Session;

/// What working out a due time costs, in calls: a calendar full of holidays makes the host
/// look at some thousand days.
const WORK: usize = 16;

impl Host for Session {
    fn is_open(&mut self, name: String, at: f64) -> wasmtime::Result<Result<bool, Refusal>> {
        self.step("calendar.is-open", (&name, at), |session| {
            let at = instant(at)?;
            Ok(session.question.desk.calendars.get(&name).map(|calendar| calendar.is_open(at)).ok_or(Refusal::Unknown))
        })
    }

    fn add_business_minutes(
        &mut self,
        name: String,
        start: f64,
        minutes: u32,
    ) -> wasmtime::Result<Result<f64, Refusal>> {
        self.step("calendar.add-business-minutes", (&name, start, minutes), |session| {
            let start = instant(start)?;
            Ok(session.open_time(&name, start, minutes)?.map(lead::instant))
        })
    }
}

impl Session {
    /// The instant after so many open minutes of a calendar. A calendar that is not open for
    /// so long within ten years is `unavailable`: it is there, and has no such time to offer.
    pub(super) fn open_time(
        &mut self,
        calendar: &str,
        start: Timestamp,
        minutes: u32,
    ) -> wasmtime::Result<Result<Timestamp, Refusal>> {
        self.count(WORK)?;
        let Some(known) = self.question.desk.calendars.get(calendar) else {
            return Ok(Err(Refusal::Unknown));
        };
        Ok(known.add_minutes(start, minutes).ok_or(Refusal::Unavailable))
    }
}
