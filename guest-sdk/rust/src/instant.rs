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

    #[cfg(target_arch = "wasm32")]
    pub(crate) fn from_wire(ms: f64) -> Self {
        Self(ms as i64)
    }

    #[cfg(target_arch = "wasm32")]
    pub(crate) fn to_wire(self) -> f64 {
        self.0 as f64
    }
}
