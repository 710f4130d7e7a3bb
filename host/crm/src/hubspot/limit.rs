//! The pace: so many calls in any window of time, for all workers of an account together.
//!
//! A call counts from the moment it may leave until one window after its answer. HubSpot
//! sees it somewhere in between, so its own count is never above ours, however long the
//! network takes.
//!
//! Where several hosts use an account, each makes no more calls in a window than it holds
//! places; see `rota_domain::allotment`. A pace only says how many it needs, and is told how many
//! it has: no call asks a database.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rota_domain::allotment::Need;
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
    /// One came back, or there are more places.
    returned: Notify,
    most: u32,
    /// Callers who are here; one of them has the turn.
    here: AtomicU32,
    /// Who gives places out; none where all of them are this host's.
    wardens: Option<Arc<Wardens>>,
}

/// Those who divide an account's calls between hosts.
#[derive(Default)]
pub(super) struct Wardens {
    /// Rung when a caller waits for a place that another host may have.
    pub(super) wanted: Notify,
    /// Until when this host may use what it holds; none means for ever.
    pub(super) sure: Mutex<Option<Instant>>,
}

impl Wardens {
    fn are_sure(&self, now: Instant) -> bool {
        self.sure.lock().unwrap_or_else(PoisonError::into_inner).is_none_or(|until| now < until)
    }
}

struct State {
    calls: u32,
    window: Duration,
    /// How many of the calls are this host's.
    held: u32,
    /// Whether HubSpot said something new of the first two.
    news: bool,
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
    /// A pace of this host alone.
    pub(super) fn new(burst: Burst) -> Self {
        Self::made(burst, None)
    }

    /// A pace that several hosts share; this one holds nothing yet.
    pub(super) fn shared(burst: Burst, wardens: Arc<Wardens>) -> Self {
        Self::made(burst, Some(wardens))
    }

    fn made(burst: Burst, wardens: Option<Arc<Wardens>>) -> Self {
        let state = State {
            calls: burst.calls.min(burst.most).max(1),
            window: burst.window,
            held: if wardens.is_some() { 0 } else { u32::MAX },
            news: false,
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
            here: AtomicU32::new(0),
            wardens,
        }
    }

    /// Waits for leave, behind those who asked before, but not beyond `until`.
    pub(super) async fn acquire(&self, until: Instant) -> Result<Permit<'_>, TooLong> {
        let _here = Here::new(&self.here);
        let Ok(_turn) = timeout_at(until, self.turn.lock()).await else {
            return Err(TooLong { wait: self.state().window });
        };
        loop {
            if Instant::now() >= until {
                return Err(TooLong { wait: Duration::ZERO });
            }
            let now = Instant::now();
            let unsure = self.wardens.as_ref().filter(|wardens| !wardens.are_sure(now));
            let taken = if unsure.is_some() { Taken::At(now + UNSURE) } else { self.state().take(now) };
            let free_at = match taken {
                Taken::Yes { used, number } => return Ok(Permit { limit: self, used, number }),
                Taken::At(time) => Some(time),
                Taken::WhenOneReturns => None,
            };
            // What other hosts hold may be free sooner than what this one used.
            let more = self.wardens.as_ref().filter(|_| self.state().is_short());
            if let Some(wardens) = more {
                wardens.wanted.notify_one();
            } else if let Some(time) = free_at.filter(|time| *time > until) {
                return Err(TooLong { wait: time.saturating_duration_since(Instant::now()) });
            }
            tokio::select! {
                () = sleep_until(free_at.unwrap_or(until).min(until)) => {}
                () = self.returned.notified() => {}
            }
        }
    }

    /// Takes note of what HubSpot says in the answer to a call. Calls that others made on the
    /// same account show as a smaller remainder, and count here as if they were ours.
    pub(super) fn learn(&self, permit: &Permit<'_>, said: Said) {
        let mut state = self.state();
        let before = (state.calls, state.window);
        if let Some(max) = said.max.filter(|max| *max > 0) {
            state.calls = max.min(self.most);
        }
        if let Some(window) = said.window.filter(|window| !window.is_zero()) {
            state.window = window;
        }
        state.news |= before != (state.calls, state.window);
        if let Some(remaining) = said.remaining {
            // HubSpot counted when the call arrived: what has aged since then is no stranger's. Nor is
            // what other hosts hold.
            let ours = permit.used.saturating_add(state.given.wrapping_sub(permit.number));
            let others = state.cap().saturating_sub(remaining).saturating_sub(ours);
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

    /// What this host needs of the account's calls just now.
    pub(super) fn need(&self) -> Need {
        let mut state = self.state();
        state.forget(Instant::now());
        // Nobody waits for a place while HubSpot lets nobody in.
        let waiting = if state.is_closed(Instant::now()) { 0 } else { self.here.load(Ordering::Relaxed) };
        Need { used: state.used(), waiting }
    }

    /// How many calls the account takes, and in what window; and whether HubSpot said so since
    /// somebody was told last.
    pub(super) fn terms(&self) -> (u32, Duration, bool) {
        let state = self.state();
        (state.calls, state.window, state.news)
    }

    /// The account takes so many calls in this window, as is known by now.
    pub(super) fn agree(&self, calls: u32, window: Duration) {
        let mut state = self.state();
        (state.calls, state.window, state.news) = (calls.clamp(1, self.most), window, false);
    }

    /// Holds no more places than this, or than there are calls in; gives how many those are.
    pub(super) fn lower(&self, to: u32) -> u32 {
        let mut state = self.state();
        state.forget(Instant::now());
        state.held = state.held.min(to.max(state.used()));
        state.held
    }

    /// Holds so many places.
    pub(super) fn hold(&self, places: u32) {
        if std::mem::replace(&mut self.state().held, places) < places {
            self.returned.notify_one();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How often a host that may not use what it holds looks whether it may again.
const UNSURE: Duration = Duration::from_millis(250);

/// A caller who is here, until it is dropped.
struct Here<'a>(&'a AtomicU32);

impl<'a> Here<'a> {
    fn new(here: &'a AtomicU32) -> Self {
        here.fetch_add(1, Ordering::Relaxed);
        Self(here)
    }
}

impl Drop for Here<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
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
        let above = self.used().saturating_sub(self.cap());
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

    /// How many calls of a window may be this host's.
    fn cap(&self) -> u32 {
        self.calls.min(self.held)
    }

    /// Whether other hosts hold what this one could use.
    fn is_short(&self) -> bool {
        self.held < self.calls
    }

    fn free(&self) -> u32 {
        self.cap().saturating_sub(self.used())
    }

    fn is_closed(&self, now: Instant) -> bool {
        self.closed_until.is_some_and(|until| until > now)
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
