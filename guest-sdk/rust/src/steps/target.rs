//! Within how many minutes a lead shall have its first answer, by where it came from.

use std::collections::BTreeMap;

use crate::{At, Call, Instant, SettingsProblem, calendar, effects};

/// The response target of a lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target<'a> {
    /// Minutes until the first answer; none for no target.
    pub minutes: Option<u32>,
    /// The calendar in whose open time they are counted; none for the clock on the wall.
    pub calendar: Option<&'a str>,
}

impl<'a> Target<'a> {
    /// The target of a source class: the minutes that the settings choose for it (0 for no
    /// target), else the usual ones.
    pub fn of_class(class: &str, chosen: &BTreeMap<String, u32>, calendar: Option<&'a str>) -> Self {
        let minutes = chosen.get(class).copied().or_else(|| usual_minutes(class));
        Self { minutes: minutes.filter(|&minutes| minutes > 0), calendar }
    }

    /// Asks the host to hold the new owner to it.
    ///
    /// # Errors
    /// At `/calendar`, if the calendar cannot be used.
    pub fn set(self) -> Result<(), SettingsProblem> {
        match (self.minutes, self.calendar) {
            (None, _) => Ok(()),
            (Some(minutes), None) => Ok(effects::response_target(minutes)?),
            (Some(minutes), Some(calendar)) => effects::response_target_in(calendar, minutes).at("/calendar"),
        }
    }

    /// When that time is over.
    ///
    /// # Errors
    /// At `/calendar`, if the calendar cannot be used.
    pub fn due(self, call: &Call) -> Result<Option<Instant>, SettingsProblem> {
        match (self.minutes, self.calendar) {
            (None, _) => Ok(None),
            (Some(minutes), None) => Ok(Some(call.now.plus_minutes(minutes))),
            (Some(minutes), Some(calendar)) => {
                calendar::add_business_minutes(calendar, call.now, minutes).at("/calendar").map(Some)
            }
        }
    }
}

/// An hour where somebody waits, four hours for other inbound, the same day for replies (eight
/// hours, a working day), one day for calls and two for events.
fn usual_minutes(class: &str) -> Option<u32> {
    match class {
        "inbound:demo-request" | "inbound:pricing-page" | "inbound:meeting" | "inbound:chatbot" | "re-engagement" => {
            Some(60)
        }
        "outbound:sequence-reply" => Some(8 * 60),
        "outbound:cold-call" => Some(24 * 60),
        "outbound:event" => Some(48 * 60),
        other if other.starts_with("inbound:") => Some(4 * 60),
        _ => None,
    }
}
