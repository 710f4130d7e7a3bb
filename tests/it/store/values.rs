//! Values that the suite stores, and the few verbs that most of its tests use.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rota_domain::decision::{Apply, Decision, EffectKind, Outcome};
use rota_domain::effect::{Act, Effect, Urgency};
use rota_domain::fairness::Rotation;
use rota_domain::id::{ConnectionId, DecisionId, EffectId, FlowId, OwnerId, RepId, RotationId, Seed, TenantId};
use rota_domain::lead::Lead;
use rota_domain::person::PersonKey;
use rota_domain::rule::Reason;
use rota_domain::stages::Stages;
use rota_domain::workspace::Workspace;
use rota_flow::ports::{
    Arrival, Claim, Entry, EntryBody, InHand, LaneState, Payload, Private, Recalled, Recorded, Settle, Settlement,
    Store, WaitChange,
};
use serde_json::json;

/// How long the suite's claims last.
pub(crate) const LEASE: SignedDuration = SignedDuration::from_secs(30);

/// A time, in seconds after the suite's first.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_770_000_000 + seconds).unwrap()
}

pub(crate) fn acme() -> TenantId {
    TenantId::from("acme")
}

pub(crate) fn hs() -> ConnectionId {
    ConnectionId::from("hs")
}

/// A tenant whose log holds a workspace as its first entry.
pub(crate) async fn begin(store: &dyn Store, tenant: &TenantId) {
    store.open(tenant, Seed::from_number(7)).await.unwrap();
    store.record(tenant, 0, vec![entry(0, revision(workspace(tenant, 1), vec![]))]).await.unwrap();
}

/// A revision of the workspace, and the rotations after it.
pub(crate) fn revision(workspace: Workspace, rotations: Vec<(RotationId, Rotation)>) -> EntryBody {
    EntryBody::Workspace { workspace: Arc::new(workspace), rotations, origin: None }
}

/// A workspace; `weight` tells revisions apart.
pub(crate) fn workspace(tenant: &TenantId, weight: u32) -> Workspace {
    serde_json::from_value(json!({
        "workspace": tenant,
        "time_zone": "Europe/Vienna",
        "reps": [{"id": "ana", "name": "Ana", "crm": {"hs": "71"}}, {"id": "ben"}],
        "pools": [{"id": "na", "members": [{"rep": "ana", "weight": weight}, {"rep": "ben"}]}],
        "connections": [{"id": "hs", "kind": "hubspot", "portal_id": 4711}],
        "sources": [{"class": "inbound:chatbot", "when": {"property": "source", "in": ["chat", "bot"]}}],
        "flows": [{"id": "inbound", "plugin": "next-in-line", "settings": {"pool": "na"},
                   "fallback": {"queue": "triage"}, "coalesce": "10m"}],
    }))
    .unwrap()
}

pub(crate) fn lead(id: &str, email: &str) -> Lead {
    serde_json::from_value(json!({"id": id, "properties": {"email": email, "firstname": "Zaphod"}})).unwrap()
}

/// A record that is to be decided about.
pub(crate) fn arrival(key: &str) -> Arrival {
    let payload = Payload::Record {
        connection: hs(),
        object: "contact".into(),
        id: key.into(),
        trigger: "created".into(),
        attempt: 1,
    };
    Arrival { dedupe_key: key.into(), occurred: at(0), payload }
}

/// A lead that came with everything.
pub(crate) fn arrival_of(key: &str, lead: Lead) -> Arrival {
    let payload = Payload::Lead { lead: Box::new(lead), flow: Some(FlowId::from("inbound")) };
    Arrival { dedupe_key: key.into(), occurred: at(0), payload }
}

pub(crate) fn entry(seconds: i64, body: EntryBody) -> Entry {
    Entry { at: at(seconds), inbox: None, body }
}

/// A decision about contact 1, with these acts on it.
pub(crate) fn decided(id: &str, acts: Vec<Act>) -> Recorded {
    decided_about("1", id, acts)
}

/// A decision about a contact, with these acts on it.
pub(crate) fn decided_about(record: &str, id: &str, acts: Vec<Act>) -> Recorded {
    let id = DecisionId::from(id);
    let lead = lead(&format!("hs:contact:{record}"), &format!("joe{record}@big.example"));
    let effects: Vec<Effect> = acts
        .into_iter()
        .enumerate()
        .map(|(n, act)| Effect {
            id: EffectId::of(&id, n),
            connection: hs(),
            object: "contact".into(),
            record: record.into(),
            act,
        })
        .collect();
    Recorded {
        decision: Decision {
            effects: effects.iter().map(|effect| EffectKind { kind: effect.act.kind().into() }).collect(),
            id,
            lead: lead.id.clone(),
            at: at(0),
            flow: Some(FlowId::from("inbound")),
            trigger: "created".into(),
            class: "inbound:demo-request".into(),
            outcome: Outcome::Assign,
            rep: Some(RepId::from("ana")),
            owner: Some(OwnerId::from("71")),
            pool: None,
            queue: None,
            nurture: None,
            offered: Vec::new(),
            passed_over: Vec::new(),
            reason: Reason::new("next-in-line", "Ana is next in `na`"),
            fallback: false,
            error: None,
            error_detail: None,
            response_due: None,
            plugin: None,
            revision: 1,
            fuel: 1_234,
            repeated: false,
            of: None,
            marks: Vec::new(),
            apply: Apply::Host,
        },
        person: PersonKey::of(&lead),
        private: Private { lead: Some(lead), ..Private::default() },
        in_hand: InHand::default(),
        waits: WaitChange::AsBefore,
        counters: Vec::new(),
        rows: Vec::new(),
        turn: None,
        effects,
        stages: Stages { decided: Some(at(0)), ..Stages::default() },
        decide_nanos: 21_000,
    }
}

pub(crate) fn owner(owner: &str) -> Act {
    Act::Owner { rep: RepId::from("ana"), owner: OwnerId::from(owner), keep: false, attempt: 1 }
}

pub(crate) fn task(subject: &str) -> Act {
    Act::Task { subject: subject.into(), body: "Call Zaphod".into(), due: at(60), owner: None, urgency: Urgency::Usual }
}

pub(crate) fn property(value: &str) -> Act {
    Act::Property { name: "route".into(), value: value.into() }
}

/// Appends a decision to acme's log, wherever that stands.
pub(crate) async fn record(store: &dyn Store, seconds: i64, recorded: Recorded) {
    let seq = store.load(&acme(), at(1_000_000)).await.unwrap().seq;
    let entries = vec![entry(seconds, EntryBody::Decision(Box::new(recorded)))];
    store.record(&acme(), seq, entries).await.unwrap();
}

/// Claims everything that acme has for its CRM.
pub(crate) async fn claim(store: &dyn Store, seconds: i64) -> Vec<Claim> {
    store.claim(&acme(), &hs(), at(seconds), LEASE, 100).await.unwrap()
}

/// Claims, and expects exactly one.
pub(crate) async fn claim_one(store: &dyn Store, seconds: i64) -> Claim {
    let mut claims = claim(store, seconds).await;
    assert_eq!(claims.len(), 1, "{claims:?}");
    claims.remove(0)
}

/// The ids of the effects of some claims.
pub(crate) fn ids(claims: &[Claim]) -> Vec<&str> {
    claims.iter().map(|claim| claim.effect.id.as_str()).collect()
}

/// Settles one claim; whether the lease still held.
pub(crate) async fn settle(store: &dyn Store, seconds: i64, claim: Claim, settle: Settle) -> bool {
    let held = store.settle(vec![Settlement { claim, settle, at: at(seconds) }]).await.unwrap();
    assert_eq!(held.len(), 1);
    held[0]
}

pub(crate) fn retry(seconds: i64) -> Settle {
    Settle::Retry { at: at(seconds), counts: true, trouble: None, cause: "503".into() }
}

pub(crate) fn dead(again: Option<Arrival>) -> Settle {
    Settle::Dead { trouble: rota_domain::delivery::Trouble::Rejected, cause: "400: no such owner".into(), again }
}

/// A decision that must be there.
pub(crate) async fn recall(store: &dyn Store, id: &str) -> Recalled {
    store.decision(&acme(), &DecisionId::from(id)).await.unwrap().expect("the decision was stored")
}

/// The states of a decision's effects, in order.
pub(crate) async fn states(store: &dyn Store, id: &str) -> Vec<LaneState> {
    recall(store, id).await.effects.iter().map(|row| row.state).collect()
}
