//! The dated numbers of one rep, in the order of time.

use jiff::{SignedDuration, Timestamp};

use crate::table::Amount;

/// The dated numbers of one rep, in the order of time.
#[derive(Clone, Debug, Default)]
pub(super) struct Series {
    at: Vec<Timestamp>,
    /// The sum of the first so many, from none on.
    sums: Vec<Amount>,
}

/// A stretch of time whose numbers are added up: a number counts from its instant on for so many times
/// 24 hours, and at their end no more.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    before: Timestamp,
    last: Timestamp,
}

impl Window {
    /// That of so many days, as it is at an instant.
    pub(super) fn of(days: u32, at: Timestamp) -> Self {
        let length = SignedDuration::from_hours(24 * i64::from(days));
        Self { before: at.checked_sub(length).unwrap_or(Timestamp::MIN), last: at }
    }
}

impl Series {
    /// These numbers, in any order; of those with the same time, the later one is newer.
    pub(super) fn of(numbers: impl Iterator<Item = (Timestamp, Amount)>) -> Self {
        let mut numbers: Vec<(Timestamp, Amount)> = numbers.collect();
        numbers.sort_by_key(|(at, _)| *at);
        let mut sums = vec![Amount::default()];
        let mut sum = Amount::default();
        for (_, amount) in &numbers {
            sum = sum + *amount;
            sums.push(sum);
        }
        Self { at: numbers.into_iter().map(|(at, _)| at).collect(), sums }
    }

    /// The sum of what counts in that window.
    pub(super) fn within(&self, window: Window) -> Amount {
        self.sum_until(window.last) - self.sum_until(window.before)
    }

    /// The newest number at that instant; 0 before the first.
    pub(super) fn newest(&self, at: Timestamp) -> Amount {
        let known = self.known(at);
        if known == 0 { Amount::default() } else { self.sums[known] - self.sums[known - 1] }
    }

    fn sum_until(&self, at: Timestamp) -> Amount {
        self.sums[self.known(at)]
    }

    /// How many there are at that instant.
    fn known(&self, at: Timestamp) -> usize {
        self.at.partition_point(|known| *known <= at)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    const DAY: i64 = 24 * 60 * 60;

    #[test]
    fn a_number_counts_from_its_instant_until_so_many_days_later() {
        let series = Series::of([(at(0), Amount::of(7))].into_iter());
        let edges = [-1, 0, 30 * DAY - 1, 30 * DAY].map(|second| series.within(Window::of(30, at(second))));
        assert_eq!(edges, [0, 7, 7, 0].map(Amount::of));
    }

    #[test]
    fn the_newest_number_is_the_last_of_its_time() {
        let numbers = [(5, 3), (1, 9), (5, 4)].map(|(second, amount)| (at(second), Amount::of(amount)));
        let series = Series::of(numbers.into_iter());
        assert_eq!([0, 1, 4, 5].map(|second| series.newest(at(second))), [0, 9, 9, 4].map(Amount::of));
    }

    proptest! {
        #[test]
        fn a_window_holds_what_a_look_at_every_number_finds(
            numbers in prop::collection::vec((0..90 * DAY, 0..1_000_u32), 0..60),
            days in 1..40_u32,
            now in 0..120 * DAY,
        ) {
            let dated = numbers.iter().map(|(second, amount)| (at(*second), Amount::of(*amount)));
            let counts = |second: i64| second <= now && now < second + i64::from(days) * DAY;
            let slow: u32 = numbers.iter().filter(|(second, _)| counts(*second)).map(|(_, amount)| amount).sum();
            prop_assert_eq!(Series::of(dated).within(Window::of(days, at(now))), Amount::of(slow));
        }
    }
}
