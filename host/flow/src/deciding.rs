//! A batch is decided slice by slice: after some fuel, others have their turn; after some
//! more, what was decided is recorded before the rest is looked at, so that a tenant whose
//! rules are slow neither keeps its callers nor the end of the host waiting for a hundred.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::enrich::EnrichedLead;
use crate::ledger::Ledger;
use crate::ports::{Clock, Entry, EntryBody, Rules};
use crate::share::{Defect, Share};

/// Fuel after which others have their turn: what one rule of the usual plan may use, some
/// milliseconds.
const SLICE_FUEL: u64 = 20_000_000;
/// Fuel after which what was decided is recorded.
const RECORD_FUEL: u64 = 10 * SLICE_FUEL;

/// Leads on their way through the rules.
pub(crate) struct Batch {
    /// The tenant's state after what was decided.
    pub(crate) ledger: Ledger,
    /// What was decided.
    pub(crate) entries: Vec<Entry>,
    /// Who still waits.
    pub(crate) leads: VecDeque<EnrichedLead>,
}

impl Batch {
    /// Leads about whom nothing is decided yet.
    pub(crate) fn new(ledger: Ledger, leads: VecDeque<EnrichedLead>) -> Self {
        Self { ledger, entries: Vec::new(), leads }
    }

    /// Decides until all are decided, or it is time to record; about one lead at least. A
    /// rule keeps its thread busy, so this happens where that hurts nobody.
    ///
    /// # Errors
    /// When a defect of the host ended it: nothing was decided then.
    pub(crate) async fn decide(
        mut self,
        share: &Share,
        rules: &Arc<dyn Rules>,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, Defect> {
        let mut used = 0;
        while !self.leads.is_empty() {
            let (rules, at) = (rules.clone(), clock.clone());
            let (batch, fuel) = share.run(self.leads.len(), move || self.slice(&*rules, &*at)).await?;
            self = batch;
            used += fuel;
            share.spend(fuel, clock.now());
            if used >= RECORD_FUEL || share.ready(clock.now()).is_err() {
                break;
            }
        }
        Ok(self)
    }

    /// Decides until a slice's fuel is used; gives how much was, and about how many leads.
    fn slice(mut self, rules: &dyn Rules, clock: &dyn Clock) -> ((Self, u64), u64) {
        let (mut fuel, mut count) = (0, 0);
        self.ledger.forget(clock.now());
        while fuel < SLICE_FUEL
            && let Some(lead) = self.leads.pop_front()
        {
            let entry = self.ledger.decide(lead, rules, clock.now());
            fuel += used_by(&entry);
            count += 1;
            self.entries.push(entry);
        }
        ((self, fuel), count)
    }
}

fn used_by(entry: &Entry) -> u64 {
    match &entry.body {
        EntryBody::Decision(recorded) => recorded.decision.fuel,
        _ => 0,
    }
}
