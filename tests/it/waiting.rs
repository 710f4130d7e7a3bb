//! What leads wait for: somebody who is there, a rep who accepts, an answer in time.

mod always;
mod copies;
mod lines;
mod offers;
mod responses;

use std::fmt::Write as _;
use std::sync::Arc;

use jiff::Timestamp;
use rota::simulate::Simulation;
use rota_domain::agenda::OfferOrder;
use rota_domain::decision::Decision;
use rota_domain::event::Event;
use rota_domain::id::{Digest, RepId, Seed};
use rota_domain::rule::{Answer, Choice, Decided, OfferTo, Question, Reason, Verdict};
use rota_flow::ports::{Plugin, Rules};
use serde_json::{Value, json};

use crate::tenant;

/// The bundled rules, but that a lead with a property `offer` is offered to all reps.
struct Offering(Arc<dyn Rules>);

impl Rules for Offering {
    fn ask(&self, question: Question) -> Answer {
        let order = match question.lead.property("offer") {
            Some("in-turn") => OfferOrder::InTurn,
            Some(_) => OfferOrder::AtOnce,
            None => return self.0.ask(question),
        };
        let stagger = question.lead.property("stagger").and_then(|text| text.parse().ok()).unwrap_or(0);
        let reps: Vec<RepId> = question.desk.workspace.reps.iter().map(|rep| rep.id.clone()).collect();
        let to = OfferTo { reps, order, within: 60, stagger, otherwise: "unclaimed".into() };
        let verdict = Verdict::Decided(Box::new(Decided {
            choice: Choice::Offer(to),
            reason: Reason::new("offered", "who is quick"),
            turn: None,
            wishes: Vec::new(),
            response_due: None,
            counters: Vec::new(),
        }));
        let (notes, log, marks) = (Vec::new(), Vec::new(), Vec::new());
        Answer { verdict, transcript: Vec::new(), notes, log, marks, nobody: None, fuel: 1, nanos: 0 }
    }

    fn plugin(&self, digest: &Digest) -> Option<Plugin> {
        self.0.plugin(digest)
    }
}

/// A second after midnight on a Monday.
fn at(second: i64) -> Timestamp {
    "2026-03-02T00:00:00Z".parse::<Timestamp>().expect("a time") + jiff::SignedDuration::from_secs(second)
}

/// What is decided in this workspace after these events, each with its second.
fn decided(workspace: &str, events: &[(i64, Value)]) -> Vec<Decision> {
    let folder = tenant::workspace(workspace, &[]);
    let (bound, rules) = tenant::bound(folder.path());
    let mut simulation = Simulation::new(bound, Arc::new(Offering(rules)), Seed::from_number(1), at(0));
    let event = |(second, what): &(i64, Value)| {
        let mut what = what.clone();
        what["at"] = json!(at(*second));
        serde_json::from_value::<Event>(what).expect("an event")
    };
    simulation.decisions(events.iter().map(event))
}

/// The same, a line a decision: when, about which lead, why, and what became of it.
fn story(workspace: &str, events: &[(i64, Value)]) -> String {
    let mut story = String::new();
    for decision in decided(workspace, events) {
        let Decision { lead, trigger, outcome, rep, queue, offered, .. } = &decision;
        let second = decision.at.duration_since(at(0)).as_secs();
        let asked: Vec<&str> = offered.iter().map(|asked| asked.rep.as_str()).collect();
        let who = rep.as_ref().map(RepId::as_str).or(queue.as_deref()).map_or(asked.join("+"), str::to_owned);
        let line = format!("{second} {lead} {trigger}: {} {who}", outcome.as_str());
        writeln!(story, "{}", line.trim_end()).expect("text");
    }
    story
}

fn lead(id: &str) -> Value {
    lead_with(id, json!({}))
}

fn lead_with(id: &str, properties: Value) -> Value {
    let mut lead = json!({"kind": "lead", "lead": {"id": id, "trigger": "created"}});
    lead["lead"]["properties"] = properties;
    lead
}

fn rep(rep: &str, status: &str) -> Value {
    json!({"kind": "rep", "rep": rep, "status": status})
}

fn tick() -> Value {
    json!({"kind": "tick"})
}
