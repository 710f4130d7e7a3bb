//! A tenant's state in memory, and the one way in which it changes: entry by entry.
//!
//! The sequencer keeps a ledger in step with the store; `simulate` keeps one alone.

use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rota_domain::agenda::{Agenda, For};
use rota_domain::decision::{Decision, Outcome};
use rota_domain::desk::Desk;
use rota_domain::event::Status;
use rota_domain::fairness::Turn;
use rota_domain::id::{FlowId, LeadId, PoolId, RepId, Seed};
use rota_domain::load::LeadKind;
use rota_domain::person::PersonKey;
use rota_domain::rule::Mode;
use rota_domain::table::RowChange;
use rota_domain::workspace::Workspace;

use crate::bindings::Bindings;
use crate::decide::{Around, asks, decide, defect, is_joinable, person};
use crate::enrich::{EnrichedLead, Facts};
use crate::ports::{Departed, Entry, EntryBody, Given, InHand, Origin, Rules, Settles, Snapshot};
use crate::waiting::Resumed;

/// A tenant's state at the end of its log.
#[derive(Clone, Debug)]
pub struct Ledger {
    seed: Seed,
    pub(crate) seq: u64,
    pub(crate) desk: Arc<Desk>,
    bindings: Arc<Bindings>,
    recent: Recents,
    departed: Vec<Departed>,
    /// The leads in somebody's hands, where that is counted.
    open: HashMap<LeadId, InHands>,
    pub(crate) agenda: Agenda,
    /// When a lead that waited for a turn of this pool was let go last.
    pub(crate) released: HashMap<PoolId, Timestamp>,
    mode: Mode,
}

/// A lead in somebody's hands.
#[derive(Clone, Debug)]
struct InHands {
    /// The entry by which it was given.
    entry: u64,
    rep: RepId,
    /// The kinds that it was of then.
    kinds: Vec<LeadKind>,
}

impl Ledger {
    /// An empty log, under this workspace as revision 0.
    #[must_use]
    pub fn new(seed: Seed, workspace: Arc<Workspace>, bindings: Arc<Bindings>, mode: Mode) -> Self {
        let desk = Arc::new(under(0, workspace, &bindings));
        Self {
            seed,
            seq: 0,
            desk,
            bindings,
            recent: Recents::default(),
            departed: Vec::new(),
            open: HashMap::new(),
            agenda: Agenda::default(),
            released: HashMap::new(),
            mode,
        }
    }

    /// The state that the store holds. The workspace may be a newer one than the log's: then
    /// `revise` is to follow.
    #[must_use]
    pub fn restored(snapshot: Snapshot, workspace: Arc<Workspace>, bindings: Arc<Bindings>, mode: Mode) -> Self {
        let (revision, seen) = match snapshot.workspace {
            Some((revision, seen)) => (revision, Arc::new(seen)),
            None => (0, workspace),
        };
        let mut desk = under(revision, seen, &bindings).with_rows(snapshot.added);
        for (rep, status) in snapshot.statuses {
            desk.set_status(rep, status);
        }
        for (pool, rotation) in snapshot.rotations {
            desk.set_rotation(pool, rotation);
        }
        for (flow, counters) in snapshot.counters {
            for (name, value) in counters {
                desk.set_counter(flow.clone(), name, Some(value));
            }
        }
        let mut open = HashMap::new();
        for Given { entry, at, rep, lead, kinds, open: still } in snapshot.given {
            if still {
                desk.loads_mut().give(&rep, &kinds, at);
                open.insert(lead, InHands { entry, rep, kinds });
            } else {
                desk.loads_mut().gave(&rep, &kinds, at);
            }
        }
        let mut recent = Recents::default();
        for known in snapshot.recent {
            recent.remember(known.person, known.decision);
        }
        let Snapshot { seed, seq, departed, waits, .. } = snapshot;
        let (agenda, released, desk) = (Agenda::default(), HashMap::new(), Arc::new(desk));
        let mut ledger = Self { seed, seq, desk, bindings, recent, departed, open, agenda, released, mode };
        waits.into_iter().for_each(|(lead, wait)| ledger.wait(lead, wait));
        ledger
    }

    /// The number of the last entry.
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// What decisions see now.
    #[must_use]
    pub fn desk(&self) -> &Arc<Desk> {
        &self.desk
    }

    /// The plugin of each flow.
    #[must_use]
    pub fn bindings(&self) -> &Arc<Bindings> {
        &self.bindings
    }

    /// The workspace is this from now on; `origin` says whence it came, if somebody applied it.
    pub fn revise(
        &mut self,
        workspace: Arc<Workspace>,
        bindings: Arc<Bindings>,
        origin: Option<Origin>,
        at: Timestamp,
    ) -> Entry {
        self.seq += 1;
        let (tables, files) = (bindings.tables.clone(), bindings.calendar_files.clone());
        self.desk = Arc::new((*self.desk).clone().revise_with(self.seq, workspace.clone(), tables, files));
        self.bindings = bindings;
        let rotations = self.desk.rotations().iter().map(|(pool, rotation)| (pool.clone(), rotation.clone())).collect();
        Entry { at, inbox: None, body: EntryBody::Workspace { workspace, rotations, origin } }
    }

    /// A rep is this from now on.
    pub fn status(&mut self, rep: RepId, status: Status, at: Timestamp) -> Entry {
        self.seq += 1;
        Arc::make_mut(&mut self.desk).set_status(rep.clone(), status);
        Entry { at, inbox: None, body: EntryBody::Rep { rep, status } }
    }

    /// A person sets a flow's counter; without a value it is gone.
    pub fn set_counter(&mut self, flow: FlowId, name: String, value: Option<i32>, at: Timestamp) -> Entry {
        self.seq += 1;
        Arc::make_mut(&mut self.desk).set_counter(flow.clone(), name.clone(), value);
        Entry { at, inbox: None, body: EntryBody::Counter { flow, name, value } }
    }

    /// Decides about a lead. One with which deciding panics goes to the fallback, so that it
    /// holds up nobody behind it.
    pub fn decide(&mut self, lead: EnrichedLead, rules: &dyn Rules, now: Timestamp) -> Entry {
        match lead.facts.clone() {
            Facts::Closed => return self.close(lead.lead.id.clone(), lead.inbox, now),
            Facts::Responded => return self.responded(lead.lead.id.clone(), lead.inbox, now),
            Facts::Declined(rep) => return self.decline(lead.lead.id.clone(), rep, lead.inbox, now),
            Facts::Row(change) => return self.change_row(change, lead.inbox, now),
            _ => {}
        }
        let lead = if self.has_departed(&lead) { lead.erased() } else { lead };
        let wait = match self.resumed(&lead, now) {
            Resumed::New => None,
            Resumed::Wait(wait) => Some(*wait),
            Resumed::Late => return self.lapse(&lead, now),
        };
        let answered = self.is_answered(&lead);
        if answered && wait.as_ref().is_some_and(|wait| matches!(wait.what, For::Response { .. })) {
            // Its record says so, of which nobody was told in time: nothing is asked again.
            return self.responded(lead.lead.id.clone(), lead.inbox, now);
        }
        let lead = match &wait {
            Some(wait) => {
                // A flow that is gone asks nobody: whichever takes such leads now does.
                let flow = self.desk.workspace.flow(&wait.flow).map(|flow| flow.id.clone());
                EnrichedLead { flow, attempt: wait.attempt + 1, ..lead }
            }
            None => lead,
        };
        let inbox = lead.inbox.clone();
        let closed = self.desk.workspace.closed.as_ref().is_some_and(|closed| closed.holds(&lead.lead));
        let kinds = self.desk.kinds(&lead.lead);
        let who = person(&lead);
        let around = Around { wait: wait.as_ref(), ..self.around(&lead, &who, rules, now) };
        let rows = match lead.facts {
            Facts::Known | Facts::Gone => self.rows_of(&lead, now),
            _ => Vec::new(),
        };
        // Nothing is changed before this is over, so a panic leaves the state as it was.
        let decided = catch_unwind(AssertUnwindSafe(|| decide(lead.clone(), &around)));
        let mut recorded = decided.unwrap_or_else(|_| defect(lead, &around));
        self.seq += 1;
        if let Some(turn) = self.given_by_hand(&recorded.decision, closed) {
            let mut rotation = self.desk.rotation(&turn.rotation()).cloned().unwrap_or_default();
            rotation.enter(&turn);
            recorded.turn = Some((turn, rotation));
        }
        if !rows.is_empty() {
            Arc::make_mut(&mut self.desk).change_rows(&rows);
        }
        recorded.rows = rows;
        recorded.in_hand = self.take_in_hand(&recorded.decision, kinds, closed);
        self.change_wait(&mut recorded, answered, closed);
        if let Some((turn, rotation)) = &recorded.turn {
            Arc::make_mut(&mut self.desk).set_rotation(turn.rotation(), rotation.clone());
        }
        for (flow, name, value) in &recorded.counters {
            Arc::make_mut(&mut self.desk).set_counter(flow.clone(), name.clone(), Some(*value));
        }
        if is_joinable(&recorded.decision) {
            self.recent.remember(who, recorded.decision.clone());
        }
        Entry { at: now, inbox, body: EntryBody::Decision(Box::new(recorded)) }
    }

    /// A row of a dated table comes, changes or goes.
    pub fn change_row(&mut self, change: RowChange, inbox: Option<Settles>, at: Timestamp) -> Entry {
        self.seq += 1;
        let changes = self.desk.with_past(change, at);
        Arc::make_mut(&mut self.desk).change_rows(&changes);
        Entry { at, inbox, body: EntryBody::Rows(changes) }
    }

    /// Whether its record says that whoever has the lead answered it.
    fn is_answered(&self, lead: &EnrichedLead) -> bool {
        let waits = self.agenda.of(&lead.lead.id).filter(|wait| matches!(wait.what, For::Response { .. }));
        let said = self.desk.workspace.responded.as_ref();
        said.is_some_and(|said| said.holds_since(&lead.lead, waits.map(|wait| wait.since)))
    }

    /// What a record changes of the rows of dated tables.
    fn rows_of(&self, lead: &EnrichedLead, now: Timestamp) -> Vec<RowChange> {
        let (rows, unread) = self.desk.rows_of(&lead.lead, lead.facts == Facts::Known, now);
        for what in unread {
            tracing::warn!(lead = %lead.lead.id, "A record that counts does not read; {what}");
        }
        rows
    }

    /// A lead is closed: whoever has it in hand has a place more.
    pub fn close(&mut self, lead: LeadId, inbox: Option<Settles>, at: Timestamp) -> Entry {
        self.seq += 1;
        let given = self.let_go(&lead);
        self.end_wait(&lead);
        Entry { at, inbox, body: EntryBody::Closed { lead, given } }
    }

    /// Whether somebody gave the lead to a rep by hand who has not had it yet, where a pool counts that.
    fn given_by_hand(&self, decision: &Decision, closed: bool) -> Option<Turn> {
        let rep = decision.rep.as_ref().filter(|_| decision.outcome == Outcome::Kept && !closed)?;
        if self.open.get(&decision.lead).is_some_and(|open| open.rep == *rep) {
            return None;
        }
        let pool = &self.desk.workspace.counts_by_hand(rep)?.id;
        let rotation = self.desk.rotation_of(decision.flow.as_ref(), pool)?;
        Some(Turn::by_hand(pool.clone(), rotation, rep.clone()))
    }

    /// What a decision changes of what reps have in hand: a lead that is given to another rep, or
    /// that turns out to be closed or another's, is in the hands of whoever had it no more.
    fn take_in_hand(&mut self, decision: &Decision, kinds: Vec<LeadKind>, closed: bool) -> InHand {
        let Decision { outcome, rep, lead, at, .. } = decision;
        let holder = self.open.get(lead).map(|open| &open.rep);
        let (given, ended) = match (outcome, rep) {
            // Where all flows passed, the fallback may have given it to somebody.
            (Outcome::Assign | Outcome::Pass, Some(rep)) if holder == Some(rep) => (None, false),
            (Outcome::Assign | Outcome::Pass, Some(rep)) => (Some(rep).filter(|rep| self.desk.counts(rep)), true),
            (Outcome::Kept, rep) => {
                let counts = |rep: &&RepId| !closed && self.desk.workspace.counts_by_hand(rep).is_some();
                (rep.as_ref().filter(|rep| holder != Some(rep)).filter(counts), closed || holder != rep.as_ref())
            }
            _ => (None, closed),
        };
        let ended = if ended { self.let_go(lead) } else { None };
        let Some(rep) = given else { return InHand { given: None, ended } };
        Arc::make_mut(&mut self.desk).loads_mut().give(rep, &kinds, *at);
        self.open.insert(lead.clone(), InHands { entry: self.seq, rep: rep.clone(), kinds: kinds.clone() });
        InHand { given: Some(kinds), ended }
    }

    /// A lead is in nobody's hands any more; gives the entry by which it was given.
    fn let_go(&mut self, lead: &LeadId) -> Option<u64> {
        let InHands { entry, rep, kinds } = self.open.remove(lead)?;
        Arc::make_mut(&mut self.desk).loads_mut().close(&rep, &kinds);
        Some(entry)
    }

    /// Whether a rule would be asked about a lead now.
    #[must_use]
    pub fn asks(&self, lead: &EnrichedLead, rules: &dyn Rules, now: Timestamp) -> bool {
        let who = person(lead);
        let told = matches!(lead.facts, Facts::Closed | Facts::Responded | Facts::Declined(_) | Facts::Row(_));
        let asks = || !told && !self.has_departed(lead) && asks(lead, &self.around(lead, &who, rules, now));
        // A defect is met again when it is decided.
        catch_unwind(AssertUnwindSafe(asks)).unwrap_or(false)
    }

    fn around<'a>(&'a self, lead: &EnrichedLead, who: &PersonKey, rules: &'a dyn Rules, now: Timestamp) -> Around<'a> {
        let earlier = self.recent.newest.get(who);
        Around {
            standing: self.agenda.of(&lead.lead.id),
            wait: None,
            desk: &self.desk,
            bindings: &self.bindings,
            earlier,
            open: earlier.is_some_and(|earlier| self.agenda.is_open(&earlier.lead)),
            rules,
            now,
            entropy: self.seed.at(self.seq + 1),
            mode: self.mode,
        }
    }

    /// Whether the lead is about somebody who was erased after it had been taken in.
    fn has_departed(&self, lead: &EnrichedLead) -> bool {
        if self.departed.is_empty() {
            return false;
        }
        let received = lead.stages.received.unwrap_or(Timestamp::MIN);
        let before = |gone: &Departed| lead.row().map_or(received <= gone.at, |row| row <= gone.row);
        let names = [person(lead), PersonKey::of_lead(&lead.lead.id)].map(|name| name.digest(&self.seed));
        self.departed.iter().any(|gone| before(gone) && names.contains(&gone.digest))
    }

    /// Forgets decisions that nothing can join any more.
    pub fn forget(&mut self, now: Timestamp) {
        self.recent.forget(remembered_since(&self.desk.workspace, now));
    }
}

/// A desk at the beginning of a log, with what its workspace names.
fn under(revision: u64, workspace: Arc<Workspace>, bindings: &Bindings) -> Desk {
    let desk = Desk::new(revision, workspace).with_tables(bindings.tables.clone());
    desk.with_calendar_files(bindings.calendar_files.clone())
}

/// The newest decision about each person.
#[derive(Clone, Debug, Default)]
struct Recents {
    newest: HashMap<PersonKey, Decision>,
    /// Every decision that was remembered, oldest first, so that forgetting looks only at
    /// what is old.
    order: VecDeque<(Timestamp, PersonKey)>,
}

impl Recents {
    fn remember(&mut self, person: PersonKey, decision: Decision) {
        self.order.push_back((decision.at, person.clone()));
        self.newest.insert(person, decision);
    }

    fn forget(&mut self, since: Timestamp) {
        while let Some((at, person)) = self.order.pop_front_if(|(at, _)| *at < since) {
            if self.newest.get(&person).is_some_and(|decision| decision.at == at) {
                self.newest.remove(&person);
            }
        }
    }
}

/// How far back a decision can be and still be joined, under this workspace.
#[must_use]
pub fn remembered_since(workspace: &Workspace, now: Timestamp) -> Timestamp {
    let longest = workspace.flows.iter().map(|flow| flow.coalesce.0).max().unwrap_or(0);
    now.checked_sub(SignedDuration::from_mins(i64::from(longest))).unwrap_or(Timestamp::MIN)
}
