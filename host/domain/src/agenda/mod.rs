//! What is to come of leads that were decided about: an answer within a time, a rep who accepts, or
//! anybody who is there at all. When it is due, the lead is decided about again.
//!
//! A lead waits for one thing at a time. What it waits for is set and ended by entries of the log, and
//! whether that is due follows from the clock alone: so it comes once, in order, whoever looks.

mod line;
mod wait;

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;

pub use line::{Line, Lines, Place, Reserved};
pub use wait::{For, Offer, OfferOrder, Wait};

use crate::id::{LeadId, RepId};

/// Why a lead is decided about again, as rules read it.
pub mod trigger {
    /// Nobody answered it in time.
    pub const SLA_BREACHED: &str = "sla-breached";
    /// Who had it has left.
    pub const REP_LEFT: &str = "rep-left";
    /// It waited for a turn, and there is somebody.
    pub const RELEASED: &str = "released";
    /// Whoever was asked did not answer in time.
    pub const OFFER_EXPIRED: &str = "offer-expired";
    /// Whoever was asked declined.
    pub const OFFER_DECLINED: &str = "offer-declined";
    /// The next rep is asked, beside those who were.
    pub const OFFER_NEXT: &str = "offer-next";
    /// A rep who was asked accepted.
    pub const OFFER_ACCEPTED: &str = "offer-accepted";

    /// Those that a flow can wish to be asked for.
    pub const WISHED: [&str; 2] = [SLA_BREACHED, REP_LEFT];
}

/// What all leads wait for.
#[derive(Clone, Debug, Default)]
pub struct Agenda {
    waits: HashMap<LeadId, Wait>,
    /// What the clock ends, in that order.
    times: BTreeSet<(Timestamp, LeadId)>,
    /// Leads whose answer is waited for, by the rep who has them.
    with: BTreeSet<(RepId, LeadId)>,
    /// Leads that wait for what becomes of another of the same person, behind that one.
    behind: BTreeSet<(LeadId, LeadId)>,
    /// Those of them whose other is decided about.
    free: BTreeSet<LeadId>,
}

impl Agenda {
    /// What this lead waits for.
    #[must_use]
    pub fn of(&self, lead: &LeadId) -> Option<&Wait> {
        self.waits.get(lead)
    }

    /// The lead waits for this from now on, and for nothing else.
    pub fn set(&mut self, lead: LeadId, wait: Wait) {
        self.end(&lead);
        self.times.extend(wait.until().map(|until| (until, lead.clone())));
        self.with.extend(wait.rep().map(|rep| (rep.clone(), lead.clone())));
        if let For::Lead(other) = &wait.what {
            self.behind.insert((other.clone(), lead.clone()));
            self.free.extend(Some(lead.clone()).filter(|_| !self.is_open(other)));
        }
        let this = lead.clone();
        self.waits.insert(lead, wait);
        self.free_behind(&this);
    }

    /// The lead waits for nothing any more; gives what it waited for.
    pub fn end(&mut self, lead: &LeadId) -> Option<Wait> {
        let wait = self.waits.remove(lead)?;
        if let Some(until) = wait.until() {
            self.times.remove(&(until, lead.clone()));
        }
        if let Some(rep) = wait.rep() {
            self.with.remove(&(rep.clone(), lead.clone()));
        }
        if let For::Lead(other) = &wait.what {
            self.behind.remove(&(other.clone(), lead.clone()));
            self.free.remove(lead);
        }
        self.free_behind(lead);
        Some(wait)
    }

    /// Those who wait for what becomes of this lead are free once it is decided about, and no more if it
    /// waits again.
    fn free_behind(&mut self, lead: &LeadId) {
        let behind = self.behind.range((lead.clone(), LeadId::from(""))..).take_while(|(other, _)| other == lead);
        let behind: Vec<LeadId> = behind.map(|(_, waits)| waits.clone()).collect();
        if self.is_open(lead) {
            for waits in &behind {
                self.free.remove(waits);
            }
        } else {
            self.free.extend(behind);
        }
    }

    /// Whether it is still open who gets this lead.
    #[must_use]
    pub fn is_open(&self, lead: &LeadId) -> bool {
        self.of(lead).is_some_and(Wait::is_open)
    }

    /// Leads of whose person another waited that is decided about by now.
    pub fn free(&self) -> impl Iterator<Item = (&LeadId, &Wait)> {
        self.free.iter().filter_map(|lead| self.waits.get_key_value(lead))
    }

    /// Leads whose time has come by then, the earliest first.
    pub fn due(&self, now: Timestamp) -> impl Iterator<Item = (&LeadId, &Wait)> {
        let due = self.times.iter().take_while(move |(until, _)| *until <= now);
        due.filter_map(|(_, lead)| self.waits.get_key_value(lead))
    }

    /// Reps whose answer is waited for, each once.
    pub fn reps(&self) -> impl Iterator<Item = &RepId> {
        let mut next = self.with.first().map(|(rep, _)| rep);
        std::iter::from_fn(move || {
            let this = next?;
            // Greater than all of this rep's leads: no id has so many bytes.
            let behind = (this.clone(), LeadId::from("\u{10ffff}".repeat(64)));
            next = self.with.range(behind..).next().map(|(rep, _)| rep);
            Some(this)
        })
    }

    /// Leads whose answer by this rep is waited for.
    pub fn with<'a>(&'a self, rep: &'a RepId) -> impl Iterator<Item = (&'a LeadId, &'a Wait)> {
        let theirs = self.with.range((rep.clone(), LeadId::from(""))..).take_while(move |(of, _)| of == rep);
        theirs.filter_map(|(_, lead)| self.waits.get_key_value(lead))
    }

    /// When the clock ends something next.
    #[must_use]
    pub fn next(&self) -> Option<Timestamp> {
        self.times.first().map(|(until, _)| *until)
    }

    /// Everything, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&LeadId, &Wait)> {
        self.waits.iter()
    }

    /// Whether no lead waits for anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waits.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minute)
    }

    fn until(minute: i64) -> Wait {
        Wait::first(1, "d1".into(), at(0), "f".into(), For::Response { rep: "ana".into(), due: Some(at(minute)) })
    }

    #[test]
    fn what_is_due_comes_in_the_order_of_time_and_only_once_its_time_has_come() {
        let mut agenda = Agenda::default();
        for (lead, minute) in [("late", 9), ("soon", 3), ("later", 20)] {
            agenda.set(lead.into(), until(minute));
        }
        let due =
            |agenda: &Agenda, minute| agenda.due(at(minute)).map(|(lead, _)| lead.to_string()).collect::<Vec<_>>();
        assert_eq!(due(&agenda, 2), [""; 0]);
        assert_eq!(due(&agenda, 9), ["soon", "late"]);
        agenda.end(&"soon".into());
        assert_eq!(due(&agenda, 9), ["late"]);
        assert_eq!(agenda.next(), Some(at(9)));
    }

    #[test]
    fn a_lead_waits_for_one_thing_at_a_time() {
        let mut agenda = Agenda::default();
        agenda.set("a".into(), until(3));
        agenda.set("a".into(), until(8));
        assert_eq!(agenda.due(at(5)).count(), 0);
        assert_eq!(agenda.end(&"a".into()), Some(until(8)));
        assert!(agenda.is_empty() && agenda.next().is_none());
    }
    #[test]
    fn who_waits_for_another_lead_is_free_once_that_is_decided_about_and_not_while_it_waits_again() {
        let wait = |what| Wait::first(1, "d1".into(), at(0), "f".into(), what);
        let turn = || {
            let line = Line { pool: "na".into(), among: Vec::new(), kinds: Vec::new() };
            wait(For::Turn { line, worth: 0 })
        };
        let mut agenda = Agenda::default();
        agenda.set("a".into(), turn());
        for lead in ["b", "c"] {
            agenda.set(lead.into(), wait(For::Lead("a".into())));
        }
        agenda.set("d".into(), wait(For::Lead("gone".into())));
        let free = |agenda: &Agenda| agenda.free().map(|(lead, _)| lead.to_string()).collect::<Vec<_>>();
        assert_eq!(free(&agenda), ["d"], "there is nothing that it could wait for");
        agenda.set("a".into(), until(9));
        assert_eq!(free(&agenda), ["b", "c", "d"], "somebody has it");
        agenda.set("a".into(), turn());
        assert_eq!(free(&agenda), ["d"]);
        agenda.end(&"c".into());
        agenda.end(&"a".into());
        assert_eq!(free(&agenda), ["b", "d"]);
        agenda.set("b".into(), until(9));
        agenda.end(&"d".into());
        assert_eq!(free(&agenda), [""; 0]);
    }
}
