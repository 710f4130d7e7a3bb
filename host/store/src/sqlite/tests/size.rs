//! What a decision costs on disk.

use std::fmt::Write as _;
use std::path::Path;

use rota_domain::decision::Decision;
use rota_domain::effect::{Act, Effect, Urgency};
use rota_domain::id::{ConnectionId, DecisionId, Digest, EffectId, OwnerId, RepId, Seed};
use rota_domain::lead::Lead;
use rota_domain::person::PersonKey;
use rota_domain::rule::Note;
use rota_domain::stages::Stages;
use rota_flow::ports::{
    Arrival, Entry, EntryBody, InHand, Payload, Private, Recorded, Retention as _, Settles, Store as _, Swept,
    WaitChange,
};
use serde_json::json;

use super::shared::turn;
use super::{acme, at, open};

/// What `territory` asks for a lead of its third step, and what it is answered; it also looks
/// at all members, as many rules do.
fn transcript(n: usize, reps: usize) -> String {
    let members: Vec<u32> = (0..u32::try_from(reps).unwrap()).flat_map(|rep| [rep, 10, 0, u32::MAX, 0]).collect();
    let mut text = String::new();
    for line in [
        json!(["plugin", ["territory"], Digest::of(b"territory")]),
        json!(["lead.company-owner", [], "Nobody"]),
        json!(["explain.note", ["account-unowned", ""], null]),
        json!(["lead.company-number", ["numberofemployees"], {"Ok": 240.0}]),
        json!(["explain.note", ["below-enterprise", "240"], null]),
        json!(["lead.text", ["country"], {"Ok": "US"}]),
        json!(["rep-pool.open", ["na"], {"Ok": 0}]),
        json!(["rep-pool.members", [0], members]),
        json!(["rep-pool.next", [0, [], []], n % reps]),
        json!(["explain.note", ["territory", "US → na"], null]),
        json!(["lead.source-class", [], "inbound:demo-request"]),
        json!(["effects.set-property", ["rota_segment", "territory"], {"Ok": null}]),
        json!(["effects.response-target", [60], {"Ok": null}]),
        json!(["lead.text", ["firstname"], {"Ok": "Zaphod"}]),
        json!(["lead.text", ["lastname"], {"Ok": "Beeblebrox"}]),
        json!(["effects.task", ["Call Zaphod Beeblebrox about the demo request",
            "Source: inbound:demo-request. Yours because: US → na", 1_770_003_600_000.0], {"Ok": null}]),
    ] {
        writeln!(text, "{line}").unwrap();
    }
    text
}

fn lead(n: usize) -> Lead {
    serde_json::from_value(json!({
        "id": format!("hs:contact:{}", 267_448_862_446 + n),
        "properties": {
            "email": format!("zaphod{n}@big-{n}.example"), "firstname": "Zaphod", "lastname": "Beeblebrox",
            "country": "US", "lifecyclestage": "marketingqualifiedlead", "numberofemployees": "240",
            "hs_analytics_source": "ORGANIC_SEARCH", "recent_conversion_event_name": "Request a demo",
        },
        "company": {"id": format!("hs:company:{n}"), "domain": format!("big-{n}.example"), "name": "Big", "properties": {}},
        "trigger": "created",
    }))
    .unwrap()
}

fn arrival(n: usize) -> Arrival {
    let payload = Payload::Record {
        connection: ConnectionId::from("hs"),
        object: "contact".into(),
        id: (267_448_862_446 + n).to_string(),
        trigger: "created".into(),
        attempt: 1,
    };
    Arrival { dedupe_key: format!("hs:{n}"), occurred: at(0), payload }
}

fn decision(n: usize, id: &DecisionId, lead: &Lead) -> Decision {
    serde_json::from_value(json!({
        "decision": id, "lead": lead.id, "at": at(0), "flow": "inbound", "trigger": "created",
        "class": "inbound:demo-request", "outcome": "assign", "rep": "rep-000", "owner": "71", "pool": "na",
        "reason": {"code": "territory", "detail": "US → na"}, "fallback": false, "error": null,
        "effects": [{"kind": "owner"}, {"kind": "property"}, {"kind": "task"}],
        "plugin": {"name": "territory", "version": "0.1.0", "digest": Digest::of(b"territory")},
        "revision": 1, "fuel": 41_832 + n, "repeated": false,
    }))
    .unwrap()
}

fn typical(n: usize, reps: usize) -> Recorded {
    let id = DecisionId::new(at(0), &Seed::from_number(1).at(u64::try_from(n).unwrap()));
    let lead = lead(n);
    let acts = [
        Act::Owner { rep: RepId::from("rep-000"), owner: OwnerId::from("71"), keep: true, attempt: 1 },
        Act::Property { name: "rota_segment".into(), value: "territory".into() },
        Act::Task {
            subject: "Call Zaphod Beeblebrox about the demo request".into(),
            body: "Source: inbound:demo-request. Yours because: US → na".into(),
            due: at(3_600),
            owner: Some(OwnerId::from("71")),
            urgency: Urgency::Urgent,
        },
    ];
    let effect = |(place, act)| Effect {
        id: EffectId::of(&id, place + 1),
        connection: ConnectionId::from("hs"),
        object: "contact".into(),
        record: (267_448_862_446 + n).to_string(),
        act,
    };
    let note = |(branch, detail): (&str, &str)| Note { branch: branch.into(), detail: detail.into() };
    let notes = [("account-unowned", ""), ("below-enterprise", "240"), ("territory", "US → na")];
    let now = Some(at(0));
    Recorded {
        effects: acts.into_iter().enumerate().map(effect).collect(),
        decision: decision(n, &id, &lead),
        person: PersonKey::of(&lead),
        private: Private {
            lead: Some(lead),
            transcript: transcript(n, reps),
            notes: notes.map(note).to_vec(),
            log: Vec::new(),
            acts: Vec::new(),
        },
        turn: Some(turn(reps)),
        in_hand: InHand::default(),
        waits: WaitChange::AsBefore,
        counters: Vec::new(),
        rows: Vec::new(),
        stages: Stages { occurred: now, received: now, enriched: now, decided: now, ..Stages::default() },
        decide_nanos: 21_000,
    }
}

/// The bytes of the file for each of a thousand decisions, arrivals and effects included, and
/// of their transcripts and candidates as text.
async fn measure(folder: &Path, reps: usize) -> (u64, usize) {
    let length = || std::fs::metadata(folder.join("rota.db")).unwrap().len();
    let store = open(folder).await;
    store.open(&acme(), Seed::from_number(1)).await.unwrap();
    let workspace = std::sync::Arc::new(serde_json::from_value(json!({"workspace": "acme"})).unwrap());
    let body = EntryBody::Workspace { workspace, rotations: vec![], origin: None };
    store.record(&acme(), 0, vec![Entry { at: at(0), inbox: None, body }]).await.unwrap();
    store.close().await;
    let (empty, mut text) = (length(), 0);
    let store = open(folder).await;
    for batch in 0..10 {
        let numbers = || batch * 100..batch * 100 + 100;
        store.accept(&acme(), numbers().map(arrival).collect(), at(0)).await.unwrap();
        let waiting = store.waiting(&acme(), 0, 100).await.unwrap();
        let entries = numbers().zip(waiting).map(|(n, row)| {
            let recorded = typical(n, reps);
            text += recorded.private.transcript.len();
            text += serde_json::to_string(&recorded.turn.as_ref().unwrap().0.candidates).unwrap().len();
            Entry { at: at(0), inbox: Some(Settles::Row(row.id)), body: EntryBody::Decision(Box::new(recorded)) }
        });
        let entries: Vec<Entry> = entries.collect();
        assert_eq!(entries.len(), 100);
        store.record(&acme(), u64::try_from(batch * 100 + 1).unwrap(), entries).await.unwrap();
    }
    // Closing copies everything into the file and leaves nothing beside it.
    store.close().await;
    ((length() - empty) / 1_000, text / 1_000)
}

/// The bytes of the file that are in use, for each of a thousand decisions.
async fn used(folder: &Path) -> i64 {
    let used = "SELECT (page_count - freelist_count) * page_size / 1000
        FROM pragma_page_count, pragma_freelist_count, pragma_page_size";
    sqlx::query_scalar(used).fetch_one(&mut super::raw(folder).await).await.unwrap()
}

#[tokio::test]
async fn of_a_decision_that_was_kept_long_enough_nothing_stays_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, _) = measure(folder.path(), 20).await;
    let store = open(folder.path()).await;
    // The decisions were applied.
    sqlx::raw_sql("UPDATE outbox SET state = 'done'; DELETE FROM lanes")
        .execute(&mut super::raw(folder.path()).await)
        .await
        .unwrap();
    let mut from = Some(Swept::default());
    while let Some(swept) = from {
        from = store.let_go(&acme(), Some(at(9)), Some(at(9)), swept).await.unwrap().next;
    }
    let facts = used(folder.path()).await;
    from = Some(Swept::default());
    while let Some(swept) = from {
        from = store.forget(&acme(), at(9), swept).await.unwrap().next;
    }
    let nothing = used(folder.path()).await;
    assert!(whole > 3_000 && (500..2_000).contains(&facts) && nothing < 400, "bytes: {whole}, {facts}, {nothing}");
}

#[tokio::test]
async fn a_decision_costs_a_few_kibibytes_however_large_its_pool_is() {
    let mut costs = Vec::new();
    for reps in [20, 200] {
        let folder = tempfile::tempdir().unwrap();
        let (bytes, text) = measure(folder.path(), reps).await;
        costs.push((bytes, text));
    }
    let [(small, _), (large, text)] = costs[..] else { panic!("two pools") };
    assert!(small < 8 << 10 && large < small + 512 && text > 10 << 10, "bytes on disk, bytes of text: {costs:?}");
}
