//! One decision with everything around it, for the screens to show.

use jiff::Timestamp;
use rota_domain::decision::Decision;
use rota_domain::effect::{Act, Effect};
use rota_domain::fairness::{Besides, Candidate, Policy, Turn};
use rota_domain::icalendar::CalendarFiles;
use rota_domain::id::{DecisionId, EffectId};
use rota_domain::lead::Lead;
use rota_domain::rule::Note;
use rota_domain::stages::Stages;
use rota_domain::workspace::Workspace;
use rota_flow::ports::{LaneState, OutboxRow, Private, Recalled, Stored};
use serde_json::{Value, json};

pub(crate) const ID: &str = "019cae00-0000-7abc-8def-000000000001";

pub(crate) fn workspace() -> Workspace {
    toml::from_str(
        r#"
        workspace = "acme"
        reps = [
          { id = "ana", name = "Ana Ruiz", crm = { hs = "71" } },
          { id = "bo", name = "Bo Lindqvist", crm = { hs = "72" } },
          { id = "cy", name = "Cy Park", crm = { hs = "73" } },
          { id = "dee", name = "Dee Moss", crm = { hs = "74" }, active = false },
          { id = "eve", name = "Eve Marsh", crm = { hs = "75" } },
          { id = "finn", name = "Finn Abara", crm = { hs = "76" } },
        ]
        [[pools]]
        id = "na"
        members = [
          { rep = "ana", weight = 30 }, { rep = "bo", weight = 10 }, { rep = "cy" }, { rep = "dee" },
          { rep = "eve", weight = 0 },
        ]
        [[pools]]
        id = "enterprise"
        members = [{ rep = "finn" }]
        "#,
    )
    .unwrap()
}

pub(crate) fn lead() -> Lead {
    serde_json::from_value(json!({
        "id": "hs:contact:101", "trigger": "created",
        "properties": {"firstname": "Joe", "lastname": "Miller", "email": "joe@big.example", "country": "US"},
        "company": {"id": "hs:company:9", "name": "Big Corp"},
    }))
    .unwrap()
}

/// The decision of the format's example, with some keys changed.
pub(crate) fn decision(changes: &Value) -> Decision {
    let mut decision = json!({
        "decision": ID, "lead": "hs:contact:101", "at": "2026-03-02T14:02:07.250Z", "flow": "inbound",
        "trigger": "created", "class": "inbound:demo-request", "outcome": "assign", "rep": "ana", "owner": "71",
        "pool": "na", "queue": null, "reason": {"code": "territory", "detail": "US → na"}, "fallback": false,
        "error": null, "response_due": "2026-03-02T15:02:07Z", "effects": [{"kind": "owner"}, {"kind": "task"}],
        "plugin": {"name": "territory", "version": "0.1.0", "digest": "sha256:aa"}, "revision": 12, "fuel": 41832,
        "repeated": false,
    });
    for (key, value) in changes.as_object().unwrap() {
        decision[key] = value.clone();
    }
    serde_json::from_value(decision).unwrap()
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn turn() -> Turn {
    let candidate = |rep: &str, weight| Candidate { rep: rep.into(), weight };
    let besides = Besides { stood: vec![250, -250], ..Besides::default() };
    let candidates = vec![candidate("ana", 30), candidate("bo", 10)];
    Turn { besides, ..Turn::new("na".into(), candidates, "ana".into(), Policy::Quota) }
}

const TRANSCRIPT: &str = r#"["plugin",["inbound","territory","0.1.0"],"sha256:aa"]
["lead.company-owner",null,{"Inactive":3}]
["explain.note",["account-owner-inactive","Dee Moss"],null]
["lead.company-number",["numberofemployees"],{"Err":"Absent"}]
["lead.number",["numberofemployees"],{"Err":{"Malformed":"1,200"}}]
["lead.text",["country"],{"Ok":"US"}]
["rep-pool.open",["enterprise"],{"Ok":0}]
["rep-pool.open",["na"],{"Ok":1}]
["rep-pool.members",[1],[0,30,0,4294967295,0,1,10,0,4294967295,0,2,1,0,4294967295,1,3,1,0,4294967295,4,4,0,0,4294967295,0]]
["rep-pool.next",[1,[],[]],0]
["effects.set-property",["rota_segment","territory"],{"Ok":null}]
"#;

fn row(n: usize, act: Act, state: LaneState, attempts: u32, cause: Option<&str>) -> OutboxRow {
    let id = DecisionId::from(ID);
    let effect = Effect {
        id: EffectId::of(&id, n),
        connection: "hs".into(),
        object: "contact".into(),
        record: "101".into(),
        act,
    };
    OutboxRow {
        tenant: "acme".into(),
        effect,
        decision: id,
        lead: "hs:contact:101".into(),
        state,
        attempts,
        cause: cause.map(Into::into),
        at: time("2026-03-02T14:02:09Z"),
    }
}

pub(crate) fn outbox_lines() -> Vec<rota::show::OutboxLine> {
    rows().iter().map(Into::into).collect()
}

pub(crate) fn rows() -> Vec<OutboxRow> {
    let owner = json!({"kind": "owner", "rep": "ana", "owner": "71", "keep": true, "attempt": 1});
    let task = json!({"kind": "task", "subject": "Call Joe Miller about the demo request", "body": "", "due": "2026-03-02T15:02:07Z", "owner": "71"});
    let act = |act: Value| serde_json::from_value(act).unwrap();
    vec![
        row(1, act(owner), LaneState::Done, 1, None),
        row(
            2,
            act(task),
            LaneState::Dead,
            9,
            Some(
                "HubSpot refused the task (400): the property hs_timestamp is missing; this is a mistake of Rota, please report it",
            ),
        ),
    ]
}

pub(crate) fn recalled() -> Recalled {
    let note = |branch: &str, detail: &str| Note { branch: branch.into(), detail: detail.into() };
    Recalled {
        stored: Stored {
            seq: 412,
            decision: decision(&json!({})),
            turn: Some(turn()),
            stages: Stages {
                occurred: Some(time("2026-03-02T14:02:05.900Z")),
                received: Some(time("2026-03-02T14:02:06.020Z")),
                enriched: Some(time("2026-03-02T14:02:07.200Z")),
                decided: Some(time("2026-03-02T14:02:07.250Z")),
                owner_confirmed: Some(time("2026-03-02T14:03:41.250Z")),
                notified: None,
            },
            decide_nanos: 57_000,
        },
        erased: None,
        private: Some(Private {
            lead: Some(lead()),
            transcript: TRANSCRIPT.into(),
            notes: vec![note("account-owner-inactive", "Dee Moss"), note("territory", "US → na")],
            log: Vec::new(),
            acts: Vec::new(),
        }),
        effects: rows(),
        workspace: workspace(),
        calendar_files: CalendarFiles::default(),
    }
}
