//! A tenant that another host decides for. Its calls are stored for that host, and their answers are
//! waited for in the store; its inbox is left alone. Should that host be gone, this one takes the
//! lease and decides. A lease only spares work: who decides without one meets a conflict at worst.

use std::time::Duration;

use super::{Desktop, Sequencer};
use crate::affinity::Stand;
use crate::calls::{Placed, answer_again};
use crate::orders::OrderError;
use crate::ports::{Accepted, Keyed, Posted, StoreError};

/// How often the answers of calls are looked for that another host decides.
pub(super) const ANSWERS_EVERY: Duration = Duration::from_millis(50);
/// So many calls may wait for another host's answers. Further ones wait in line.
const MOST: usize = 512;
/// So many are stored in one commit.
const AT_ONCE: usize = 64;

/// A call that is in the inbox, and whose caller waits here.
pub(super) struct Awaited {
    call: Placed,
    key: Keyed,
    /// Whether somebody asked the same before.
    repeated: bool,
}

impl Awaited {
    /// A call whose key another one has, which is not answered yet.
    pub(super) fn repeated(call: Placed, key: Keyed) -> Self {
        Self { call, key, repeated: true }
    }
}

impl Sequencer {
    /// Whether no other host decides for the tenant.
    pub(super) fn is_alone(&self) -> bool {
        self.affinity.as_ref().is_none_or(|affinity| affinity.is_alone())
    }

    /// Whether any lead waits for something that may become due.
    fn waits(&self) -> bool {
        self.ledger.as_ref().is_some_and(|ledger| !ledger.agenda().is_empty())
    }

    /// Whether what waits is to be decided here now. Where nobody does so, this host takes the
    /// lease if it has work.
    pub(super) async fn decides_here(&mut self) -> Result<bool, StoreError> {
        let Some(affinity) = &self.affinity else { return Ok(true) };
        if affinity.is_alone() {
            return Ok(true);
        }
        let tenant = &self.desktop.tenant;
        match affinity.stand(tenant) {
            Stand::Elsewhere => Ok(false),
            Stand::Here | Stand::Free if self.behind => Ok(false),
            Stand::Here => {
                if self.line.len() > 0 || self.inbox.due || self.waits() {
                    affinity.uses(tenant);
                }
                Ok(true)
            }
            Stand::Free => {
                let rows = self.inbox.due && !self.desktop.store.waiting(tenant, 0, 1).await?.is_empty();
                if rows || self.line.len() > 0 || self.waits() {
                    return affinity.take(tenant).await;
                }
                self.inbox.end();
                Ok(true)
            }
        }
    }

    /// Stores the calls that wait here for the host that decides; false if there are none.
    pub(super) async fn post(&mut self) -> bool {
        self.inbox.end();
        let Some(affinity) = self.affinity.clone() else { return false };
        let room = MOST.saturating_sub(self.awaited.len());
        let calls = self.line.take(room.min(AT_ONCE), true);
        if calls.is_empty() {
            return false;
        }
        let mut awaited = Vec::with_capacity(calls.len());
        for call in calls {
            // One of the same key may be stored, too: it finds the same answer.
            self.line.settle(call.call().key.as_ref());
            let key = call.call().key.clone().unwrap_or_else(|| affinity.key(call.call().received));
            awaited.push(Awaited { call, key, repeated: false });
        }
        let posted = awaited.iter().map(|one| Posted { call: one.key.clone(), payload: one.call.posted() }).collect();
        match affinity.post(&self.desktop.tenant, posted).await {
            Ok(accepted) => {
                for (one, accepted) in awaited.iter_mut().zip(accepted) {
                    one.repeated = accepted == Accepted::Duplicate;
                }
                self.awaited.extend(awaited);
            }
            Err(error) => {
                awaited.into_iter().for_each(|one| one.call.answer(Err(OrderError::Store(error.clone()))));
            }
        }
        true
    }

    /// Answers calls that were decided meanwhile, all found by one look.
    pub(super) async fn find_answers(&mut self) {
        self.awaited.retain(|one| !one.call.has_left());
        if self.awaited.is_empty() {
            return;
        }
        let keys: Vec<Keyed> = self.awaited.iter().map(|one| one.key.clone()).collect();
        let Desktop { tenant, store, .. } = &self.desktop;
        let found = match store.answered(tenant, &keys).await {
            Ok(found) => found,
            Err(error) => {
                tracing::debug!(%tenant, %error, "Answers of another host cannot be read now");
                return;
            }
        };
        for (one, earlier) in std::mem::take(&mut self.awaited).into_iter().zip(found) {
            match earlier.and_then(|earlier| answer_again(earlier, one.repeated)) {
                Some(answer) => one.call.answer(answer),
                None => self.awaited.push(one),
            }
        }
    }

    /// Whoever still waits for another host is told that this one stops.
    pub(super) fn refuse_awaited(&mut self) {
        self.awaited.drain(..).for_each(|one| one.call.answer(Err(OrderError::Stopped)));
    }

    /// Leaves the tenant to other hosts until a newer revision is taken up here, if there are
    /// others: says whether it does.
    pub(super) async fn gives_way(&mut self) -> bool {
        let Some(affinity) = self.affinity.as_ref().filter(|affinity| !affinity.is_alone()) else { return false };
        self.behind = true;
        if let Err(error) = affinity.give_up(&self.desktop.tenant).await {
            tracing::debug!(tenant = %self.desktop.tenant, %error, "The lease is given up later");
        }
        true
    }
}
