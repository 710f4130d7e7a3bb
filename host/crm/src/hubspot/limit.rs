//! The pace: so many calls in any window of time, for all workers of an account together.
//!
//! A call counts from the moment it may leave until one window after its answer. HubSpot
//! sees it somewhere in between, so its own count is never above ours, however long the
//! network takes.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until, timeout_at};

/// How many calls an account takes. What HubSpot says of its limit in its answers replaces
/// the first two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Burst {
    /// Calls in any window.
    pub calls: u32,
    /// The window.
    pub window: Duration,
    /// Never more calls in a window than this, whatever HubSpot allows.
    pub most: u32,
}

impl Default for Burst {
    /// HubSpot's lowest limit, 100 calls in ten seconds, until it says more.
    fn default() -> Self {
        Self { calls: 100, window: Duration::from_secs(10), most: u32::MAX }
    }
}

/// What an answer's headers say of the limit.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Said {
    pub(super) max: Option<u32>,
    pub(super) window: Option<Duration>,
    pub(super) remaining: Option<u32>,
}

pub(super) struct Limit {
    /// Held by the caller whose turn is next; tokio's mutex is first come, first served.
    turn: tokio::sync::Mutex<()>,
    state: Mutex<State>,
    returned: Notify,
    most: u32,
}

struct State {
    calls: u32,
    window: Duration,
    in_flight: u32,
    /// Leave given, ever.
    given: u32,
    /// When calls came back, oldest first.
    past: VecDeque<Instant>,
    closed_until: Option<Instant>,
}

/// Leave for one call; dropped when its answer is there.
pub(super) struct Permit<'a> {
    limit: &'a Limit,
    /// How many calls counted when it was given, this one among them.
    used: u32,
    /// Which one it is.
    number: u32,
}

/// No leave was to be had in time.
#[derive(Debug)]
pub(super) struct TooLong {
    /// How long it would take from now on; nothing where the time was up.
    pub(super) wait: Duration,
}

impl Limit {
    pub(super) fn new(burst: Burst) -> Self {
        let state = State {
            calls: burst.calls.min(burst.most).max(1),
            window: burst.window,
            in_flight: 0,
            given: 0,
            past: VecDeque::new(),
            closed_until: None,
        };
        Self {
            turn: tokio::sync::Mutex::new(()),
            state: Mutex::new(state),
            returned: Notify::new(),
            most: burst.most.max(1),
        }
    }

    /// Waits for leave, behind those who asked before, but not beyond `until`.
    pub(super) async fn acquire(&self, until: Instant) -> Result<Permit<'_>, TooLong> {
        let Ok(_turn) = timeout_at(until, self.turn.lock()).await else {
            return Err(TooLong { wait: self.state().window });
        };
        loop {
            if Instant::now() >= until {
                return Err(TooLong { wait: Duration::ZERO });
            }
            let free_at = match self.state().take(Instant::now()) {
                Taken::Yes { used, number } => return Ok(Permit { limit: self, used, number }),
                Taken::At(time) => Some(time),
                Taken::WhenOneReturns => None,
            };
            if let Some(time) = free_at.filter(|time| *time > until) {
                return Err(TooLong { wait: time.saturating_duration_since(Instant::now()) });
            }
            tokio::select! {
                () = sleep_until(free_at.unwrap_or(until)) => {}
                () = self.returned.notified() => {}
            }
        }
    }

    /// Takes note of what HubSpot says in the answer to a call. Calls that others made on the
    /// same account show as a smaller remainder, and count here as if they were ours.
    pub(super) fn learn(&self, permit: &Permit<'_>, said: Said) {
        let mut state = self.state();
        if let Some(max) = said.max.filter(|max| *max > 0) {
            state.calls = max.min(self.most);
        }
        if let Some(window) = said.window.filter(|window| !window.is_zero()) {
            state.window = window;
        }
        if let Some(remaining) = said.remaining {
            // HubSpot counted when the call arrived: what has aged since then is no stranger's.
            let ours = permit.used.saturating_add(state.given.wrapping_sub(permit.number));
            let others = state.calls.saturating_sub(remaining).saturating_sub(ours);
            let now = Instant::now();
            state.past.extend((0..others).map(|_| now));
        }
    }

    /// Nobody calls for this long; `None` means for a window.
    pub(super) fn empty(&self, wait: Option<Duration>) {
        let mut state = self.state();
        let until = Instant::now() + wait.unwrap_or(state.window);
        state.closed_until = state.closed_until.max(Some(until));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Taken {
    Yes { used: u32, number: u32 },
    At(Instant),
    WhenOneReturns,
}

impl State {
    fn take(&mut self, now: Instant) -> Taken {
        if let Some(until) = self.closed_until.filter(|until| *until > now) {
            return Taken::At(until);
        }
        self.forget(now);
        if self.free() > 0 {
            self.in_flight += 1;
            self.given = self.given.wrapping_add(1);
            return Taken::Yes { used: self.used(), number: self.given };
        }
        // As many must age as are above the limit, which may have shrunk.
        let above = self.used().saturating_sub(self.calls);
        match self.past.get(above as usize) {
            Some(back) => Taken::At(*back + self.window),
            None => Taken::WhenOneReturns,
        }
    }

    fn forget(&mut self, now: Instant) {
        while self.past.front().is_some_and(|back| *back + self.window <= now) {
            self.past.pop_front();
        }
    }

    fn used(&self) -> u32 {
        self.in_flight.saturating_add(u32::try_from(self.past.len()).unwrap_or(u32::MAX))
    }

    fn free(&self) -> u32 {
        self.calls.saturating_sub(self.used())
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let mut state = self.limit.state();
        state.in_flight = state.in_flight.saturating_sub(1);
        state.past.push_back(Instant::now());
        drop(state);
        self.limit.returned.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Duration = Duration::from_millis(200);

    fn limit(calls: u32) -> Limit {
        Limit::new(Burst { calls, window: WINDOW, most: 50 })
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(20)
    }

    #[tokio::test]
    async fn no_window_holds_more_calls_than_the_limit_with_eight_callers() {
        let limit = limit(5);
        let left = Mutex::new(Vec::new());
        let caller = async || {
            for _ in 0..4 {
                let permit = limit.acquire(soon()).await.unwrap();
                left.lock().unwrap().push(Instant::now());
                tokio::time::sleep(Duration::from_millis(3)).await;
                drop(permit);
            }
        };
        tokio::join!(caller(), caller(), caller(), caller(), caller(), caller(), caller(), caller());
        let left = left.into_inner().unwrap();
        assert_eq!(left.len(), 32);
        for six in left.windows(6) {
            assert!(six[5] - six[0] >= WINDOW, "six calls within {:?}", six[5] - six[0]);
        }
    }

    #[tokio::test]
    async fn callers_leave_in_the_order_in_which_they_came() {
        let limit = limit(1);
        let order = Mutex::new(Vec::new());
        let caller = async |name: u8| {
            drop(limit.acquire(soon()).await.unwrap());
            order.lock().unwrap().push(name);
        };
        tokio::join!(caller(1), caller(2), caller(3));
        assert_eq!(order.into_inner().unwrap(), [1, 2, 3]);
    }

    #[tokio::test]
    async fn who_would_wait_too_long_is_told_how_long_at_once() {
        let limit = limit(5);
        limit.empty(Some(Duration::from_secs(600)));
        let began = Instant::now();
        let TooLong { wait } = limit.acquire(soon()).await.err().unwrap();
        assert!(began.elapsed() < Duration::from_secs(1));
        assert!(wait > Duration::from_secs(590), "{wait:?}");
    }

    #[tokio::test]
    async fn a_call_that_never_returns_holds_its_place() {
        let limit = limit(1);
        let _held = limit.acquire(soon()).await.unwrap();
        let until = Instant::now() + WINDOW * 2;
        assert!(limit.acquire(until).await.is_err());
    }

    #[tokio::test]
    async fn a_smaller_remainder_counts_as_calls_of_others() {
        let limit = limit(5);
        let permit = limit.acquire(soon()).await.unwrap();
        limit.learn(&permit, Said { max: Some(10), window: None, remaining: Some(2) });
        drop(permit);
        assert_eq!(limit.state().calls, 10);
        assert_eq!(limit.state().free(), 2);
    }

    #[tokio::test]
    async fn hubspot_cannot_raise_the_limit_beyond_what_the_account_was_given() {
        let limit = limit(5);
        let permit = limit.acquire(soon()).await.unwrap();
        limit.learn(&permit, Said { max: Some(190), window: None, remaining: Some(189) });
        assert_eq!(limit.state().calls, 50);
        assert_eq!(limit.state().free(), 49);
    }

    #[tokio::test]
    async fn calls_that_aged_while_an_answer_was_under_way_are_not_taken_for_those_of_others() {
        let limit = limit(5);
        for _ in 0..4 {
            drop(limit.acquire(soon()).await.unwrap());
        }
        let permit = limit.acquire(soon()).await.unwrap();
        tokio::time::sleep(WINDOW * 2).await;
        limit.learn(&permit, Said { max: Some(5), window: None, remaining: Some(0) });
        limit.state().forget(Instant::now());
        assert_eq!(limit.state().free(), 4);
    }
}
