//! How the hosts of one database share the calls that a CRM account takes in a window of time.
//!
//! An account takes so many calls in any window: so many places. Each host holds some of them,
//! and never has more calls in a window than it holds; a call that left keeps its place until one
//! window after its answer. A place passes from one host to another only when no call is in it. So
//! all hosts together never pass the limit, whoever joins or leaves. Who is served how much where
//! not all can have what they want is max-min fairness: whoever wants least is served first, and
//! what they leave is divided again (Bertsekas and Gallager, *Data Networks*, 1987, section 6.5.2).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::id::HostId;

/// One account's places.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allotments {
    /// How many there are: calls in any window.
    pub calls: u32,
    /// The window, in milliseconds.
    pub window_ms: u64,
    /// What each host holds.
    pub hosts: BTreeMap<HostId, Allotment>,
}

/// One host's places.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allotment {
    /// How many it holds.
    pub held: u32,
    /// How many it would hold if there were enough.
    pub wants: u32,
}

/// What a host needs just now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Need {
    /// Places with a call in them.
    pub used: u32,
    /// Calls that wait for one.
    pub waiting: u32,
}

impl Allotments {
    /// An account of which nobody holds anything yet.
    #[must_use]
    pub fn new(calls: u32, window_ms: u64) -> Self {
        Self { calls, window_ms, hosts: BTreeMap::new() }
    }

    /// How many places a host keeps at least beyond what it uses, so that its next calls wait for
    /// nobody. Few: what a host held that died is nobody's for some time.
    #[must_use]
    pub fn spare(&self) -> u32 {
        (self.calls / 32).max(1)
    }

    /// What `me` holds from now on, beside these others that live; none where it stays as it is.
    /// It never holds less than it uses, and never more than nobody else holds.
    #[must_use]
    pub fn next(&self, me: &HostId, alive: &BTreeSet<HostId>, need: Need) -> Option<Allotment> {
        let mine = self.hosts.get(me).copied().unwrap_or_default();
        // Half more than it uses, so that what grows is written a few times and not with every call.
        let more = self.spare().max(need.used / 2);
        let wants = need.used.saturating_add(need.waiting).saturating_add(more).min(self.calls);
        let fair = self.fair(me, alive, wants);
        let others: u32 = self.others(me).map(|(_, other)| other.held).fold(0, u32::saturating_add);
        let held = need.used.max(fair.min(self.calls.saturating_sub(others)));
        let enough = need.used.saturating_add(need.waiting) <= mine.held;
        let short = self.others(me).any(|(host, other)| alive.contains(host) && other.wants > other.held);
        let many = others.saturating_add(mine.held) > self.calls;
        // Small changes are not worth a statement; those that somebody waits for are.
        let write = if enough {
            ((short || many) && held < mine.held) || mine.held.max(mine.wants) > wants.saturating_mul(2)
        } else {
            held != mine.held || wants > mine.wants
        };
        write.then_some(Allotment { held, wants })
    }

    /// How much of `wants` this host may have, given what the others want that live.
    fn fair(&self, me: &HostId, alive: &BTreeSet<HostId>, wants: u32) -> u32 {
        let of = |host: &HostId| self.hosts.get(host).map_or(0, |other| other.wants).max(self.spare());
        let mut all: Vec<(u32, &HostId)> =
            alive.iter().filter(|host| *host != me).map(|host| (of(host), host)).collect();
        all.push((wants, me));
        all.sort_unstable();
        let mut left = self.calls;
        for (served, (wants, host)) in (0..).zip(&all) {
            let share = left / u32::try_from(all.len() - served).unwrap_or(u32::MAX).max(1);
            let given = share.min(*wants);
            if *host == me {
                return given;
            }
            left -= given;
        }
        0
    }

    fn others<'a>(&'a self, me: &'a HostId) -> impl Iterator<Item = (&'a HostId, &'a Allotment)> {
        self.hosts.iter().filter(move |(host, _)| *host != me)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn id(n: usize) -> HostId {
        n.to_string().into()
    }

    /// Lets a host take what it may, as it does on the board.
    fn turn(all: &mut Allotments, n: usize, hosts: usize, need: Need) {
        let alive = (0..hosts).map(id).collect();
        if let Some(next) = all.next(&id(n), &alive, need) {
            all.hosts.insert(id(n), next);
        }
    }

    fn held(all: &Allotments) -> Vec<u32> {
        all.hosts.values().map(|host| host.held).collect()
    }

    #[test]
    fn one_host_alone_has_all_of_it_at_once() {
        let mut all = Allotments::new(100, 10_000);
        turn(&mut all, 0, 1, Need { used: 0, waiting: 500 });
        assert_eq!(held(&all), [100]);
    }

    #[test]
    fn a_host_that_wants_calls_gets_what_an_idle_one_held() {
        let mut all = Allotments::new(100, 10_000);
        turn(&mut all, 0, 2, Need { used: 0, waiting: 500 });
        turn(&mut all, 1, 2, Need { used: 0, waiting: 500 });
        assert_eq!(held(&all), [97, 3], "a part of it waits for the other from the beginning");
        turn(&mut all, 0, 2, Need { used: 0, waiting: 0 });
        turn(&mut all, 1, 2, Need { used: 3, waiting: 500 });
        assert_eq!(held(&all), [3, 97]);
    }

    #[test]
    fn hosts_that_want_more_than_there_is_have_the_same_and_who_wants_less_has_it() {
        let mut all = Allotments::new(120, 10_000);
        for _ in 0..3 {
            turn(&mut all, 0, 3, Need { used: 0, waiting: 500 });
            turn(&mut all, 1, 3, Need { used: 0, waiting: 500 });
            turn(&mut all, 2, 3, Need { used: 0, waiting: 5 });
        }
        assert_eq!(held(&all), [56, 56, 8]);
    }

    #[test]
    fn who_has_enough_writes_nothing() {
        let mut all = Allotments::new(100, 10_000);
        turn(&mut all, 0, 2, Need { used: 3, waiting: 4 });
        let before = all.clone();
        for used in 2..=10 {
            turn(&mut all, 0, 2, Need { used, waiting: 0 });
        }
        assert_eq!(all, before);
    }

    proptest! {
        #[test]
        fn whatever_hosts_want_they_never_hold_more_than_there_is_nor_less_than_they_use(
            calls in 3u32..300,
            steps in proptest::collection::vec((0usize..3, 0u32..400, 0u32..400), 1..80)
        ) {
            let mut all = Allotments::new(calls, 10_000);
            for (n, used, waiting) in steps {
                let mine = all.hosts.get(&id(n)).copied().unwrap_or_default();
                let used = used.min(mine.held);
                turn(&mut all, n, 3, Need { used, waiting });
                prop_assert!(held(&all).iter().sum::<u32>() <= calls);
                prop_assert!(all.hosts.get(&id(n)).copied().unwrap_or_default().held >= used);
            }
            // Each that wants something has something in the end.
            for _ in 0..3 {
                (0..3).for_each(|n| turn(&mut all, n, 3, Need { used: 0, waiting: 1_000 }));
            }
            prop_assert!(held(&all).iter().all(|held| *held >= calls / 3), "{all:?}");
        }
    }
}
