//! How much of a thing may be used in a minute: a token bucket in whole numbers. The bucket
//! holds what a minute grants and fills evenly; time is an argument.

use jiff::{SignedDuration, Timestamp};

/// Milliseconds of a minute. What is in a bucket is counted in so many parts of one thing,
/// so that a millisecond brings a whole number of parts: as many as a minute brings things.
const MINUTE_MS: i64 = 60_000;

/// The most that a minute can grant, so that parts stay countable.
pub const PER_MINUTE_MAX: u64 = 10_000_000_000_000;

/// What is left of a minute's grant.
///
/// After a long rest a whole minute's grant may be used at once. In any span of time no more
/// is taken than the grant for the span, and one minute's; except by `charge`, which does not
/// ask, and whose debt has to fill up again first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    per_minute: i64,
    /// In parts; below zero it is a debt.
    parts: i64,
    at: Timestamp,
}

impl Bucket {
    /// A full bucket for this many things a minute: at least one, at most
    /// [`PER_MINUTE_MAX`].
    #[must_use]
    pub fn full(per_minute: u64, now: Timestamp) -> Self {
        let per_minute = within(per_minute);
        Self { per_minute, parts: per_minute * MINUTE_MS, at: now }
    }

    /// A minute grants so many from now on. What was used stays used.
    pub fn regrant(&mut self, per_minute: u64, now: Timestamp) {
        self.fill(now);
        let (before, after) = (self.per_minute, within(per_minute));
        self.parts = self.parts.saturating_add((after - before) * MINUTE_MS);
        self.per_minute = after;
    }

    /// Takes so many, all or none. More than a minute grants can be taken only from a full
    /// bucket, and is a debt then: who asks for them would otherwise wait for ever.
    ///
    /// # Errors
    /// How long to wait until as many can be taken, if nobody else takes any.
    pub fn take(&mut self, count: u64, now: Timestamp) -> Result<(), SignedDuration> {
        self.waits(count, now)?;
        self.charge(count, now);
        Ok(())
    }

    /// Whether so many could be taken.
    ///
    /// # Errors
    /// How long to wait until they can.
    pub fn waits(&mut self, count: u64, now: Timestamp) -> Result<(), SignedDuration> {
        self.fill(now);
        let needed = parts(count).min(self.most());
        let missing = needed.saturating_sub(self.parts);
        if missing <= 0 {
            return Ok(());
        }
        Err(SignedDuration::from_millis(missing.saturating_add(self.per_minute - 1) / self.per_minute))
    }

    /// Takes so many that were used already, whether they are there or not.
    pub fn charge(&mut self, used: u64, now: Timestamp) {
        self.fill(now);
        self.parts = self.parts.saturating_sub(parts(used));
    }

    fn most(&self) -> i64 {
        self.per_minute * MINUTE_MS
    }

    fn fill(&mut self, now: Timestamp) {
        // A clock that was set back brings nothing until it has caught up.
        let ms = i64::try_from(now.duration_since(self.at).as_millis()).unwrap_or(i64::MAX);
        if ms <= 0 {
            return;
        }
        let brought = self.per_minute.saturating_mul(ms);
        self.parts = self.parts.saturating_add(brought).min(self.most());
        // The part of a millisecond that has passed is not lost.
        self.at = self.at.checked_add(SignedDuration::from_millis(ms)).unwrap_or(now);
    }
}

/// Seconds of a wait, rounded up, as `Retry-After` names them; at least one.
#[must_use]
pub fn whole_seconds(wait: SignedDuration) -> u64 {
    let ms = u64::try_from(wait.as_millis()).unwrap_or(0);
    ms.div_ceil(1000).max(1)
}

fn within(per_minute: u64) -> i64 {
    i64::try_from(per_minute.clamp(1, PER_MINUTE_MAX)).unwrap_or(1)
}

fn parts(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX).saturating_mul(MINUTE_MS)
}
