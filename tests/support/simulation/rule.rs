//! The tenant of a simulation: its workspace, and its rule as a native function, which takes
//! turns, counts, and asks for everything that a rule may ask for.

use std::collections::HashMap;
use std::sync::Arc;

use rota_domain::id::{Digest, FlowId, PoolId};
use rota_domain::limits::Limits;
use rota_domain::manifest::Language;
use rota_domain::rule::{Answer, Choice, Decided, ErrorCode, Failure, Question, Reason, Settings, Verdict, Wish};
use rota_domain::workspace::Workspace;
use rota_flow::bindings::{Binding, Bindings};
use rota_flow::ports::{Plugin, Rules};
use serde_json::json;

/// The counter in which each decision of the rule counts itself.
pub(super) const COUNTER: &str = "decided";
/// The reps, each with the owner's id in the CRM.
pub(super) const REPS: [(&str, &str); 5] = [("ana", "71"), ("bo", "72"), ("cy", "73"), ("dee", "74"), ("eli", "75")];
/// An owner who is no rep.
pub(super) const STRANGER: &str = "900";
/// The destination that rules send messages to.
pub(super) const DESTINATION: &str = "chat";

/// The workspace in one of its revisions, in which weights differ and members come and go. Records
/// of kind `keep` keep an active owner, the others are decided anew.
pub(super) fn workspace(revision: u64) -> Workspace {
    let reps: Vec<_> = REPS.iter().map(|(id, owner)| json!({"id": id, "crm": {"hs": owner}})).collect();
    let flow = |id: &str, coalesce: &str| {
        json!({"id": id, "plugin": "native", "owned": id, "fallback": {"queue": "triage"}, "coalesce": coalesce,
               "enrol": {"on": ["created", "changed"], "where": {"property": "kind", "is": id}}})
    };
    let mut members =
        vec![json!({"rep": "ana", "weight": 3 + revision % 3}), json!({"rep": "bo"}), json!({"rep": "cy"})];
    members.truncate(if revision.is_multiple_of(2) { 3 } else { 2 });
    serde_json::from_value(json!({
        "workspace": "acme",
        "reps": reps,
        "pools": [
            {"id": "a", "members": members},
            {"id": "b", "members": [{"rep": "cy"}, {"rep": "dee"}, {"rep": "eli"}]},
        ],
        "connections": [{"id": "hs", "kind": "hubspot", "portal_id": 4711}],
        "destinations": [{"id": DESTINATION, "url": "https://chat.example/in", "secret": {"env": "CHAT"}}],
        "flows": [flow("keep", "10m"), flow("overwrite", "0m")],
    }))
    .expect("the workspace reads")
}

/// The rule for both flows.
pub(super) fn bindings() -> Bindings {
    let manifest = serde_json::from_value(json!({
        "name": "native", "version": "1.0.0", "contract": "0.1",
        "reads": {"kind": "text", "pool": "text", "shape": "text"},
        "writes": {"route": "text"},
    }))
    .expect("the manifest reads");
    let plugin = Plugin {
        digest: Digest::of(b"native"),
        manifest: Arc::new(manifest),
        makeup: Arc::default(),
        settings_schema: None,
    };
    let binding = Binding { plugin, settings: Settings::new("{}"), limits: Limits::of(Language::Rust) };
    let flows: HashMap<FlowId, Binding> =
        ["keep", "overwrite"].map(|flow| (FlowId::from(flow), binding.clone())).into();
    Bindings { flows, ..Bindings::default() }
}

/// Answers for the only plugin.
pub(super) struct Native;

impl Rules for Native {
    fn ask(&self, question: Question) -> Answer {
        Answer {
            verdict: verdict(&question),
            transcript: Vec::new(),
            notes: Vec::new(),
            log: Vec::new(),
            marks: Vec::new(),
            nobody: None,
            fuel: 1_000,
            nanos: 0,
        }
    }

    fn plugin(&self, _: &Digest) -> Option<Plugin> {
        None
    }
}

fn verdict(question: &Question) -> Verdict {
    let lead = &question.lead;
    let pool = PoolId::from(lead.property("pool").unwrap_or("none"));
    let shape = lead.property("shape").unwrap_or_default();
    if shape == "fails" {
        return Verdict::Failed(Failure { code: ErrorCode::Trap, detail: "it fails on purpose".into() });
    }
    let Some(turn) = question.desk.next(&pool, &[], &[], question.call.now) else {
        return Verdict::Passed(Reason::new("nobody", "nobody is there"));
    };
    let task = |n: u32| Wish::Task { subject: format!("call {n}"), body: String::new(), due: None };
    let wishes = match shape {
        "tasks" => vec![task(1), task(2)],
        "all" => vec![
            Wish::Property { name: "route".into(), value: pool.to_string() },
            task(1),
            Wish::Note { body: "noted".into() },
            Wish::Notify { destination: DESTINATION.into(), message: "look".into() },
        ],
        "message" => vec![Wish::Notify { destination: DESTINATION.into(), message: "look".into() }],
        _ => Vec::new(),
    };
    let counted = question.desk.counter(&question.flow, COUNTER).wrapping_add(1);
    Verdict::Decided(Box::new(Decided {
        choice: Choice::Assign(turn.rep.clone()),
        reason: Reason::new("native", "whose turn it is"),
        turn: Some(turn),
        wishes,
        response_due: None,
        counters: vec![(COUNTER.into(), counted)],
    }))
}
