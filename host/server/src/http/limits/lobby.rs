//! Where webhooks wait for their bodies, before anybody knows whose they are. Nobody is kept
//! out: where it is full, somebody who waits goes. HubSpot's bodies come in one breath, so
//! whoever only pretends goes long before one of HubSpot's does.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::http::BODY_MAX;

/// How many wait at once at most.
const PLACES: usize = 256;
/// One of so many requests at once may be one that waits here, so that nobody who is not known
/// yet takes the places of all others.
const SHARE: usize = 4;
/// A body of so many bytes never goes for lack of memory: all who wait may have as many, beside
/// one of the largest.
const SMALL: u64 = 128 << 10;
/// Bytes of all bodies that are waited for, as they were announced.
const BYTES: u64 = PLACES as u64 * SMALL + BODY_MAX as u64;

/// Who waits for a body.
pub(super) struct Lobby {
    places: usize,
    inside: Mutex<Inside>,
}

#[derive(Default)]
struct Inside {
    /// In the order in which they came.
    waiting: BTreeMap<u64, Waiting>,
    bytes: u64,
    next: u64,
}

struct Waiting {
    from: Option<IpAddr>,
    bytes: u64,
    go: Arc<Notify>,
}

/// One who waits, until it is dropped.
pub(super) struct Visit {
    lobby: Arc<Lobby>,
    number: u64,
    go: Arc<Notify>,
}

impl Lobby {
    /// Nobody waits yet, on a host that serves so many requests at once.
    pub(super) fn of(requests: u32) -> Self {
        let requests = usize::try_from(requests).unwrap_or(usize::MAX);
        Self { places: (requests / SHARE).clamp(1, PLACES), inside: Mutex::default() }
    }

    /// Lets somebody in from this address whose body may have so many bytes, and sends others
    /// away until there is room: while places lack, the one who has waited longest of the
    /// address that has most of them; while memory lacks, the one with the largest body.
    pub(super) fn enter(self: &Arc<Self>, from: Option<IpAddr>, bytes: u64) -> Visit {
        let mut inside = self.lock();
        while inside.waiting.len() >= self.places && inside.send_away(Inside::longest_of_the_most) {}
        while inside.bytes + bytes > BYTES && inside.send_away(Inside::largest) {}
        let (number, go) = (inside.next, Arc::new(Notify::new()));
        inside.next += 1;
        inside.bytes += bytes;
        inside.waiting.insert(number, Waiting { from, bytes, go: go.clone() });
        drop(inside);
        Visit { lobby: self.clone(), number, go }
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inside {
    fn longest_of_the_most(&self) -> Option<u64> {
        let mut of: HashMap<Option<IpAddr>, (usize, u64)> = HashMap::new();
        for (number, waiting) in &self.waiting {
            of.entry(waiting.from).or_insert((0, *number)).0 += 1;
        }
        let most = of.into_values().max_by_key(|(count, oldest)| (*count, std::cmp::Reverse(*oldest)));
        most.map(|(_, oldest)| oldest)
    }

    fn largest(&self) -> Option<u64> {
        let largest = self.waiting.iter().max_by_key(|(number, waiting)| (waiting.bytes, std::cmp::Reverse(**number)));
        largest.map(|(number, _)| *number)
    }

    /// Whether there was somebody to send away.
    fn send_away(&mut self, whom: fn(&Self) -> Option<u64>) -> bool {
        let gone = whom(self).and_then(|number| self.leave(number));
        gone.inspect(|gone| gone.go.notify_one()).is_some()
    }

    fn leave(&mut self, number: u64) -> Option<Waiting> {
        let gone = self.waiting.remove(&number)?;
        self.bytes -= gone.bytes;
        Some(gone)
    }
}

impl Visit {
    /// Waits until it has to go.
    pub(super) async fn sent_away(&self) {
        self.go.notified().await;
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.lobby.lock().leave(self.number);
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn address(n: u8) -> Option<IpAddr> {
        Some(Ipv4Addr::new(192, 0, 2, n).into())
    }

    fn is_sent_away(visit: &Visit) -> bool {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        std::pin::pin!(visit.sent_away()).poll(&mut context).is_ready()
    }

    #[test]
    fn the_one_who_has_waited_longest_goes_when_all_places_are_taken() {
        let lobby = Arc::new(Lobby::of(1024));
        let visits: Vec<_> = (0..=PLACES).map(|_| lobby.enter(None, 100)).collect();
        let gone: Vec<usize> = (0..=PLACES).filter(|n| is_sent_away(&visits[*n])).collect();
        assert_eq!(gone, [0]);
        drop(visits);
        let inside = lobby.lock();
        assert_eq!((inside.waiting.len(), inside.bytes), (0, 0));
    }

    #[test]
    fn a_host_of_few_requests_at_once_keeps_most_of_them_from_whoever_waits() {
        for (requests, places) in [(1, 1), (8, 2), (100, 25), (2048, PLACES)] {
            let lobby = Arc::new(Lobby::of(requests));
            let visits: Vec<_> = (0..300).map(|_| lobby.enter(None, 100)).collect();
            assert_eq!(visits.iter().filter(|visit| !is_sent_away(visit)).count(), places, "of {requests}");
        }
    }

    #[test]
    fn an_address_with_many_waiting_sends_its_own_away_and_none_of_another() {
        let lobby = Arc::new(Lobby::of(1024));
        let other = lobby.enter(address(2), 100);
        let many: Vec<_> = (0..3 * PLACES).map(|_| lobby.enter(address(1), 100)).collect();
        assert!(!is_sent_away(&other));
        assert_eq!(many.iter().filter(|visit| is_sent_away(visit)).count(), 2 * PLACES + 1);
    }

    #[test]
    fn a_small_body_never_goes_for_what_large_ones_take() {
        let lobby = Arc::new(Lobby::of(1024));
        let small: Vec<_> = (0..PLACES / 2).map(|n| lobby.enter(address(n.to_le_bytes()[0]), SMALL)).collect();
        for _ in 0..10 {
            let large: Vec<_> = (0..PLACES / 2).map(|_| lobby.enter(address(255), BODY_MAX as u64)).collect();
            assert!(is_sent_away(&large[0]) && !large.last().is_none_or(is_sent_away));
            assert!(lobby.lock().bytes <= BYTES);
        }
        assert!(!small.iter().any(is_sent_away));
    }
}
