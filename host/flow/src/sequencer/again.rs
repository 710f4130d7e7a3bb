//! What leads waited for and is due: it is put into the inbox like all that arrives, so that it is
//! read, decided and recorded like everything else, once, whoever finds it.

use crate::enrich::Occasion;
use crate::ports::{Arrival, Entry, EntryBody, LogEnd, StoreError};

use super::{Desktop, Sequencer};
use crate::waiting::Due;

/// Every so many looks, other hosts' leads are looked for where there are none of one's own.
const SELDOM: u32 = 10;

impl Sequencer {
    /// Puts into the inbox what is due by now, if it is time to look.
    pub(super) async fn raise(&mut self) -> Result<(), StoreError> {
        if !self.look || !self.under_way.is_empty() || !self.pending.is_empty() {
            return Ok(());
        }
        self.look = false;
        if !self.has_waits().await? {
            return Ok(());
        }
        if !self.decides_here().await? {
            // What came too late there is not known here.
            self.raised.clear();
            return Ok(());
        }
        let Desktop { tenant, store, clock, .. } = &self.desktop;
        let now = clock.now();
        let Some(ledger) = &self.ledger else { return Ok(()) };
        let mut due = ledger.due(now);
        let standing = |entry: &u64| due.iter().any(|due| due.wait.entry == *entry);
        self.raised.retain(standing);
        due.retain(|due| !self.raised.contains(&due.wait.entry));
        if due.is_empty() {
            return Ok(());
        }
        let raised: Vec<u64> = due.iter().map(|due| due.wait.entry).collect();
        let arrivals: Vec<Arrival> = due.into_iter().map(|due: Due| due.arrival(now)).collect();
        store.accept(tenant, arrivals, now).await?;
        self.raised.extend(raised);
        self.inbox.again();
        Ok(())
    }

    /// What came too late may be due again before anybody looks, and is put into the inbox anew then: the
    /// rep who was there for a lead can have been gone for a moment.
    pub(super) fn lower(&mut self, entries: &[Entry], occasions: &[Occasion]) {
        for (entry, occasion) in entries.iter().zip(occasions) {
            if let (EntryBody::Lapsed { .. }, Occasion::Due(raised)) = (&entry.body, occasion) {
                self.raised.remove(raised);
            }
        }
    }

    /// Whether any lead waits for something. Where one does, the state in memory is as the log left it:
    /// others may have changed who is there, and only what is entered here is seen at once.
    async fn has_waits(&mut self) -> Result<bool, StoreError> {
        let idle = self.ledger.as_ref().is_some_and(|ledger| ledger.agenda().is_empty());
        self.looks = self.looks.wrapping_add(1);
        // Another host may have left some when it went; that is looked for less often.
        if idle && (self.is_alone() || !self.looks.is_multiple_of(SELDOM)) {
            return Ok(false);
        }
        let Desktop { tenant, store, .. } = &self.desktop;
        let LogEnd { seq, waits } = store.progress(tenant).await?;
        if waits && self.ledger.as_ref().is_none_or(|ledger| ledger.seq() != seq) {
            self.ledger = Some(super::standing::load(&self.desktop).await?);
        }
        Ok(waits)
    }
}
