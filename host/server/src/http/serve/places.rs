//! Who has a connection. When all places are taken, a newcomer gets that of a connection on
//! which nothing is under way: of one that never asked anything first, so that connections
//! which only lie there never keep anybody out.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Serving;
use super::activity::Activity;

/// The places of a server.
pub(super) struct Places {
    serving: Serving,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    /// By the order in which they came.
    places: BTreeMap<u64, (IpAddr, Activity)>,
    by_address: HashMap<IpAddr, usize>,
    next: u64,
}

/// A connection's place, until it is dropped.
pub(super) struct Place {
    places: Arc<Places>,
    number: u64,
}

impl Places {
    pub(super) fn new(serving: Serving) -> Self {
        Self { serving, taken: Mutex::default() }
    }

    /// A place for a connection from this address; none where something is under way on all
    /// of the others.
    pub(super) fn enter(self: &Arc<Self>, from: IpAddr, activity: Activity) -> Option<Place> {
        let mut taken = self.lock();
        let here = taken.by_address.get(&from).copied().unwrap_or(0);
        if !from.is_loopback() && here >= self.serving.connections_per_address {
            taken.make_room(|address| address == from)?;
        } else if taken.places.len() >= self.serving.connections {
            taken.make_room(|_| true)?;
        }
        let number = taken.next;
        taken.next += 1;
        taken.places.insert(number, (from, activity));
        *taken.by_address.entry(from).or_default() += 1;
        drop(taken);
        Some(Place { places: self.clone(), number })
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    /// Ends a connection from such an address on which nothing is under way.
    fn make_room(&mut self, of: impl Fn(IpAddr) -> bool) -> Option<()> {
        let idle = || self.places.iter().filter(|(_, (from, activity))| of(*from) && !activity.is_busy());
        let oldest = idle().find(|(_, (_, activity))| !activity.has_asked()).or_else(|| idle().next());
        let number = *oldest?.0;
        self.leave(number)?.end();
        Some(())
    }

    fn leave(&mut self, number: u64) -> Option<Activity> {
        let (from, activity) = self.places.remove(&number)?;
        if let Some(here) = self.by_address.get_mut(&from) {
            *here -= 1;
            if *here == 0 {
                self.by_address.remove(&from);
            }
        }
        Some(activity)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.lock().leave(self.number);
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn places() -> Arc<Places> {
        let serving = Serving { connections: 4, connections_per_address: 2, ..Serving::default() };
        Arc::new(Places::new(serving))
    }

    fn stranger(n: u8) -> IpAddr {
        Ipv4Addr::new(192, 0, 2, n).into()
    }

    /// One that asked something, and waits for no answer.
    fn idle() -> Activity {
        let activity = Activity::default();
        drop(activity.begin());
        activity
    }

    /// Whether a connection was told to end.
    fn is_ended(activity: &Activity) -> bool {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        std::pin::pin!(activity.ended()).poll(&mut context).is_ready()
    }

    #[test]
    fn a_newcomer_gets_the_place_of_who_never_asked_before_that_of_who_did() {
        let places = places();
        let (old, silent) = (idle(), Activity::default());
        let _kept: Vec<_> = [&old, &silent, &idle(), &idle()]
            .map(|activity| places.enter(Ipv4Addr::LOCALHOST.into(), activity.clone()))
            .into();
        for ended in [&silent, &old] {
            let newcomer = idle();
            std::mem::forget(places.enter(Ipv4Addr::LOCALHOST.into(), newcomer));
            assert!(is_ended(ended));
        }
    }

    #[test]
    fn who_waits_for_an_answer_keeps_the_place() {
        let places = places();
        let busy: Vec<_> = (0..4).map(|_| Activity::default()).collect();
        let _under_way: Vec<_> = busy.iter().map(Activity::begin).collect();
        let _kept: Vec<_> = busy.iter().map(|one| places.enter(stranger(1), one.clone())).collect();
        assert!(places.enter(stranger(1), Activity::default()).is_none());
        assert!(busy.iter().all(|one| !is_ended(one)));
    }

    #[test]
    fn one_address_has_its_own_places_and_takes_none_of_another() {
        let places = places();
        let other = idle();
        let _other = places.enter(stranger(2), other.clone());
        let _kept: Vec<_> = (0..20).map(|_| places.enter(stranger(1), idle())).collect();
        assert_eq!(places.lock().by_address[&stranger(1)], 2);
        assert!(!is_ended(&other));
    }

    #[test]
    fn a_place_that_is_left_is_free_again() {
        let places = places();
        for _ in 0..20 {
            assert!(places.enter(stranger(1), Activity::default()).is_some());
        }
        assert!(places.lock().by_address.is_empty());
    }
}
