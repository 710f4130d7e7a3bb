//! Those who call `POST /v1/route` for a bench, each on a thread of its own that sleeps until
//! it is answered, and how long that took.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::http1::{Kept, route};

/// Whom to call, as whom.
#[derive(Clone, Copy, Debug)]
pub struct Calls<'a> {
    /// The server.
    pub address: SocketAddr,
    /// The tenant's token.
    pub token: &'a str,
    /// What the leads' names begin with; no two callers' are alike.
    pub place: &'a str,
}

impl Calls<'_> {
    // Callers wait for half a minute, the most that is allowed: on a machine that is busy
    // otherwise, too, what waited long is to be counted and not to be refused.

    /// Calls as fast as it is answered, until it is told to stop.
    ///
    /// # Panics
    /// When a call is refused.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "it measures time")]
    pub fn until(&self, stop: &AtomicBool) -> Waits {
        let (mut kept, mut waits) = (Kept::connect(self.address), Waits::default());
        while !stop.load(Ordering::Relaxed) {
            let began = Instant::now();
            self.call(&mut kept, waits.len());
            waits.0.push(began.elapsed());
        }
        waits
    }

    /// Calls when it is time, for so long, and counts from then on: a call that waits for the
    /// one before it waits, too.
    ///
    /// # Panics
    /// When a call is refused.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "it measures time")]
    pub fn at_pace(&self, first: Duration, every: Duration, time: Duration) -> Waits {
        let (mut kept, mut waits) = (Kept::connect(self.address), Waits::default());
        let began = Instant::now();
        let mut due = began + first;
        while due < began + time {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            self.call(&mut kept, waits.len());
            waits.0.push(due.elapsed());
            due += every;
        }
        waits
    }

    fn call(&self, kept: &mut Kept, n: usize) {
        let lead = format!("{}-{n}", self.place);
        let (status, body) = kept.ask(&route(self.token, &lead, ",\"timeout_ms\":30000"));
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(body));
    }
}

/// How long things took.
#[derive(Clone, Debug, Default)]
pub struct Waits(pub Vec<Duration>);

impl Waits {
    /// How many they are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Milliseconds within which so many of a hundred ended.
    #[must_use]
    pub fn part(&self, percent: usize) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let place = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
        sorted.get(place).map_or(0.0, |time| time.as_secs_f64() * 1e3)
    }
}

impl FromIterator<Self> for Waits {
    fn from_iter<T: IntoIterator<Item = Self>>(all: T) -> Self {
        Self(all.into_iter().flat_map(|waits| waits.0).collect())
    }
}
