//! A workspace and a file of events become decisions: the same way as live, but for what
//! comes before and after. The same inputs give the same bytes.

use std::sync::Arc;

use rota_domain::decision::{Apply, Decision};
use rota_domain::event::{Event, Happening};
use rota_domain::id::{PoolId, RepId, Seed};
use rota_domain::rule::Mode;
use rota_domain::stages::Stages;
use rota_domain::workspace::{Member, Workspace};
use rota_flow::enrich::{EnrichedLead, Facts};
use rota_flow::ledger::Ledger;
use rota_flow::ports::{EntryBody, Recorded, Rules};

use crate::bind::Bound;

/// A tenant that lives in memory only.
pub struct Simulation {
    ledger: Ledger,
    rules: Arc<dyn Rules>,
}

impl Simulation {
    /// A tenant at the beginning of its log; the workspace is its first entry.
    #[must_use]
    pub fn new(bound: Bound, rules: Arc<dyn Rules>, seed: Seed, began: jiff::Timestamp) -> Self {
        let Bound { workspace, bindings, .. } = bound;
        let mut ledger = Ledger::new(seed, workspace.clone(), bindings.clone(), Mode::Test);
        ledger.revise(workspace, bindings, None, began);
        Self { ledger, rules }
    }

    /// What an event leads to: a decision, where it is a lead.
    pub fn happen(&mut self, event: Event) -> Option<Recorded> {
        let Event { at, what } = event;
        match what {
            Happening::Lead { lead, flow } => {
                let stages = Stages { occurred: Some(at), received: Some(at), enriched: Some(at), ..Stages::default() };
                let lead = EnrichedLead {
                    lead: Arc::new(*lead),
                    facts: Facts::Known,
                    flow,
                    attempt: 1,
                    inbox: None,
                    apply: Apply::Host,
                    stages,
                };
                self.ledger.forget(at);
                match self.ledger.decide(lead, &*self.rules, at).body {
                    EntryBody::Decision(recorded) => Some(*recorded),
                    EntryBody::Workspace { .. }
                    | EntryBody::Rep { .. }
                    | EntryBody::Counter { .. }
                    | EntryBody::Closed { .. } => None,
                }
            }
            Happening::Rep { rep, status } => {
                self.ledger.status(rep, status, at);
                None
            }
            Happening::Member { pool, rep, weight } => {
                let workspace = with_member(&self.ledger.desk().workspace, &pool, &rep, weight);
                let bindings = self.ledger.bindings().clone();
                self.ledger.revise(Arc::new(workspace), bindings, None, at);
                None
            }
            Happening::Closed { lead } => {
                self.ledger.close(lead, None, at);
                None
            }
            Happening::Tick {} => None,
        }
    }

    /// The decisions of many events, in order.
    pub fn decisions(&mut self, events: impl IntoIterator<Item = Event>) -> Vec<Decision> {
        events.into_iter().filter_map(|event| self.happen(event)).map(|recorded| recorded.decision).collect()
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
