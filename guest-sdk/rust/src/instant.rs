//! Time as the contract has it: whole milliseconds.

/// A point in time: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(i64);

impl Instant {
    /// The instant so many milliseconds after 1970 began.
    pub const fn from_ms(ms: i64) -> Self {
        Self(ms)
    }

    /// Milliseconds since 1970 began.
    pub const fn ms(self) -> i64 {
        self.0
    }

    /// The instant so many minutes later, by the clock on the wall. For open hours see
    /// [`Calendar`](crate::calendar).
    pub const fn plus_minutes(self, minutes: u32) -> Self {
        Self(self.0.saturating_add(minutes as i64 * 60_000))
    }

    /// Whole minutes from `earlier` until this; negative when this is the earlier one.
    pub const fn minutes_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0) / 60_000
    }

    /// The day in UTC, such as `2026-03-02`, for sentences that people read. From Howard
    /// Hinnant's `civil_from_days` (chrono-Compatible Low-Level Date Algorithms): eras of 400
    /// years whose years begin in March, so that the leap day comes last.
    pub fn date(self) -> String {
        let days = self.0.div_euclid(86_400_000) + 719_468;
        let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        let year = era * 400 + year_of_era + i64::from(month <= 2);
        [padded(year, 4), padded(month, 2), padded(day, 2)].join("-")
    }

    #[cfg(target_arch = "wasm32")]
    pub(crate) fn from_wire(ms: f64) -> Self {
        Self(ms as i64)
    }

    #[cfg(target_arch = "wasm32")]
    pub(crate) fn to_wire(self) -> f64 {
        self.0 as f64
    }
}

fn padded(number: i64, width: usize) -> String {
    let digits = number.to_string();
    ["0".repeat(width.saturating_sub(digits.len())), digits].concat()
}
