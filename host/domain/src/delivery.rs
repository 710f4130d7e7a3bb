//! What to do after an effect could not be delivered: a pure function of the attempt, the
//! trouble, the time and a draw of chance.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::circuit::Fuse;

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
    /// This effect is refused for now, as where its record is locked; others may go: later.
    Deferred,
    /// The CRM cannot be reached, or is out of order: later.
    Unavailable,
    /// No answer came, so it may have happened: look before sending again.
    Unknown,
    /// The workspace has no such connection any more.
    NoConnection,
    /// What is stored of it does not read.
    Unreadable,
}

impl Trouble {
    /// The names of all kinds, as people ask for them.
    pub const CODES: [&str; 10] = [
        "rate-limited",
        "unauthorized",
        "forbidden",
        "not-found",
        "rejected",
        "deferred",
        "unavailable",
        "unknown",
        "no-connection",
        "unreadable",
    ];

    /// The kind's stable name.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::RateLimited { .. } => "rate-limited",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not-found",
            Self::Rejected => "rejected",
            Self::Deferred => "deferred",
            Self::Unavailable => "unavailable",
            Self::Unknown => "unknown",
            Self::NoConnection => "no-connection",
            Self::Unreadable => "unreadable",
        }
    }

    /// What a person does about it.
    #[must_use]
    pub fn mend(&self) -> &'static str {
        match self {
            Self::RateLimited { .. } => {
                "Nothing: it goes on by itself. If it lasts, raise the CRM's limit or send less."
            }
            Self::Unauthorized => "Set a token that holds and has the scopes; then resume the connection.",
            Self::Forbidden => "Give the token's app access to these records; then retry them by this cause.",
            Self::NotFound => "The record or destination is gone: restore it and retry, or drop what is left of it.",
            Self::Rejected => "Correct the value in the rule's settings or the property in the CRM; then retry.",
            Self::Deferred => "It was refused for now, as by a lock on the record: free it; then retry.",
            Self::Unavailable => "Wait until the other side works again, or correct its address; then retry.",
            Self::Unknown => "Look whether it happened; a retry looks, too, and sends nothing twice to the CRM.",
            Self::NoConnection => "Put the connection back into the workspace and retry, or drop it.",
            Self::Unreadable => "The database is damaged or of another version: restore it and retry, or drop it.",
        }
    }

    /// Whether the other side said nothing that shows it at work.
    #[must_use]
    pub fn is_silence(&self) -> bool {
        matches!(self, Self::Unavailable | Self::Unknown)
    }
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
    /// When a connection is left alone because nobody answers.
    pub fuse: Fuse,
}

impl Default for Backoff {
    fn default() -> Self {
        let seconds = [2, 10, 60, 300, 1_800, 7_200, 18_000, 36_000, 36_000];
        Self {
            waits: seconds.map(SignedDuration::from_secs).to_vec(),
            unauthorized: SignedDuration::from_mins(5),
            rate_limited: SignedDuration::from_secs(2),
            fuse: Fuse::default(),
        }
    }
}

impl Backoff {
    /// The same schedule with every wait divided, for demonstrations and tests.
    #[must_use]
    pub fn faster(mut self, factor: i32) -> Self {
        let fuse = &mut self.fuse;
        let pauses = [&mut self.unauthorized, &mut self.rate_limited, &mut fuse.first, &mut fuse.longest];
        for wait in self.waits.iter_mut().chain(pauses) {
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
            Trouble::Forbidden
            | Trouble::NotFound
            | Trouble::Rejected
            | Trouble::NoConnection
            | Trouble::Unreadable => Next::Dead,
            Trouble::Deferred | Trouble::Unavailable | Trouble::Unknown => {
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
    #[test]
    fn every_kind_of_trouble_is_stored_under_the_name_that_people_ask_for() {
        let limited = Trouble::RateLimited { retry_after_ms: None };
        assert!(serde_json::to_string(&limited).unwrap().starts_with("{\"rate-limited\""));
        for code in &Trouble::CODES[1..] {
            let trouble: Trouble = serde_json::from_value((*code).into()).unwrap();
            assert_eq!(trouble.code(), *code);
            assert!(!trouble.mend().is_empty());
        }
    }
}
