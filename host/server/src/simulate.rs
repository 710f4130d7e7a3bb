//! A workspace and a file of events become decisions: the same way as live, but for what
//! comes before and after. The same inputs give the same bytes.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use rota_domain::agenda::trigger;
use rota_domain::decision::{Apply, Decision};
use rota_domain::event::{Event, Happening, OfferAnswer};
use rota_domain::id::{FlowId, LeadId, PoolId, RepId, Seed};
use rota_domain::lead::Lead;
use rota_domain::rule::Mode;
use rota_domain::stages::Stages;
use rota_domain::table::{DatedRow, RowChange};
use rota_domain::workspace::{Member, Workspace};
use rota_flow::enrich::{EnrichedLead, Facts, Occasion};
use rota_flow::ledger::Ledger;
use rota_flow::ports::{EntryBody, Recorded, Rules};
use rota_flow::waiting::Due;

use crate::bind::Bound;

/// A tenant that lives in memory only.
pub struct Simulation {
    ledger: Ledger,
    rules: Arc<dyn Rules>,
    /// Leads as they came last.
    leads: HashMap<LeadId, Lead>,
    /// Whom people gave records to by hand. It is seen when the record is read again, as live.
    owners: HashMap<LeadId, RepId>,
    /// How many rows were added to dated tables.
    rows: u64,
    now: Timestamp,
}

impl Simulation {
    /// A tenant at the beginning of its log; the workspace is its first entry.
    #[must_use]
    pub fn new(bound: Bound, rules: Arc<dyn Rules>, seed: Seed, began: Timestamp) -> Self {
        let Bound { workspace, bindings, .. } = bound;
        let mut ledger = Ledger::new(seed, workspace.clone(), bindings.clone(), Mode::Test);
        ledger.revise(workspace, bindings, None, began);
        Self { ledger, rules, leads: HashMap::new(), owners: HashMap::new(), rows: 0, now: began }
    }

    /// What is due until then, in the order of time: offers that are over, answers that did not come,
    /// leads for whom there is somebody again.
    pub fn pass(&mut self, until: Timestamp) -> Vec<Recorded> {
        let mut recorded = Vec::new();
        loop {
            while let Some(due) = self.ledger.due(self.now).into_iter().next() {
                // What turns out not to be due is not asked for ever.
                let Some(again) = self.again(due) else { break };
                recorded.push(again);
            }
            match self.ledger.next_due(self.now).filter(|next| *next <= until) {
                Some(next) => self.now = next,
                None => break,
            }
        }
        self.now = self.now.max(until);
        recorded
    }

    fn again(&mut self, due: Due) -> Option<Recorded> {
        let Due { lead, wait, trigger } = due;
        let lead = Lead { trigger: trigger.into(), ..self.read(lead) };
        self.decide(lead, None, Occasion::Due(wait.entry), self.now)
    }

    /// What an event leads to: a decision, where it is a lead, or a rep who takes one.
    pub fn happen(&mut self, event: Event) -> Option<Recorded> {
        let Event { at, what } = event;
        self.now = self.now.max(at);
        match what {
            Happening::Lead { lead, flow } => {
                let id = lead.id.clone();
                self.leads.insert(id.clone(), *lead);
                return self.decide(self.read(id), flow, Occasion::Event, at);
            }
            Happening::Owner { lead, rep, .. } => {
                self.owners.insert(lead, rep);
                return None;
            }
            Happening::Offer { lead, rep, answer: OfferAnswer::Accept } => {
                let lead = Lead { trigger: trigger::OFFER_ACCEPTED.into(), ..self.read(lead) };
                return self.decide(lead, None, Occasion::Accepted(rep), at);
            }
            Happening::Offer { lead, rep, answer: OfferAnswer::Decline } => self.ledger.decline(lead, rep, None, at),
            Happening::Rep { rep, status } => self.ledger.status(rep, status, at),
            Happening::Member { pool, rep, weight } => {
                let workspace = with_member(&self.ledger.desk().workspace, &pool, &rep, weight);
                let bindings = self.ledger.bindings().clone();
                self.ledger.revise(Arc::new(workspace), bindings, None, at)
            }
            Happening::Metric { name, values } => {
                for (rep, number) in values {
                    // Each adds a row of its own, behind those before.
                    self.rows += 1;
                    let says = DatedRow { key: rep.to_string(), at: at.to_string(), value: number.to_string() };
                    let change = RowChange { table: name.clone(), id: format!("{:09}", self.rows), row: Some(says) };
                    self.ledger.change_row(change, None, at);
                }
                return None;
            }
            Happening::Closed { lead } => self.ledger.close(lead, None, at),
            Happening::Responded { lead } => self.ledger.responded(lead, None, at),
            Happening::Tick {} => return None,
        };
        None
    }

    /// The record of a lead, as the CRM would give it now.
    fn read(&self, lead: LeadId) -> Lead {
        let given = self.owners.get(&lead).map(RepId::to_string);
        let known = self.leads.get(&lead).cloned().unwrap_or_else(|| Lead::unknown(lead));
        Lead { owner: known.owner.or(given), ..known }
    }

    fn decide(&mut self, lead: Lead, flow: Option<FlowId>, occasion: Occasion, at: Timestamp) -> Option<Recorded> {
        let stages = Stages { occurred: Some(at), received: Some(at), enriched: Some(at), ..Stages::default() };
        let (lead, facts, inbox, apply) = (Arc::new(lead), Facts::Known, None, Apply::Host);
        let lead = EnrichedLead { lead, facts, occasion, flow, attempt: 1, inbox, apply, stages };
        self.ledger.forget(at);
        match self.ledger.decide(lead, &*self.rules, at).body {
            EntryBody::Decision(recorded) => Some(*recorded),
            _ => None,
        }
    }

    /// The decisions of many events, in order, with what became due between them.
    pub fn decisions(&mut self, events: impl IntoIterator<Item = Event>) -> Vec<Decision> {
        let mut decisions = Vec::new();
        for event in events {
            decisions.extend(self.pass(event.at));
            decisions.extend(self.happen(event));
        }
        decisions.extend(self.pass(self.now));
        decisions.into_iter().map(|recorded| recorded.decision).collect()
    }

    /// The time of the last event, or of what became due after it.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }
}

fn with_member(workspace: &Workspace, pool: &PoolId, rep: &RepId, weight: Option<u32>) -> Workspace {
    let mut workspace = workspace.clone();
    if let Some(pool) = workspace.pools.iter_mut().find(|known| known.id == *pool) {
        match (weight, pool.members.iter_mut().find(|member| member.rep == *rep)) {
            (Some(share), Some(member)) if member.percent.is_some() => member.percent = Some(share),
            (Some(weight), Some(member)) => member.weight = weight,
            (Some(weight), None) => pool.members.push(Member { rep: rep.clone(), weight, percent: None, score: None }),
            (None, _) => pool.members.retain(|member| member.rep != *rep),
        }
    }
    workspace
}
