//! What is decided next: calls that wait, and rows of the inbox. Records are read beside
//! everything else, one batch at a time, so that a slow CRM holds up only what comes from it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::SignedDuration;
use tokio::sync::oneshot::{self, error::TryRecvError};
use tokio::task::JoinHandle;

use super::commit::BATCH;
use super::elsewhere::Awaited;
use super::meeting::refreshed;
use super::{Desktop, Sequencer};
use crate::calls::{Placed, answer_again};
use crate::decide::DELIVERY_FAILED;
use crate::enrich::{Accounts, Arrived, EnrichedLead, Kind, at_once, enrich};
use crate::erasing::erase;
use crate::ledger::Ledger;
use crate::orders::OrderError;
use crate::ports::{Earlier, Payload, StoreError};

/// How many calls are taken at once.
const CALLS: usize = 64;
/// So many calls are worth taking while a commit is under way.
const ENOUGH: usize = 16;
/// How many rows of the inbox are taken at once.
const ROWS: usize = 100;

/// A lead that may be decided about, and who waits for that.
pub(super) struct Ready {
    pub(super) lead: EnrichedLead,
    pub(super) call: Option<Placed>,
}

/// Where the inbox is looked at: from its oldest row to its end, page by page.
#[derive(Default)]
pub(super) struct Look {
    /// Whether there may be something behind `after`.
    pub(super) due: bool,
    after: i64,
    /// Rows that are being read or decided.
    pub(super) taken: BTreeSet<i64>,
    /// Whether more arrived since the beginning of this look.
    more: bool,
    /// Kinds that could not be read since the beginning of this look, with the reason.
    down: BTreeMap<Kind, String>,
    /// Rows up to here were looked at while there was no fuel: those that are left ask a rule,
    /// or may do so.
    pub(super) asking: i64,
    /// Whether the last look found only what cannot be decided now.
    pub(super) blocked: bool,
}

impl Look {
    /// From the oldest row on.
    pub(super) fn begin(&mut self) {
        (self.due, self.after, self.more, self.blocked) = (true, 0, false, false);
        self.down.clear();
    }

    /// From the oldest row on, once this look has come to its end.
    pub(super) fn again(&mut self) {
        if self.due {
            self.more = true;
        } else {
            self.begin();
        }
    }

    /// Not any more.
    pub(super) fn end(&mut self) {
        (self.due, self.after, self.more) = (false, 0, false);
    }

    /// Not before some time has passed.
    pub(super) fn block(&mut self) {
        self.end();
        self.blocked = true;
    }
}

/// Records that are being read.
pub(super) struct Reading {
    task: JoinHandle<()>,
    end: oneshot::Receiver<Read>,
    rows: Vec<i64>,
    /// Of each that is read, who waits for it.
    calls: Vec<Option<Placed>>,
    /// Of each, what is to be read.
    kinds: Vec<Option<Kind>>,
    /// Whether the directories of owners are read anew before.
    pub(super) refreshes: bool,
}

/// What a reading found.
struct Read {
    /// The accounts with their directories, where those were read, too.
    accounts: Option<Accounts>,
    leads: Vec<Option<EnrichedLead>>,
    down: BTreeMap<Kind, String>,
}

impl Sequencer {
    /// Takes in what can be decided next; false if there is nothing. Of a tenant whose rules
    /// have used their fuel, that is what asks no rule; of one that is suspended, only erasures.
    pub(super) async fn take_in(&mut self) -> Result<bool, StoreError> {
        if !self.decides_here().await? {
            return Ok(self.post().await);
        }
        let spent = self.spent();
        let aside = if spent.is_none() { self.aside.len() } else { 0 };
        let room = self.pending.room().saturating_sub(self.ready.len() + aside);
        if room == 0 {
            return Ok(false);
        }
        // A few calls that come during a commit wait for its end, and share what taking costs;
        // but not where rows are taken anyway, behind which there is always a commit.
        let few = !self.under_way.is_empty() && self.line.len() < ENOUGH && !self.inbox.due;
        let calls = if few { Vec::new() } else { self.line.take(room.min(CALLS), self.reading.is_none()) };
        let mut worked = !calls.is_empty();
        let mut calls = self.answer_repeats(calls).await;
        if let Some(wait) = spent {
            // No record is read to find out whether a rule would be asked.
            let (to_read, whole) = calls.into_iter().partition(|call| call.arrived().is_to_read(&self.reads));
            self.turn_away(to_read, wait);
            calls = whole;
        }
        let mut batch: Vec<(Arrived, Option<Placed>)> =
            calls.into_iter().map(|call| (call.arrived(), Some(call))).collect();
        // Rows wait while others are read, so that they keep their order.
        let mut page = Ok(Vec::new());
        if self.inbox.due && self.reading.is_none() {
            worked = true;
            page = self.page(spent.is_some()).await;
        }
        let failed =
            page.as_mut().map(|rows| batch.splice(0..0, rows.drain(..).map(|row| (row, None))).count()).err().cloned();
        worked |= self.prepare(batch);
        failed.map_or(Ok(worked), Err)
    }

    /// Answers calls whose keys were used before, and gives the others.
    async fn answer_repeats(&mut self, calls: Vec<Placed>) -> Vec<Placed> {
        let keys: Vec<_> = calls.iter().filter_map(|call| call.call().key.clone()).collect();
        if keys.is_empty() {
            return calls;
        }
        let answered = self.desktop.store.answered(&self.desktop.tenant, &keys).await;
        let mut earlier = match answered {
            Ok(answered) => {
                let again = |earlier: Option<Earlier>| earlier.map(|earlier| answer_again(earlier, true));
                answered.into_iter().map(again).collect::<Vec<_>>().into_iter()
            }
            Err(error) => {
                let failed = keys.iter().map(|_| Some(Some(Err(OrderError::Store(error.clone())))));
                failed.collect::<Vec<_>>().into_iter()
            }
        };
        let mut new = Vec::with_capacity(calls.len());
        for call in calls {
            let key = call.call().key.clone();
            let Some((key, earlier)) = key.and_then(|key| Some((key, earlier.next().flatten()?))) else {
                new.push(call);
                continue;
            };
            self.line.settle(Some(&key));
            match earlier {
                Some(answer) => call.answer(answer),
                // The same was asked at another host, and waits in the inbox.
                None => self.awaited.push(Awaited::repeated(call, key)),
            }
        }
        new
    }

    /// The next page of the inbox, without what is taken already; while the fuel is spent,
    /// without what has to be read, too.
    async fn page(&mut self, spent: bool) -> Result<Vec<Arrived>, StoreError> {
        let limit = u32::try_from(ROWS).unwrap_or(u32::MAX);
        let after = if spent { self.inbox.after.max(self.inbox.asking) } else { self.inbox.after };
        let waiting = self.desktop.store.waiting(&self.desktop.tenant, after, limit).await?;
        let Some(last) = waiting.last() else {
            let down = std::mem::take(&mut self.inbox.down);
            self.complain(&down);
            let more = self.inbox.more;
            self.inbox.end();
            if !spent && down.is_empty() {
                self.inbox.asking = 0;
            }
            if !down.is_empty() {
                self.inbox.block();
            } else if more {
                self.inbox.begin();
            }
            return Ok(Vec::new());
        };
        let last = last.id;
        if waiting.iter().any(|row| matches!(row.payload, Payload::Erasure { .. })) {
            // What is under way may know the person still.
            self.flush().await?;
            let Desktop { tenant, people, clock, .. } = &self.desktop;
            erase(&**people, tenant, &waiting, clock.now()).await?;
            self.ledger = None;
            self.inbox.begin();
            return Ok(Vec::new());
        }
        self.inbox.after = last;
        if self.desktop.share.is_suspended() {
            // What a CRM wants erased was looked for; all else waits.
            return Ok(Vec::new());
        }
        if spent {
            self.inbox.asking = self.inbox.asking.max(last);
        }
        let mut rows: Vec<Arrived> = Vec::with_capacity(waiting.len());
        for row in waiting {
            let id = row.id;
            let arrived = Arrived::from(row);
            if !(spent && arrived.is_to_read(&self.reads)) && self.inbox.taken.insert(id) {
                rows.push(arrived);
            }
        }
        Ok(rows)
    }

    /// Of what is ready, leaves what asks no rule: there is no fuel for the others. Callers are
    /// told so; leads of the inbox wait, some of them as they were read.
    pub(super) fn put_aside(&mut self, ledger: &Ledger, wait: Duration) {
        let Desktop { rules, clock, .. } = &self.desktop;
        let now = clock.now();
        let (asking, others): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.ready).into_iter().partition(|ready| ledger.asks(&ready.lead, &**rules, now));
        self.ready = others;
        let mut calls = Vec::new();
        for mut ready in asking {
            match ready.call.take() {
                Some(call) => calls.push(call),
                None if self.aside.len() < BATCH => self.aside.push(ready),
                None => drop(ready.lead.row().map(|row| self.inbox.taken.remove(&row))),
            }
        }
        self.turn_away(calls, wait);
    }

    /// Tells callers that there is no fuel for them.
    fn turn_away(&mut self, calls: Vec<Placed>, wait: Duration) {
        for call in calls {
            self.line.settle(call.call().key.as_ref());
            call.answer(Err(OrderError::Spent { wait: SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX) }));
        }
    }

    /// Makes leads ready, at once where no record has to be read; false if nothing was to be
    /// done. Rows of the inbox stay together.
    fn prepare(&mut self, batch: Vec<(Arrived, Option<Placed>)>) -> bool {
        let to_read = |arrived: &Arrived| arrived.is_to_read(&self.reads);
        let rows = batch.iter().any(|(arrived, call)| call.is_none() && to_read(arrived));
        let (batch, whole): (Vec<_>, Vec<_>) =
            batch.into_iter().partition(|(arrived, call)| to_read(arrived) || (rows && call.is_none()));
        let worked = !batch.is_empty() || !whole.is_empty();
        let now = self.desktop.clock.now();
        for (arrived, call) in whole {
            if let Some(lead) = at_once(arrived, &self.accounts, &self.reads, now) {
                self.ready.push(Ready { lead, call });
            }
        }
        if !batch.is_empty() {
            self.begin_reading(batch);
        }
        worked
    }

    fn begin_reading(&mut self, batch: Vec<(Arrived, Option<Placed>)>) {
        // The CRM did not take an owner: whoever has left it must not be chosen again.
        let failed = |arrived: &Arrived| matches!(&arrived.payload, Payload::Record { trigger, .. } if trigger == DELIVERY_FAILED);
        let refreshes = batch.iter().any(|(arrived, _)| failed(arrived));
        if refreshes {
            self.stop_meeting();
        }
        let (arrived, calls): (Vec<Arrived>, Vec<_>) = batch.into_iter().unzip();
        let rows: Vec<i64> = arrived.iter().filter_map(Arrived::row).collect();
        let kinds = arrived.iter().map(Arrived::kind).collect();
        let (ended, end) = oneshot::channel();
        let (mut accounts, reads) = (self.accounts.clone(), self.reads.clone());
        let crms = self.desktop.revision.crms.clone();
        let Desktop { tenant, store, clock, .. } = self.desktop.clone();
        let stirred = self.stirred.clone();
        // What rows met before is spared for the rest of this look; a call tries anew.
        let mut down = if rows.is_empty() { BTreeMap::new() } else { self.inbox.down.clone() };
        let task = tokio::spawn(async move {
            if refreshes {
                accounts = refreshed(accounts, &crms).await;
            }
            let leads = enrich(arrived, &accounts, &reads, &mut down, (&*store, &tenant), &*clock).await;
            let _ = ended.send(Read { accounts: refreshes.then_some(accounts), leads, down });
            stirred.notify_one();
        });
        self.reading = Some(Reading { task, end, rows, calls, kinds, refreshes });
    }

    /// Takes over what was read; false if nothing was.
    pub(super) async fn read_ended(&mut self) -> Result<bool, StoreError> {
        let Some(reading) = &mut self.reading else { return Ok(false) };
        let read = match reading.end.try_recv() {
            Err(TryRecvError::Empty) => return Ok(false),
            Err(TryRecvError::Closed) => {
                self.stop_reading();
                return Ok(true);
            }
            Ok(read) => read,
        };
        let Some(Reading { calls, kinds, rows, .. }) = self.reading.take() else { return Ok(false) };
        let found: BTreeSet<i64> = read.leads.iter().flatten().filter_map(EnrichedLead::row).collect();
        for row in rows.iter().filter(|row| !found.contains(row)) {
            self.inbox.taken.remove(row);
        }
        for ((lead, call), kind) in read.leads.into_iter().zip(calls).zip(kinds) {
            match (lead, call) {
                // Who left while the record was read has withdrawn.
                (_, Some(call)) if call.has_left() => self.line.settle(call.call().key.as_ref()),
                (Some(lead), call) => self.ready.push(Ready { lead, call }),
                (None, Some(call)) => {
                    let why = kind.and_then(|kind| read.down.get(&kind).cloned()).unwrap_or_default();
                    self.line.settle(call.call().key.as_ref());
                    call.answer(Err(OrderError::Unreadable(why)));
                }
                (None, None) => {}
            }
        }
        if !rows.is_empty() {
            self.inbox.down = read.down;
        }
        if let Some(accounts) = read.accounts {
            self.accounts = accounts;
            self.enter_directories().await?;
        }
        Ok(true)
    }

    /// Gives a reading up: what it was for is taken in again.
    pub(super) fn stop_reading(&mut self) {
        let Some(Reading { task, rows, calls, .. }) = self.reading.take() else { return };
        task.abort();
        for row in rows {
            self.inbox.taken.remove(&row);
        }
        self.line.put_back(calls.into_iter().flatten().collect());
        self.inbox.begin();
    }
}
