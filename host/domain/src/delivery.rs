//! What to do after an effect could not be delivered: a pure function of the attempt, the
//! trouble, the time and a draw of chance.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Why an effect could not be delivered, by what the caller does next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trouble {
    /// Too many calls: everything for this CRM account waits.
    RateLimited {
        /// How long the CRM said to wait, in milliseconds.
        retry_after_ms: Option<u64>,
    },
    /// The credentials are refused: everything waits until a person has mended them.
    Unauthorized,
    /// The credentials do not reach so far: this effect cannot succeed.
    Forbidden,
    /// The record is gone: this effect cannot succeed.
    NotFound,
    /// The CRM refuses the value: this effect cannot succeed.
    Rejected,
    /// The record is locked, or the CRM is out of order: later.
    Unavailable,
    /// No answer came, so it may have happened: look before sending again.
    Unknown,
}

/// What happens next to an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It is tried again at this time.
    RetryAt(Timestamp),
    /// The whole connection waits until this time; it counts as no attempt.
    PauseUntil(Timestamp),
    /// A person has to look.
    Dead,
}

/// The waits between attempts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The wait after the first, the second, … failed attempt; after the last, it is dead.
    pub waits: Vec<SignedDuration>,
    /// How long a connection waits after a refusal of its credentials.
    pub unauthorized: SignedDuration,
    /// How long it waits when the CRM limits it without saying for how long.
    pub rate_limited: SignedDuration,
}

impl Default for Backoff {
    fn default() -> Self {
        let seconds = [2, 10, 60, 300, 1_800, 7_200, 18_000, 36_000, 36_000];
        Self {
            waits: seconds.map(SignedDuration::from_secs).to_vec(),
            unauthorized: SignedDuration::from_mins(5),
            rate_limited: SignedDuration::from_secs(2),
        }
    }
}

impl Backoff {
    /// The same schedule with every wait divided, for demonstrations and tests.
    #[must_use]
    pub fn faster(mut self, factor: i32) -> Self {
        for wait in self.waits.iter_mut().chain([&mut self.unauthorized, &mut self.rate_limited]) {
            *wait /= factor;
        }
        self
    }

    /// What to do after attempt number `attempt` (1 for the first) met this trouble.
    /// `jitter` is from 0 to 1 and spreads the wait by ±20 %.
    #[must_use]
    pub fn next(&self, attempt: u32, trouble: &Trouble, now: Timestamp, jitter: f64) -> Next {
        match trouble {
            Trouble::RateLimited { retry_after_ms } => {
                let wait = retry_after_ms.map_or(self.rate_limited, |ms| {
                    SignedDuration::from_millis(i64::try_from(ms.min(600_000)).unwrap_or(600_000))
                });
                Next::PauseUntil(later(now, wait, jitter))
            }
            Trouble::Unauthorized => Next::PauseUntil(later(now, self.unauthorized, jitter)),
            Trouble::Forbidden | Trouble::NotFound | Trouble::Rejected => Next::Dead,
            Trouble::Unavailable | Trouble::Unknown => {
                let step = usize::try_from(attempt.saturating_sub(1)).unwrap_or(usize::MAX);
                match self.waits.get(step) {
                    Some(wait) => Next::RetryAt(later(now, *wait, jitter)),
                    None => Next::Dead,
                }
            }
        }
    }
}

fn later(now: Timestamp, wait: SignedDuration, jitter: f64) -> Timestamp {
    let spread = wait.mul_f64(0.8 + 0.4 * jitter.clamp(0.0, 1.0));
    now.checked_add(spread).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(attempt: u32, trouble: &Trouble, jitter: f64) -> Next {
        Backoff::default().next(attempt, trouble, Timestamp::UNIX_EPOCH, jitter)
    }

    fn after(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(millis).unwrap()
    }

    #[test]
    fn waits_grow_and_are_spread_by_a_fifth() {
        assert_eq!(next(1, &Trouble::Unavailable, 0.5), Next::RetryAt(after(2_000)));
        assert_eq!(next(1, &Trouble::Unavailable, 0.0), Next::RetryAt(after(1_600)));
        assert_eq!(next(1, &Trouble::Unavailable, 1.0), Next::RetryAt(after(2_400)));
        assert_eq!(next(3, &Trouble::Unknown, 0.5), Next::RetryAt(after(60_000)));
    }

    #[test]
    fn after_the_last_wait_an_effect_is_dead() {
        assert!(matches!(next(9, &Trouble::Unavailable, 0.5), Next::RetryAt(_)));
        assert_eq!(next(10, &Trouble::Unavailable, 0.5), Next::Dead);
    }

    #[test]
    fn what_cannot_succeed_is_dead_at_once() {
        for trouble in [Trouble::Forbidden, Trouble::NotFound, Trouble::Rejected] {
            assert_eq!(next(1, &trouble, 0.5), Next::Dead, "{trouble:?}");
        }
    }

    #[test]
    fn a_limit_pauses_the_connection_for_as_long_as_the_crm_says() {
        let said = Trouble::RateLimited { retry_after_ms: Some(7_000) };
        assert_eq!(next(9, &said, 0.5), Next::PauseUntil(after(7_000)));
        let unsaid = Trouble::RateLimited { retry_after_ms: None };
        assert_eq!(next(30, &unsaid, 0.5), Next::PauseUntil(after(2_000)));
    }
}
