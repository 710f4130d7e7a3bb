//! What a tenant's decisions came to since this process took the tenant up: counted at the
//! commit, for whoever watches the host.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use rota_domain::agenda::trigger::SLA_BREACHED;

use crate::ports::{Entry, EntryBody};

/// How many decisions ended how, and what they took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// By outcome, and by the code of what went wrong; empty where nothing did.
    pub decisions: BTreeMap<(&'static str, &'static str), u64>,
    /// Leads whose answer did not come in time, and that were decided about again.
    pub breached: u64,
    /// Fuel that the rules used.
    pub fuel: u64,
    /// How long the rules took, in nanoseconds.
    pub nanos: u64,
    /// Commits that came to nothing, since another host wrote to the log first.
    pub conflicts: u64,
}

/// A tenant's count. Locked once a commit.
#[derive(Debug, Default)]
pub struct Tally(Mutex<Counted>);

impl Tally {
    /// What was counted so far.
    #[must_use]
    pub fn counted(&self) -> Counted {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A commit came to nothing, since another host was first.
    pub(crate) fn thrown_away(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).conflicts += 1;
    }

    /// Adds what entries came to, after they were recorded.
    pub(crate) fn count(&self, more: &Counted) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, count) in &more.decisions {
            *all.decisions.entry(*key).or_default() += count;
        }
        all.breached += more.breached;
        all.fuel = all.fuel.saturating_add(more.fuel);
        all.nanos = all.nanos.saturating_add(more.nanos);
    }
}

/// What these entries add, once they are recorded.
pub(crate) fn adds(entries: &[Entry]) -> Counted {
    let mut counted = Counted::default();
    for entry in entries {
        let EntryBody::Decision(recorded) = &entry.body else { continue };
        let decision = &recorded.decision;
        let error = decision.error.map_or("", |code| code.as_str());
        *counted.decisions.entry((decision.outcome.as_str(), error)).or_default() += 1;
        counted.breached += u64::from(decision.trigger == SLA_BREACHED);
        counted.fuel = counted.fuel.saturating_add(decision.fuel);
        counted.nanos = counted.nanos.saturating_add(recorded.decide_nanos);
    }
    counted
}
