//! What leads of a tenant wait for, entry by entry: what is due, and what became of it.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rota_domain::agenda::{Agenda, For, Lines, Place, Wait, trigger};
use rota_domain::desk::Ask;
use rota_domain::id::{LeadId, PoolId, RepId};

use crate::enrich::{EnrichedLead, Facts, Occasion};
use crate::ledger::Ledger;
use crate::ports::{Arrival, Entry, EntryBody, Payload, Recorded, Settles, WaitChange};

/// So much is looked for at once.
const AT_ONCE: usize = 100;

/// Whether a lead goes on that waited.
pub(crate) enum Resumed {
    /// It did not wait; something happened to it.
    New,
    /// It does, and waited for this.
    Wait(Box<Wait>),
    /// That came too late.
    Late,
}

/// Something that a lead waited for, and that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// The lead.
    pub lead: LeadId,
    /// What it waited for.
    pub wait: Wait,
    /// Why it is decided about again.
    pub trigger: &'static str,
}

impl Due {
    /// As it waits in the inbox. Should it be found twice, the second comes too late.
    #[must_use]
    pub fn arrival(self, now: Timestamp) -> Arrival {
        let Self { lead, wait: Wait { entry, decision, .. }, trigger } = self;
        let dedupe_key = format!("due/{entry}/{}", now.as_nanosecond());
        let payload = Payload::Due { lead, entry, decision, trigger: trigger.into() };
        Arrival { dedupe_key, occurred: now, payload }
    }
}

impl Ledger {
    /// What leads wait for.
    #[must_use]
    pub fn agenda(&self) -> &Agenda {
        &self.agenda
    }

    /// What is due now, in the order in which it is to be decided about: what a rep who left had, what
    /// the clock ended, and leads for whom there is somebody. Of those, no more than there is room for.
    #[must_use]
    pub fn due(&self, now: Timestamp) -> Vec<Due> {
        let due =
            |trigger| move |(lead, wait): (&LeadId, &Wait)| Due { lead: lead.clone(), wait: wait.clone(), trigger };
        let mut found: Vec<Due> =
            self.agenda.due(now).take(AT_ONCE).map(|(lead, wait)| due(wait.trigger(now))((lead, wait))).collect();
        found.extend(self.left().take(AT_ONCE).map(due(trigger::REP_LEFT)));
        found.extend(self.agenda.free().take(AT_ONCE).map(due(trigger::RELEASED)));
        for (line, places) in self.desk.lines().iter() {
            let paused = self.pause_after(&line.pool);
            if paused.is_some_and(|over| over > now) {
                continue;
            }
            // The first is looked at closely in any case: a backup may stand in, a leader be stopped.
            let room = if paused.is_some() { 1 } else { self.desk.room(line, now).max(1) };
            let room = usize::try_from(room).unwrap_or(AT_ONCE).min(AT_ONCE);
            let leads = places.iter().take(room).filter_map(|(_, _, lead)| Some((lead, self.agenda.of(lead)?)));
            let first = leads.clone().next().is_some_and(|(lead, wait)| self.is_due(lead, wait, now));
            found.extend(leads.filter(|_| first).map(due(trigger::RELEASED)));
        }
        found
    }

    /// When the clock makes something due next, as far as shifts and time off tell.
    #[must_use]
    pub fn next_due(&self, now: Timestamp) -> Option<Timestamp> {
        let shifts = self.desk.lines().iter().flat_map(|(line, _)| {
            let seats = self.desk.pool(&line.pool).unwrap_or_default();
            seats.iter().filter_map(|seat| self.desk.next_change(seat.place, Some(&line.pool), now))
        });
        let pauses = self.desk.lines().iter().filter_map(|(line, _)| self.pause_after(&line.pool));
        shifts.chain(pauses).chain(self.agenda.next()).filter(|at| *at > now).min()
    }

    /// Until when no further lead is let go that waits for a turn of this pool; none where they all are.
    fn pause_after(&self, pool: &PoolId) -> Option<Timestamp> {
        let stagger = self.desk.workspace.pool(pool)?.queue.stagger;
        let pause = SignedDuration::from_secs(stagger.into());
        let last = self.released.get(pool).copied().unwrap_or(Timestamp::MIN);
        (stagger > 0).then(|| last.checked_add(pause).unwrap_or(Timestamp::MAX))
    }

    /// Leads whose rep has left, where their flow is to be asked again.
    fn left(&self) -> impl Iterator<Item = (&LeadId, &Wait)> {
        let asks = |wait: &Wait| {
            let flow = self.desk.workspace.flow(&wait.flow);
            flow.is_some_and(|flow| flow.ask_again.iter().any(|asked| asked == trigger::REP_LEFT))
        };
        let gone = self.agenda.reps().filter(|rep| !self.desk.is_active(rep));
        gone.flat_map(|rep| self.agenda.with(rep)).filter(move |(_, wait)| asks(wait))
    }

    /// Whether this lead goes on that comes because it waited: what it waits for now, with everybody
    /// whose time is over among those who were tried.
    pub(crate) fn resumed(&self, lead: &EnrichedLead, now: Timestamp) -> Resumed {
        let standing = self.agenda.of(&lead.lead.id);
        let late = |wait: Option<&Wait>| wait.is_none() || matches!(lead.facts, Facts::Erased);
        match &lead.occasion {
            Occasion::Event => Resumed::New,
            _ if late(standing) => Resumed::Late,
            Occasion::Due(entry) => {
                match standing.filter(|wait| wait.entry == *entry && self.is_due(&lead.lead.id, wait, now)) {
                    Some(wait) => Resumed::Wait(Box::new(tried(wait, now))),
                    None => Resumed::Late,
                }
            }
            Occasion::Accepted(rep) => {
                let came = lead.stages.received.unwrap_or(now);
                match standing.filter(|wait| wait.is_open_to(rep, came) && self.desk.is_active(rep)) {
                    Some(wait) => Resumed::Wait(Box::new(wait.clone())),
                    None => Resumed::Late,
                }
            }
        }
    }

    fn is_due(&self, lead: &LeadId, wait: &Wait, now: Timestamp) -> bool {
        match &wait.what {
            For::Turn { line, .. } => {
                let seats = self.desk.pool(&line.pool).unwrap_or_default();
                let among: Vec<usize> =
                    seats.iter().filter(|seat| line.among.contains(&seat.rep)).map(|seat| seat.place).collect();
                let none = !line.among.is_empty() && among.is_empty();
                let place = place(lead, wait);
                let (flow, place, passed_over) = (Some(&wait.flow), place.as_ref(), &*wait.tried);
                let ask =
                    Ask { flow, among: &among, kinds: &line.kinds, place, passed_over, ..Ask::of(&line.pool, now) };
                // Nobody is left whom it could wait for: its rule says what then.
                none || seats.is_empty() || self.desk.turn(&ask).is_some()
            }
            For::Response { rep, .. } if !self.desk.is_active(rep) => true,
            For::Response { .. } | For::Answer(_) => wait.until().is_some_and(|until| until <= now),
            For::Lead(other) => !self.agenda.is_open(other),
        }
    }

    /// Something came too late, and changes nothing.
    pub(crate) fn lapse(&mut self, lead: &EnrichedLead, at: Timestamp) -> Entry {
        self.seq += 1;
        let id = lead.lead.id.clone();
        if lead.facts == Facts::Erased {
            self.end_wait(&id);
        }
        let body = EntryBody::Lapsed { lead: id, what: lead.lead.trigger.clone() };
        Entry { at, inbox: lead.inbox.clone(), body }
    }

    /// A lead was answered: whoever has it is waited for no more.
    pub fn responded(&mut self, lead: LeadId, inbox: Option<Settles>, at: Timestamp) -> Entry {
        self.seq += 1;
        if self.agenda.of(&lead).is_some_and(|wait| matches!(wait.what, For::Response { .. })) {
            self.end_wait(&lead);
        }
        Entry { at, inbox, body: EntryBody::Responded { lead } }
    }

    /// A rep who was asked does not take the lead.
    pub fn decline(&mut self, lead: LeadId, rep: RepId, inbox: Option<Settles>, at: Timestamp) -> Entry {
        self.seq += 1;
        let body = match self.agenda.of(&lead).filter(|wait| wait.is_open_to(&rep, at)).cloned() {
            Some(Wait { what: For::Answer(mut offer), mut tried, entry: _, decision, since, flow, attempt }) => {
                offer.decline(&rep, at);
                tried.push(rep.clone());
                let what = For::Answer(offer);
                let wait = Wait { entry: self.seq, decision, since, flow, attempt, tried, what };
                self.wait(lead.clone(), wait.clone());
                EntryBody::Declined { lead, rep, wait: Box::new(wait) }
            }
            _ => EntryBody::Lapsed { lead, what: trigger::OFFER_DECLINED.into() },
        };
        Entry { at, inbox, body }
    }

    /// What a decision changes of what its lead waits for; for no answer where it turns out to be
    /// answered, and for nothing where it is closed.
    pub(crate) fn change_wait(&mut self, recorded: &mut Recorded, answered: bool, closed: bool) {
        let (lead, at) = (recorded.decision.lead.clone(), recorded.decision.at);
        let before = self.agenda.of(&lead);
        let now = match &recorded.waits {
            WaitChange::AsBefore => before,
            WaitChange::Ended => None,
            WaitChange::For(wait) => Some(&**wait),
        };
        let for_answer = |wait: &Wait| matches!(wait.what, For::Response { .. });
        if now.is_some_and(|wait| closed || (answered && for_answer(wait))) {
            recorded.waits = WaitChange::Ended;
        }
        if recorded.decision.trigger == trigger::RELEASED
            && let Some(Wait { what: For::Turn { line, .. }, .. }) = before
        {
            self.released.insert(line.pool.clone(), at);
        }
        match &mut recorded.waits {
            WaitChange::AsBefore => {}
            WaitChange::Ended => self.end_wait(&lead),
            WaitChange::For(wait) => {
                wait.entry = self.seq;
                if let For::Turn { line, worth } = &wait.what
                    && wait.since == at
                {
                    wait.since = self.desk.lines().behind(&line.pool, *worth, at);
                }
                let wait = (**wait).clone();
                self.wait(lead, wait);
            }
        }
    }

    /// The lead waits for this, and for nothing else.
    pub(crate) fn wait(&mut self, lead: LeadId, wait: Wait) {
        self.end_wait(&lead);
        if let For::Turn { line, .. } = &wait.what
            && let Some(place) = place(&lead, &wait)
        {
            Arc::make_mut(&mut self.desk).lines_mut().join(line.clone(), place);
        }
        self.agenda.set(lead, wait);
    }

    pub(crate) fn end_wait(&mut self, lead: &LeadId) {
        let Some(wait) = self.agenda.end(lead) else { return };
        if let For::Turn { line, .. } = &wait.what
            && let Some(place) = place(lead, &wait)
        {
            Arc::make_mut(&mut self.desk).lines_mut().leave(line, &place);
        }
    }
}

/// Where a lead stands that waits for a turn.
fn place(lead: &LeadId, wait: &Wait) -> Option<Place> {
    match &wait.what {
        For::Turn { worth, .. } => Some(Lines::place(lead.clone(), wait.since, *worth)),
        For::Response { .. } | For::Answer(_) | For::Lead(_) => None,
    }
}

/// The wait with everybody whose time is over by now among those who were tried.
fn tried(wait: &Wait, now: Timestamp) -> Wait {
    let mut wait = wait.clone();
    let over: Vec<RepId> = match &wait.what {
        For::Response { rep, .. } => vec![rep.clone()],
        For::Turn { .. } | For::Lead(_) => Vec::new(),
        For::Answer(offer) => {
            offer.asked.iter().filter(|asked| asked.until <= now).map(|asked| asked.rep.clone()).collect()
        }
    };
    wait.tried.extend(over);
    wait
}
