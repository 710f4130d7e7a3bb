//! From ready leads to the log: they are decided on the state in memory, gathered while the
//! commit before is under way, and committed together.

use std::collections::VecDeque;

use tokio::sync::oneshot::{self, error::TryRecvError};

use super::intake::Ready;
use super::{Desktop, Sequencer};
use crate::calls::{Placed, answer_of};
use crate::deciding::Batch;
use crate::enrich::{EnrichedLead, Occasion};
use crate::journal::Lines;
use crate::orders::{Answered, OrderError};
use crate::ports::{Before, Entry, EntryBody, Keyed, Settles, StoreError};
use crate::tally::adds;

/// How many decisions go into one commit, at most.
pub(super) const BATCH: usize = 128;
/// How many commits may be under way: one whose rows are made, one that is written.
const UNDER_WAY: usize = 2;

/// What is decided and not committed yet.
#[derive(Default)]
pub(super) struct Pending {
    /// The number of the log's last entry before these.
    expected: u64,
    entries: Vec<Entry>,
    /// Calls, each with its answer.
    answers: Vec<(Placed, Answered)>,
}

impl Pending {
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many more may be decided.
    pub(super) fn room(&self) -> usize {
        BATCH.saturating_sub(self.entries.len())
    }
}

/// A commit that is under way.
pub(super) struct UnderWay {
    end: oneshot::Receiver<Result<(), (StoreError, Vec<Placed>)>>,
    keys: Vec<Keyed>,
    rows: Vec<i64>,
}

impl Sequencer {
    /// Decides what is ready; false if that was nothing.
    pub(super) async fn decide(&mut self) -> Result<bool, StoreError> {
        let spent = self.spent();
        if spent.is_none() {
            self.ready.splice(0..0, self.aside.drain(..));
        }
        if self.ready.is_empty() || self.pending.room() == 0 {
            return Ok(false);
        }
        let ledger = match self.ledger.take() {
            Some(ledger) => ledger,
            // The store is read only when all that was decided is in it.
            None if !self.under_way.is_empty() => return Ok(false),
            None => self.ledger().await?,
        };
        if ledger.desk().workspace != self.desktop.revision.workspace {
            let (tenant, revision) = (&self.desktop.tenant, ledger.desk().revision);
            tracing::warn!(%tenant, revision, "Another host entered a newer workspace: it is taken up here in a moment, unless this host serves the tenant from files; then restart it with the same ones");
            if self.gives_way().await {
                self.unready();
            }
            for ready in std::mem::take(&mut self.ready) {
                self.let_go(ready, &OrderError::Moved { now: revision });
            }
            self.inbox.block();
            return Ok(false);
        }
        if let Some(wait) = spent {
            self.put_aside(&ledger, wait);
            if self.ready.is_empty() {
                self.ledger = Some(ledger);
                return Ok(true);
            }
        }
        if self.pending.is_empty() {
            self.pending.expected = ledger.seq();
        }
        let (leads, mut calls): (VecDeque<_>, VecDeque<_>) =
            std::mem::take(&mut self.ready).into_iter().map(|Ready { lead, call }| (lead, call)).unzip();
        let taken: Vec<i64> = leads.iter().filter_map(EnrichedLead::row).collect();
        let occasions: Vec<Occasion> = leads.iter().map(|lead| lead.occasion.clone()).collect();
        let Desktop { share, rules, clock, .. } = &self.desktop;
        let decided = Batch::new(ledger, leads).decide(share, rules, clock).await;
        match decided {
            Ok(Batch { ledger, entries, leads }) => {
                self.ledger = Some(ledger);
                self.lower(&entries, &occasions);
                for entry in entries {
                    match (calls.pop_front().flatten(), answer_of(&entry)) {
                        (Some(call), Some(answer)) => self.pending.answers.push((call, answer)),
                        (Some(call), None) => {
                            self.line.settle(call.call().key.as_ref());
                            call.answer(Err(OrderError::Late));
                        }
                        (None, _) => {}
                    }
                    self.pending.entries.push(entry);
                }
                // What is left goes into the next commit.
                self.ready = leads.into_iter().zip(calls).map(|(lead, call)| Ready { lead, call }).collect();
            }
            Err(error) => {
                tracing::error!(tenant = %self.desktop.tenant, %error, "Deciding ended in a defect of Rota; please report it");
                for call in calls.into_iter().flatten() {
                    self.line.settle(call.call().key.as_ref());
                    call.answer(Err(OrderError::Defect));
                }
                for row in taken {
                    self.inbox.taken.remove(&row);
                }
                // What the ledger knew is lost with it, and what stands on that, too.
                self.throw_away(Vec::new());
                self.inbox.block();
            }
        }
        Ok(true)
    }

    /// Commits what is pending, unless enough is under way. If a commit comes to nothing, those
    /// behind it do, too: each is written only behind one that was recorded.
    pub(super) fn begin_commit(&mut self) {
        if self.pending.is_empty() || self.under_way.len() >= UNDER_WAY {
            return;
        }
        let Pending { expected, entries, answers } = std::mem::take(&mut self.pending);
        let keys = answers.iter().filter_map(|(call, _)| call.call().key.clone()).collect();
        let (ended, end) = oneshot::channel();
        self.under_way.push_back(UnderWay { end, keys, rows: rows(&entries).collect() });
        let (tenant, store) = (self.desktop.tenant.clone(), self.desktop.store.clone());
        // Whoever carries effects looks for them; nobody is woken for nothing.
        let effects = entries.iter().any(has_effects);
        let (recorded, stirred, tally) = (self.recorded.clone(), self.stirred.clone(), self.tally.clone());
        let adds = adds(&entries);
        let parent =
            |(call, answer): &(Placed, Answered)| Some((answer.decision.id.clone(), call.call().parent.clone()?));
        let lines = Lines::of(&entries, &answers.iter().filter_map(parent).collect());
        let clock = self.desktop.clock.clone();
        let (next, this) = Before::ending();
        let before = std::mem::replace(&mut self.last, this);
        tokio::spawn(async move {
            let result = store.record_after(before, &tenant, expected, entries).await;
            let result = match result {
                Ok(()) => {
                    let _ = next.send(());
                    tally.count(&adds);
                    lines.recorded(&tenant, clock.now());
                    for (call, answer) in answers {
                        call.answer(Ok(answer));
                    }
                    if effects {
                        recorded.send_replace(());
                    }
                    Ok(())
                }
                Err(error) => Err((error, answers.into_iter().map(|(call, _)| call).collect())),
            };
            let _ = ended.send(result);
            stirred.notify_one();
        });
    }

    /// Learns of commits that ended; false if none did.
    pub(super) fn landed(&mut self) -> Result<bool, StoreError> {
        let mut any = false;
        while let Some(oldest) = self.under_way.front_mut() {
            let result = match oldest.end.try_recv() {
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Closed) => None,
                Ok(result) => Some(result),
            };
            any = true;
            self.settle(result)?;
        }
        Ok(any)
    }

    /// Waits until everything that is decided is recorded, or thrown away.
    pub(super) async fn flush(&mut self) -> Result<(), StoreError> {
        loop {
            self.begin_commit();
            let Some(oldest) = self.under_way.front_mut() else { return Ok(()) };
            let result = (&mut oldest.end).await.ok();
            self.settle(result)?;
        }
    }

    /// The oldest commit has ended like this; without a result, in a defect.
    fn settle(&mut self, result: Option<Result<(), (StoreError, Vec<Placed>)>>) -> Result<(), StoreError> {
        let Some(UnderWay { keys, rows, .. }) = self.under_way.pop_front() else { return Ok(()) };
        for row in &rows {
            self.inbox.taken.remove(row);
        }
        for key in &keys {
            self.line.settle(Some(key));
        }
        let settled = match result {
            Some(Ok(())) => Ok(()),
            Some(Err((StoreError::Conflict { seq, .. }, calls))) => {
                tracing::debug!(tenant = %self.desktop.tenant, seq, "Another process was first; deciding again");
                self.tally.thrown_away();
                self.throw_away(calls);
                Ok(())
            }
            Some(Err((error, calls))) => {
                for call in calls {
                    call.answer(Err(OrderError::Store(error.clone())));
                }
                self.throw_away(Vec::new());
                Err(error)
            }
            None => {
                self.throw_away(Vec::new());
                Ok(())
            }
        };
        if self.under_way.is_empty() {
            let thrown = std::mem::take(&mut self.thrown);
            self.line.put_back(thrown);
        }
        settled
    }

    /// Forgets what stands on a commit that came to nothing, and lets everything behind it wait
    /// again where it waited before. These calls were in it: they come before all others.
    fn throw_away(&mut self, calls: Vec<Placed>) {
        self.ledger = None;
        // Nothing is committed before all that is under way has ended, as nothing is decided.
        self.last = Before::nothing();
        self.unready();
        let Pending { entries, answers, .. } = std::mem::take(&mut self.pending);
        for row in rows(&entries) {
            self.inbox.taken.remove(&row);
        }
        self.line.put_back(answers.into_iter().map(|(call, _)| call).collect());
        self.thrown.extend(calls);
        self.inbox.begin();
    }

    /// What is ready waits again, where it waited before: rows in the inbox, calls in line.
    pub(super) fn unready(&mut self) {
        let mut calls = Vec::new();
        self.inbox.asking = 0;
        self.ready.splice(0..0, self.aside.drain(..));
        for Ready { lead, call } in std::mem::take(&mut self.ready) {
            if let Some(row) = lead.row() {
                self.inbox.taken.remove(&row);
            }
            calls.extend(call);
        }
        self.line.put_back(calls);
        self.inbox.again();
    }

    /// This one is not decided.
    pub(super) fn let_go(&mut self, ready: Ready, why: &OrderError) {
        if let Some(row) = ready.lead.row() {
            self.inbox.taken.remove(&row);
        }
        if let Some(call) = ready.call {
            self.line.settle(call.call().key.as_ref());
            call.answer(Err(why.clone()));
        }
    }
}

fn has_effects(entry: &Entry) -> bool {
    matches!(&entry.body, EntryBody::Decision(recorded) if !recorded.effects.is_empty())
}

/// The rows of the inbox that entries settle.
fn rows(entries: &[Entry]) -> impl Iterator<Item = i64> {
    entries.iter().filter_map(|entry| match entry.inbox {
        Some(Settles::Row(row)) => Some(row),
        Some(Settles::Call(_)) | None => None,
    })
}
