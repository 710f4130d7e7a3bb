//! By when a lead shall have its first answer, as the workspace's targets say.

use jiff::tz::TimeZoneDatabase;
use jiff::{SignedDuration, Timestamp};

use crate::business_time::{BusinessTime, Calendars};
use crate::id::PoolId;
use crate::shifts::Shifts;
use crate::workspace::{Target, Within, Workspace};

/// By when a lead shall have its first answer, and how that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline<'w> {
    /// By when.
    pub due: Timestamp,
    /// Within which time.
    pub within: Within,
    /// In the hours of which calendar; none is around the clock.
    pub calendar: Option<&'w str>,
}

/// What of a workspace says in whose hours a lead is answered, and by when.
pub(crate) struct Terms<'w> {
    pub(crate) workspace: &'w Workspace,
    pub(crate) calendars: &'w Calendars,
    pub(crate) shifts: &'w Shifts,
}

impl<'w> Terms<'w> {
    /// The hours in which a lead of this class is answered by the rep at this place, who got it by
    /// a turn of this pool or without one, and what their calendar is called. None is all hours.
    pub(crate) fn hours(
        &self,
        class: &str,
        place: usize,
        pool: Option<&PoolId>,
    ) -> Option<(&'w str, &'w BusinessTime)> {
        if let Some(named) = Target::of(&self.workspace.targets, class).and_then(|target| target.calendar.as_deref()) {
            return Some((named, self.calendars.get(named)?));
        }
        let of_pool = pool.and_then(|pool| self.workspace.pool(pool)?.calendar.as_deref());
        let name = of_pool.or(self.workspace.reps.get(place)?.calendar.as_deref())?;
        Some((name, self.shifts.hours(place, pool)?))
    }

    /// The deadline of such a lead that the rep got then. None where there is no target for it.
    pub(crate) fn deadline(
        &self,
        class: &str,
        place: usize,
        pool: Option<&PoolId>,
        at: Timestamp,
    ) -> Option<Deadline<'w>> {
        let within = Target::of(&self.workspace.targets, class)?.within(class)?;
        let hours = self.hours(class, place, pool);
        let due = match (hours, within) {
            (Some((_, hours)), Within::Minutes(minutes)) => hours.add_minutes(at, minutes)?,
            (Some((_, hours)), Within::Days(days)) => hours.end_of_day(at, days)?,
            (None, Within::Minutes(minutes)) => at.checked_add(SignedDuration::from_mins(minutes.into())).ok()?,
            (None, Within::Days(days)) => {
                let rep = self.workspace.reps.get(place)?;
                let zone = rep.zone(self.workspace);
                BusinessTime::around_the_clock(TimeZoneDatabase::bundled().get(zone).ok()?).end_of_day(at, days)?
            }
        };
        Some(Deadline { due, within, calendar: hours.map(|(name, _)| name) })
    }
}
