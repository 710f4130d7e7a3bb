//! What becomes of a lead where something stands in its way: each still ends with an owner,
//! a place or a reason.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rota::bind::{Bound, bind};
use rota::config::Loaded;
use rota_domain::decision::{Apply, Decision, Outcome};
use rota_domain::event::Status;
use rota_domain::id::{FlowId, Seed};
use rota_domain::lead::Lead;
use rota_domain::rule::Mode;
use rota_domain::stages::Stages;
use rota_domain::workspace::{Flow, Workspace};
use rota_flow::decide::{DELIVERY_FAILED, OWNER_ATTEMPTS};
use rota_flow::enrich::{EnrichedLead, Facts, Occasion};
use rota_flow::ledger::Ledger;
use rota_flow::ports::EntryBody;
use rota_rules::Catalogue;
use serde_json::{Value, json};

/// A tenant with the reps ana, bo and cy in one pool, who are 1, 2 and 3 in the CRM.
struct Desk {
    ledger: Ledger,
    rules: Arc<Catalogue>,
    now: Timestamp,
}

fn workspace(flows: &Value) -> Workspace {
    let rep = |id: &str, owner: &str| json!({"id": id, "crm": {"hs": owner}});
    let members = json!([{"rep": "ana"}, {"rep": "bo"}, {"rep": "cy"}]);
    serde_json::from_value(json!({
        "workspace": "acme",
        "reps": [rep("ana", "1"), rep("bo", "2"), rep("cy", "3")],
        "pools": [{"id": "all", "members": members}],
        "connections": [{"id": "hs", "kind": "hubspot"}],
        "flows": flows,
    }))
    .expect("a workspace")
}

fn flow(id: &str, fallback: &Value) -> Value {
    json!({"id": id, "plugin": "next-in-line", "settings": {"pool": "all"}, "fallback": fallback})
}

fn bound(workspace: Workspace, catalogue: &Catalogue) -> Bound {
    let text = |flow: &Flow| serde_json::to_string(&flow.settings).expect("JSON").into();
    let settings: BTreeMap<FlowId, Arc<str>> =
        workspace.flows.iter().map(|flow| (flow.id.clone(), text(flow))).collect();
    let (components, tables, calendar_files) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    bind(Loaded { workspace, settings, components, tables, calendar_files, trusted: true }, catalogue)
        .expect("it binds")
}

impl Desk {
    fn new(flows: &Value) -> Self {
        let rules = Arc::new(Catalogue::new().expect("an engine"));
        let Bound { workspace, bindings, .. } = bound(workspace(flows), &rules);
        let now = "2026-03-02T09:00:00Z".parse().expect("a time");
        let mut ledger = Ledger::new(Seed::from_number(1), workspace.clone(), bindings.clone(), Mode::Test);
        ledger.revise(workspace, bindings, None, now);
        Self { ledger, rules, now }
    }

    fn simple() -> Self {
        Self::new(&json!([flow("inbound", &json!({"queue": "triage"}))]))
    }

    fn lead(&mut self, lead: Value, change: impl FnOnce(&mut EnrichedLead)) -> Decision {
        self.now = self.now.checked_add(SignedDuration::from_secs(1)).expect("a time");
        let lead: Lead = serde_json::from_value(lead).expect("a lead");
        let mut lead = EnrichedLead {
            lead: Arc::new(lead),
            facts: Facts::Known,
            occasion: Occasion::Event,
            flow: None,
            attempt: 1,
            inbox: None,
            apply: Apply::Host,
            stages: Stages::default(),
        };
        change(&mut lead);
        match self.ledger.decide(lead, &*self.rules, self.now).body {
            EntryBody::Decision(recorded) => recorded.decision,
            other => panic!("no decision: {other:?}"),
        }
    }

    fn arrives(&mut self, lead: Value) -> Decision {
        self.lead(lead, |_| {})
    }
}

fn contact(n: u32, email: &str) -> Value {
    json!({"id": format!("hs:contact:{n}"), "properties": {"email": email}, "trigger": "created"})
}

fn again(n: u32, email: &str) -> Value {
    let mut lead = contact(n, email);
    lead["trigger"] = DELIVERY_FAILED.into();
    lead
}

#[test]
fn a_record_that_the_crm_will_not_give_goes_to_the_fallback_and_says_why() {
    let mut desk = Desk::simple();
    let decision = desk.lead(contact(1, "a@b.example"), |lead| lead.facts = Facts::Refused("no scope".into()));
    assert_eq!((decision.outcome, decision.queue.as_deref()), (Outcome::Queue, Some("triage")));
    assert_eq!((decision.reason.code.as_str(), decision.reason.detail.as_str()), ("record-unreadable", "no scope"));
    assert!(decision.fallback);
}

#[test]
fn a_record_that_is_gone_has_no_owner_and_a_reason() {
    let mut desk = Desk::simple();
    let decision = desk.lead(contact(1, "a@b.example"), |lead| lead.facts = Facts::Gone);
    assert_eq!((decision.outcome, decision.reason.code.as_str()), (Outcome::Pass, "record-gone"));
}

#[test]
fn after_the_last_owner_that_the_crm_refuses_a_queue_takes_the_lead_and_no_turn_is_taken() {
    let mut desk = Desk::new(&json!([flow("inbound", &json!({"rep": "ana"}))]));
    let decision = desk.lead(again(1, "a@b.example"), |lead| lead.attempt = OWNER_ATTEMPTS + 1);
    assert_eq!((decision.outcome, decision.queue.as_deref()), (Outcome::Queue, Some("unowned")));
    assert_eq!((decision.reason.code.as_str(), decision.pool), (DELIVERY_FAILED, None));
}

#[test]
fn copies_of_a_person_whose_owner_left_get_the_same_new_owner() {
    let mut desk = Desk::simple();
    let first = desk.arrives(contact(1, "joe@big.example"));
    let second = desk.arrives(contact(2, "joe@big.example"));
    assert_eq!((first.rep.as_ref(), second.outcome), (second.rep.as_ref(), Outcome::Coalesced));
    desk.ledger.status(first.rep.expect("a rep"), Status::Left, desk.now);
    let (first, second) = (desk.arrives(again(1, "joe@big.example")), desk.arrives(again(2, "joe@big.example")));
    assert_eq!((first.outcome, second.outcome), (Outcome::Assign, Outcome::Coalesced));
    assert_eq!((first.rep.as_ref(), second.rep.as_ref()), (Some(&"bo".into()), Some(&"bo".into())));
}

fn two_flows(newsletter_pool: &str) -> Desk {
    let mut newsletter = flow("newsletter", &json!({"queue": "later"}));
    newsletter["settings"] = json!({ "pool": newsletter_pool });
    newsletter["enrol"] = json!({"where": {"property": "kind", "is": "newsletter"}});
    Desk::new(&json!([newsletter, flow("inbound", &json!({"queue": "triage"}))]))
}

fn reader(n: u32, email: &str) -> Value {
    let mut lead = contact(n, email);
    lead["properties"]["kind"] = "newsletter".into();
    lead
}

#[test]
fn a_place_that_one_flow_gave_does_not_keep_another_flow_from_deciding() {
    let mut desk = two_flows("nowhere");
    let parked = desk.arrives(reader(1, "joe@big.example"));
    assert_eq!((parked.flow, parked.queue), (Some("newsletter".into()), Some("later".into())));
    let demo = desk.arrives(contact(1, "joe@big.example"));
    assert_eq!((demo.outcome, demo.flow), (Outcome::Assign, Some("inbound".into())));
}

#[test]
fn an_owner_that_one_flow_gave_is_the_persons_owner_in_every_flow() {
    let mut desk = two_flows("all");
    let owned = desk.arrives(reader(1, "joe@big.example"));
    let demo = desk.arrives(contact(2, "joe@big.example"));
    assert_eq!((demo.outcome, demo.rep, demo.of), (Outcome::Coalesced, owned.rep, Some(owned.id)));
}

#[test]
fn who_joins_a_record_of_somebody_unknown_to_the_workspace_is_decided_about() {
    let mut desk = Desk::simple();
    let mut owned = contact(1, "joe@big.example");
    owned["owner"] = "hs:99".into();
    let first = desk.arrives(owned);
    assert_eq!((first.outcome, first.owner), (Outcome::Kept, Some("99".into())));
    let second = desk.arrives(contact(2, "joe@big.example"));
    assert_eq!((second.outcome, second.rep), (Outcome::Assign, Some("ana".into())));
}

#[test]
fn a_flow_without_its_plugin_leaves_the_lead_to_its_fallback() {
    let mut desk = Desk::simple();
    let empty = Arc::new(rota_flow::bindings::Bindings::default());
    desk.ledger.revise(desk.ledger.desk().workspace.clone(), empty, None, desk.now);
    let decision = desk.arrives(contact(1, "a@b.example"));
    assert_eq!((decision.outcome, decision.queue.as_deref()), (Outcome::Queue, Some("triage")));
    assert!(decision.fallback && decision.error.is_some());
}

#[test]
fn a_workspace_reads_back_from_the_log_as_it_was_entered() {
    let catalogue = Catalogue::new().expect("an engine");
    let loaded = rota::config::load_workspace(&rota::demo::WORKSPACE).expect("the demo's workspace");
    let entered = bind(loaded, &catalogue).expect("it binds").workspace;
    let text = serde_json::to_string(&*entered).expect("JSON");
    let back: Workspace = serde_json::from_str(&text).expect("a workspace");
    assert_eq!(back, *entered);
}
