//! Pools of reps and whose turn it is.

use crate::{Availability, Decision, Refused, Rep, assign, explain, host, pass};

/// A pool that this decision has opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    number: u32,
    name: String,
}

/// A member of a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub rep: Rep,
    /// The share of this rep in the rotation; 0 takes no turns.
    pub weight: u32,
    /// Open leads.
    pub load: u32,
    /// Most open leads allowed; `None` for no limit.
    pub capacity: Option<u32>,
    /// Whether the rep can be given a lead now.
    pub availability: Availability,
}

/// The members of a pool, read one by one from the host's flat list of numbers.
#[derive(Clone, Debug)]
pub struct Members {
    numbers: std::vec::IntoIter<u32>,
}

impl Iterator for Members {
    type Item = Member;

    fn next(&mut self) -> Option<Member> {
        let [rep, weight, load, capacity, place] = *self.numbers.as_slice().first_chunk()?;
        self.numbers.nth(4);
        Some(Member {
            rep: Rep(rep),
            weight,
            load,
            capacity: (capacity != u32::MAX).then_some(capacity),
            availability: Availability::from_place(place),
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.numbers.len() / 5;
        (left, Some(left))
    }
}

impl ExactSizeIterator for Members {}

impl Pool {
    /// Opens a pool by its name in the workspace.
    pub fn open(name: &str) -> Result<Self, Refused> {
        match host::open_pool(name) {
            Ok(number) => Ok(Self { number, name: name.to_owned() }),
            Err(why) => Err(Refused::new("pool", name, why)),
        }
    }

    /// The name in the workspace.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The members in a stable order, whoever is available or not.
    pub fn members(&self) -> Members {
        Members { numbers: host::members(self.number).into_iter() }
    }

    /// Whose turn it is among all members who are available; `None` when nobody is.
    ///
    /// Asking is free: a turn is taken only when the accepted decision names this rep.
    pub fn next(&self) -> Option<Rep> {
        host::next(self.number, &[], &[])
    }

    /// Whose turn it is among these reps; `None` when none of them is available. Among
    /// nobody it is nobody's turn.
    pub fn next_among(&self, reps: impl IntoIterator<Item = Rep>) -> Option<Rep> {
        let among: Vec<Rep> = reps.into_iter().collect();
        // The contract takes an empty list as all members, which nobody means who filtered.
        if among.is_empty() { None } else { host::next(self.number, &among, &[]) }
    }

    /// Whose turn it is among these reps with these weights instead of the pool's own.
    pub fn next_weighted(&self, shares: impl IntoIterator<Item = (Rep, u32)>) -> Option<Rep> {
        let (among, weights): (Vec<Rep>, Vec<u32>) = shares.into_iter().unzip();
        if among.is_empty() { None } else { host::next(self.number, &among, &weights) }
    }

    /// The usual end of a rule, explained: gives the lead to whose turn it is, with this code
    /// as the reason; passes it on with the reason `nobody-available` when nobody is.
    pub fn assign_next(&self, code: &str) -> Decision {
        let (outcome, code, detail) = match self.next() {
            Some(rep) => (assign(rep), code, ["next in ", &self.name].concat()),
            None => (pass(), "nobody-available", ["nobody in ", &self.name, " is available"].concat()),
        };
        explain::note(code, &detail);
        outcome.because(code, detail)
    }
}
