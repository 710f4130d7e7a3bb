//! The lines of a lead in the operator's log, from its arrival to its confirmed owner: each has
//! `tenant`, `lead` and, once there is one, `decision`, and nothing of a person. Traces are made
//! of the same lines; times are microseconds since 1970. Where nobody listens, they cost one
//! look at a flag.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use rota_domain::effect::{Act, Effect};
use rota_domain::id::{DecisionId, LeadId, TenantId};
use rota_domain::stages::Stages;

use crate::ports::{Claim, Entry, EntryBody, Payload, Settle, Settlement};

/// What these lines are called in a filter, as in `RUST_LOG=warn,rota::lead=debug`.
pub(crate) const TARGET: &str = "rota::lead";

/// Whether somebody wants these lines.
#[must_use]
pub fn is_read() -> bool {
    tracing::enabled!(target: "rota::lead", tracing::Level::DEBUG)
}

/// Something arrived that a lead is to be decided about for; it is stored, or waits in memory.
pub fn arrived(tenant: &TenantId, payload: &Payload, how: &'static str) {
    if !is_read() {
        return;
    }
    let lead = match payload.subject() {
        Payload::Record { connection, object, id, .. } => LeadId::of_record(connection, object, id),
        Payload::Lead { lead, .. } => lead.id.clone(),
        _ => return,
    };
    tracing::debug!(target: TARGET, %tenant, %lead, how, "A lead arrived");
}

/// A decision's line, made before it is recorded.
struct Line {
    lead: LeadId,
    decision: DecisionId,
    flow: String,
    outcome: &'static str,
    error: &'static str,
    plugin: String,
    fuel: u64,
    rules_nanos: u64,
    stages: Stages,
    /// The trace of the call that asked.
    parent: Option<String>,
}

/// The lines of a commit, written once it is recorded.
pub(crate) struct Lines {
    lines: Vec<Line>,
    /// The first failure of each kind, and how many there are.
    failures: BTreeMap<&'static str, (LeadId, DecisionId, u32)>,
}

impl Lines {
    /// The lines of these entries. `parents` are the traces of calls, by their decisions.
    pub(crate) fn of(entries: &[Entry], parents: &HashMap<DecisionId, String>) -> Self {
        let (read, mut these) = (is_read(), Self { lines: Vec::new(), failures: BTreeMap::new() });
        for entry in entries {
            let EntryBody::Decision(recorded) = &entry.body else { continue };
            let decision = &recorded.decision;
            let error = decision.error.map_or("", |code| code.as_str());
            if !error.is_empty() {
                let first = || (decision.lead.clone(), decision.id.clone(), 0);
                these.failures.entry(error).or_insert_with(first).2 += 1;
            }
            if !read {
                continue;
            }
            let plugin = decision.plugin.as_ref();
            these.lines.push(Line {
                lead: decision.lead.clone(),
                decision: decision.id.clone(),
                flow: decision.flow.as_ref().map(ToString::to_string).unwrap_or_default(),
                outcome: decision.outcome.as_str(),
                error,
                plugin: plugin.map(|plugin| format!("{}@{}", plugin.name, plugin.version)).unwrap_or_default(),
                fuel: decision.fuel,
                rules_nanos: recorded.decide_nanos,
                stages: recorded.stages,
                parent: parents.get(&decision.id).cloned(),
            });
        }
        these
    }

    /// They are recorded: one line a decision, and one a kind of failure, so that a rule which
    /// always fails does not drown everything else.
    pub(crate) fn recorded(self, tenant: &TenantId, now: Timestamp) {
        for (error, (lead, decision, number)) in self.failures {
            tracing::warn!(%tenant, %lead, %decision, error, number, "A rule failed, and the fallback took the lead; `rota why` says where");
        }
        for Line { lead, decision, flow, outcome, error, plugin, fuel, rules_nanos, stages, parent } in self.lines {
            let Stages { received, enriched, decided, .. } = stages;
            let (received_us, enriched_us) =
                (received.map(Timestamp::as_microsecond), enriched.map(Timestamp::as_microsecond));
            let decided_us = decided.map(Timestamp::as_microsecond);
            let recorded_us = now.as_microsecond();
            tracing::debug!(
                target: TARGET, %tenant, %lead, %decision, flow, outcome, error, plugin, fuel, rules_nanos,
                received_us, enriched_us, decided_us, recorded_us, parent, "A lead was decided about"
            );
        }
    }
}

/// What became of effects that a courier carried since `began`: one line each.
pub(crate) fn settled(settlements: &[Settlement], began: Timestamp) {
    let read = is_read();
    for Settlement { claim: Claim { tenant, effect, attempt, .. }, settle, at } in settlements {
        let dead = matches!(settle, Settle::Dead { .. });
        if !read && !dead {
            continue;
        }
        let (lead, decision) = about(effect);
        let (id, connection, kind) = (&effect.id, &effect.connection, effect.act.kind());
        if let Settle::Dead { trouble, .. } = settle {
            // What the CRM said may repeat what it knows of a person; that is for who may ask.
            let cause = trouble.code();
            tracing::warn!(%tenant, %lead, decision, effect = %id, %connection, kind, cause, "An effect is dead: see `rota outbox list --dead`");
        }
        let (state, what) = match (settle, &effect.act) {
            (Settle::Done, Act::Owner { .. }) => ("done", "The CRM confirmed the owner"),
            (Settle::Done, _) => ("done", "An effect was delivered"),
            (Settle::Superseded(_), _) => ("superseded", "An effect is not needed any more"),
            (Settle::Retry { .. }, _) => ("waiting", "An effect is tried again"),
            (Settle::Dead { .. }, _) => ("dead", "An effect is dead"),
        };
        let (began_us, settled_us) = (began.as_microsecond(), at.as_microsecond());
        tracing::debug!(
            target: TARGET, %tenant, %lead, decision, effect = %id, %connection, kind, state, attempt,
            began_us, settled_us, "{what}"
        );
    }
}

/// The lead and the decision of an effect.
fn about(effect: &Effect) -> (LeadId, &str) {
    let decision = effect.id.as_str().split_once('/').map_or(effect.id.as_str(), |(decision, _)| decision);
    let lead = match &effect.act {
        Act::Notify { about, .. } => about.lead.clone(),
        _ => LeadId::of_record(&effect.connection, &effect.object, &effect.record),
    };
    (lead, decision)
}
