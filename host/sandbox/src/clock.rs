//! The double's only clock: real time plus an offset that a test may move. Nothing else in this
//! crate reads the time or sleeps, so moving the clock moves everything at once.

use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;

/// Real time plus an offset in milliseconds.
pub(crate) struct Clock {
    offset_ms: watch::Sender<i64>,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self { offset_ms: watch::Sender::new(0) }
    }

    /// Now, cut to whole milliseconds because that is all the wire carries.
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.now_ms()).unwrap_or(Timestamp::MAX)
    }

    pub(crate) fn now_ms(&self) -> i64 {
        real_ms().saturating_add(*self.offset_ms.borrow())
    }

    /// Makes it `at` now; time goes on from there.
    pub(crate) fn set(&self, at: Timestamp) {
        self.offset_ms.send_replace(at.as_millisecond().saturating_sub(real_ms()));
    }

    /// Moves the clock by `ms`; false where that leaves the calendar.
    pub(crate) fn advance(&self, ms: i64) -> bool {
        match self.now_ms().checked_add(ms).map(Timestamp::from_millisecond) {
            Some(Ok(at)) => {
                self.set(at);
                true
            }
            _ => false,
        }
    }

    /// Waits for `pause` of this clock: moving it forward ends the wait, moving it back does not
    /// lengthen it.
    pub(crate) async fn sleep(&self, pause: Duration) {
        let due_ms = self.now_ms().saturating_add(i64::try_from(pause.as_millis()).unwrap_or(i64::MAX));
        let mut moved = self.offset_ms.subscribe();
        let real = tokio::time::sleep(pause);
        tokio::pin!(real);
        loop {
            tokio::select! {
                () = &mut real => return,
                _ = moved.changed() => if self.now_ms() >= due_ms { return },
            }
        }
    }
}

/// How the CRM writes an instant: always three decimals.
pub(crate) fn rfc3339(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

#[allow(clippy::disallowed_methods, reason = "this is the one clock")]
fn real_ms() -> i64 {
    Timestamp::now().as_millisecond()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_has_three_decimals_even_when_they_are_zero() {
        let at: Timestamp = "2022-06-21T10:37:52Z".parse().expect("a timestamp");
        assert_eq!(rfc3339(at), "2022-06-21T10:37:52.000Z");
    }

    #[tokio::test]
    async fn advancing_the_clock_ends_a_long_sleep() {
        let clock = Clock::new();
        let woken = tokio::time::timeout(Duration::from_secs(5), async {
            tokio::join!(clock.sleep(Duration::from_secs(3600)), async {
                tokio::task::yield_now().await;
                assert!(clock.advance(3_600_000));
            })
        });
        assert!(woken.await.is_ok(), "the sleep did not see the clock move");
    }

    #[test]
    fn an_advance_beyond_the_calendar_is_refused() {
        assert!(!Clock::new().advance(i64::MAX));
    }
}
