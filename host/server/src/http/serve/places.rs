//! Who has a connection: so many in all, so many from one address, and some beyond that.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Serving;

/// The places of a server.
pub(super) struct Places {
    serving: Serving,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    usual: usize,
    reserve: usize,
    /// Of the usual ones.
    by_address: HashMap<IpAddr, usize>,
}

/// A connection's place, until it is dropped.
pub(super) struct Place {
    places: Arc<Places>,
    from: IpAddr,
    reserve: bool,
}

impl Places {
    pub(super) fn new(serving: Serving) -> Self {
        Self { serving, taken: Mutex::default() }
    }

    /// A place for a connection from this address; none where even the reserve is taken.
    pub(super) fn enter(self: &Arc<Self>, from: IpAddr) -> Option<Place> {
        let mut taken = self.lock();
        let here = taken.by_address.get(&from).copied().unwrap_or(0);
        let welcome = from.is_loopback() || here < self.serving.connections_per_address;
        let reserve = taken.usual >= self.serving.connections || !welcome;
        if !reserve {
            taken.usual += 1;
            taken.by_address.insert(from, here + 1);
        } else if taken.reserve < self.serving.reserve {
            taken.reserve += 1;
        } else {
            return None;
        }
        drop(taken);
        Some(Place { places: self.clone(), from, reserve })
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Whether it is beyond the usual ones.
    pub(super) fn is_reserve(&self) -> bool {
        self.reserve
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        if self.reserve {
            taken.reserve -= 1;
            return;
        }
        taken.usual -= 1;
        if let Some(here) = taken.by_address.get_mut(&self.from) {
            *here -= 1;
            if *here == 0 {
                taken.by_address.remove(&self.from);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn places() -> Arc<Places> {
        let serving = Serving { connections: 5, connections_per_address: 2, reserve: 2, ..Serving::default() };
        Arc::new(Places::new(serving))
    }

    fn stranger(n: u8) -> IpAddr {
        Ipv4Addr::new(192, 0, 2, n).into()
    }

    #[test]
    fn one_address_takes_its_own_places_and_some_of_the_reserve_and_no_more() {
        let places = places();
        let of_one: Vec<_> = std::iter::from_fn(|| places.enter(stranger(1))).take(10).collect();
        assert_eq!(of_one.iter().map(Place::is_reserve).collect::<Vec<_>>(), [false, false, true, true]);
        assert!(places.enter(stranger(2)).is_some_and(|place| !place.is_reserve()));
    }

    #[test]
    fn the_machine_itself_has_all_the_places() {
        let places = places();
        let local: Vec<_> = std::iter::from_fn(|| places.enter(Ipv4Addr::LOCALHOST.into())).take(10).collect();
        assert_eq!(local.iter().filter(|place| !place.is_reserve()).count(), 5);
        assert_eq!(local.len(), 7);
    }

    #[test]
    fn a_place_that_is_left_is_free_again() {
        let places = places();
        for _ in 0..20 {
            let one = places.enter(stranger(1)).expect("a place");
            assert!(!one.is_reserve());
        }
        assert!(places.lock().by_address.is_empty());
    }
}
