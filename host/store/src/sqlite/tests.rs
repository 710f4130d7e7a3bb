//! What the port cannot show: what stands in the file, and which files are refused.

mod backup;
mod figures;
mod kept;
mod older;
mod retention;
mod shared;
mod size;
mod stepwise;
mod together;

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use rota_domain::delivery::Trouble;
use rota_domain::effect::{Act, Effect, Urgency};
use rota_domain::id::{ConnectionId, DecisionId, EffectId, FlowId, OwnerId, RepId, Seed, TenantId};
use rota_domain::lead::Lead;
use rota_domain::person::PersonKey;
use rota_domain::rule::Note;
use rota_domain::stages::Stages;
use rota_flow::ports::{
    Arrival, Entry, EntryBody, InHand, LaneState, Payload, Private, Recorded, Repair, Settle, Settlement, Store,
    StoreError, WaitChange,
};
use serde_json::json;
use sqlx::sqlite::{SqliteConnectOptions, SqliteRow};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Row as _, SqliteConnection};

use super::SqliteStore;
use crate::sealing::{HostKeys, Keys};

/// Personal texts, each of which goes into a store by a way of its own.
const PERSONAL: [&str; 18] = [
    "joe@big.example",
    "Zaphod",
    "subject-of-task",
    "body-of-task",
    "value-of-property",
    "body-of-note",
    "detail-of-reason",
    "detail-of-error",
    "line-of-transcript",
    "answer-about-lead",
    "question-of-rule",
    "detail-of-branch",
    "line-of-log",
    "words-of-crm",
    "words-of-retry",
    "eve@waiting.example",
    "key-of-sender",
    "value-left-to-caller",
];

fn acme() -> TenantId {
    TenantId::from("acme")
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_770_000_000 + seconds).unwrap()
}

async fn open(folder: &Path) -> SqliteStore {
    super::open(folder.join("rota.db"), keys(7)).await.unwrap()
}

/// The host's key that this number makes.
fn keys(number: u8) -> Keys {
    let chance = ring::rand::SystemRandom::new();
    let chance = move |bytes: &mut [u8]| ring::rand::SecureRandom::fill(&chance, bytes).unwrap();
    Keys::given(HostKeys::parse(&HostKeys::line(&[number; 32])).unwrap(), std::sync::Arc::new(chance))
}

async fn raw(folder: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(folder.join("rota.db")).connect().await.unwrap()
}

fn lead(id: &str, email: &str) -> Lead {
    serde_json::from_value(json!({"id": id, "properties": {"email": email, "firstname": "Zaphod"}})).unwrap()
}

/// A transcript with large answers, about the lead and about the workspace.
fn transcript() -> String {
    let (about_lead, question) = ("answer-about-lead ".repeat(30), "question-of-rule ".repeat(30));
    let (members, value) = (vec![1_000; 100], "value-of-table ".repeat(30));
    [
        json!(["line-of-transcript"]),
        json!(["lead.several", ["interests"], {"Ok": [about_lead]}]),
        json!(["rep-pool.members", [0], members]),
        json!(["tables.look-up", [0, question], value]),
    ]
    .map(|line| format!("{line}\n"))
    .concat()
}

fn recorded() -> Recorded {
    let id = DecisionId::from("d1");
    let acts = [
        Act::Note { body: "body-of-note".into(), at: at(0) },
        Act::Owner { rep: RepId::from("ana"), owner: OwnerId::from("71"), keep: true, attempt: 1 },
        Act::Property { name: "route".into(), value: "value-of-property".into() },
        Act::Task {
            subject: "subject-of-task".into(),
            body: "body-of-task".into(),
            due: at(9),
            owner: None,
            urgency: Urgency::Usual,
        },
    ];
    let effect = |(n, act)| Effect {
        id: EffectId::of(&id, n),
        connection: ConnectionId::from("hs"),
        object: "contact".into(),
        record: "101".into(),
        act,
    };
    let lead = lead("hs:contact:101", "Joe@big.example");
    let decision = json!({
        "decision": id, "lead": lead.id, "at": at(0), "flow": "inbound", "trigger": "created", "class": "c",
        "outcome": "assign", "reason": {"code": "r", "detail": "detail-of-reason"}, "fallback": true,
        "error": "trap", "error_detail": "detail-of-error", "effects": [], "revision": 1, "fuel": 9,
        "repeated": false,
    });
    Recorded {
        decision: serde_json::from_value(decision).unwrap(),
        person: PersonKey::of(&lead),
        private: Private {
            lead: Some(lead),
            transcript: transcript(),
            notes: vec![Note { branch: "b".into(), detail: "detail-of-branch".into() }],
            log: vec!["line-of-log".into()],
            acts: vec![Act::Property { name: "p".into(), value: "value-left-to-caller".into() }],
        },
        turn: None,
        in_hand: InHand::default(),
        waits: WaitChange::AsBefore,
        counters: vec![(FlowId::from("inbound"), "leads".into(), 1)],
        rows: Vec::new(),
        effects: acts.into_iter().enumerate().map(effect).collect(),
        stages: Stages::default(),
        decide_nanos: 1,
    }
}

/// A store through which every personal text went.
async fn filled(folder: &Path) -> SqliteStore {
    let store = open(folder).await;
    store.open(&acme(), Seed::from_number(1)).await.unwrap();
    let workspace = serde_json::from_value(json!({"workspace": "acme"})).unwrap();
    let revision = EntryBody::Workspace { workspace: std::sync::Arc::new(workspace), rotations: vec![], origin: None };
    let bodies = [revision, EntryBody::Decision(Box::new(recorded()))];
    let entries = bodies.map(|body| Entry { at: at(0), inbox: None, body });
    store.record(&acme(), 0, entries.to_vec()).await.unwrap();
    store.keep(&acme(), vec![b"component".as_slice().into()]).await.unwrap();

    let waiting = Payload::Lead { lead: Box::new(lead("web:1", "eve@waiting.example")), flow: None };
    let arrival = Arrival { dedupe_key: "key-of-sender".into(), occurred: at(0), payload: waiting };
    store.accept(&acme(), vec![arrival], at(0)).await.unwrap();

    let retry = Settle::Retry { at: at(1), counts: true, trouble: None, cause: "words-of-retry".into() };
    let dead = Settle::Dead { trouble: Trouble::Rejected, cause: "words-of-crm".into(), again: None };
    for (seconds, settle) in [(0, dead), (1, retry)] {
        let claim = claim(&store, seconds).await.pop().unwrap();
        assert_eq!(store.settle(vec![Settlement { claim, settle, at: at(seconds) }]).await.unwrap(), [true]);
    }
    store
}

async fn claim(store: &SqliteStore, seconds: i64) -> Vec<rota_flow::ports::Claim> {
    let lease = SignedDuration::from_secs(30);
    store.claim(&acme(), &ConnectionId::from("hs"), at(seconds), lease, 9).await.unwrap()
}

/// Every value of a table, as text.
async fn dump(connection: &mut SqliteConnection, table: &str) -> String {
    let sql = AssertSqlSafe(format!("SELECT * FROM {table}"));
    let rows: Vec<SqliteRow> = sqlx::query(sql).fetch_all(connection).await.unwrap();
    let value = |row: &SqliteRow, n| row.try_get_unchecked::<Option<Vec<u8>>, _>(n).unwrap().unwrap_or_default();
    let values = rows.iter().flat_map(|row| (0..row.len()).map(move |n| value(row, n)));
    values.map(|bytes| String::from_utf8_lossy(&bytes).into_owned() + "\n").collect()
}

#[tokio::test]
async fn personal_text_stands_in_no_table() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(folder.path()).await;
    let mut connection = raw(folder.path()).await;
    let tables: Vec<String> = sqlx::query_scalar("SELECT name FROM sqlite_schema WHERE type = 'table'")
        .fetch_all(&mut connection)
        .await
        .unwrap();
    let mut seen = 0;
    for table in &tables {
        let text = dump(&mut connection, table).await.to_lowercase();
        seen += usize::from(!text.is_empty());
        let found: Vec<_> = PERSONAL.iter().filter(|personal| text.contains(&personal.to_lowercase())).collect();
        assert!(found.is_empty(), "{table} holds {found:?}: {text}");
    }
    assert!(seen >= 12, "the tables are not empty");
    assert!(dump(&mut connection, "shared").await.contains("value-of-table"));
    // It is all there for who has the keys.
    let recalled = store.decision(&acme(), &DecisionId::from("d1")).await.unwrap().unwrap();
    let waiting = store.waiting(&acme(), 0, 9).await.unwrap();
    let dead = store.outbox(&acme(), false, 9).await.unwrap();
    let told = format!("{recalled:?} {waiting:?} {dead:?}").to_lowercase();
    let missing: Vec<_> = PERSONAL.iter().filter(|personal| !told.contains(&personal.to_lowercase())).collect();
    assert_eq!(missing, [&"key-of-sender"], "a sender's key is kept as a digest and nowhere as text");
}

#[tokio::test]
async fn an_erased_person_leaves_a_decision_that_says_so_and_nothing_to_send() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(folder.path()).await;
    assert_eq!(store.load(&acme(), at(-9)).await.unwrap().recent.len(), 1);
    let mut connection = raw(folder.path()).await;
    sqlx::raw_sql("DELETE FROM private; UPDATE people SET erased = 0, erased_by = 'a test'")
        .execute(&mut connection)
        .await
        .unwrap();

    let recalled = store.decision(&acme(), &DecisionId::from("d1")).await.unwrap().unwrap();
    assert_eq!((recalled.private, recalled.effects), (None, vec![]));
    let decision = recalled.stored.decision;
    assert_eq!((decision.reason.code.as_str(), decision.reason.detail.as_str()), ("r", "erased"));
    assert_eq!(decision.error_detail.as_deref(), Some("erased"));
    assert_eq!(store.log(&acme(), 0, 9).await.unwrap().len(), 1);
    assert!(store.load(&acme(), at(-9)).await.unwrap().recent.is_empty());
    assert!(store.waiting(&acme(), 0, 9).await.unwrap().is_empty());
    assert!(store.outbox(&acme(), false, 9).await.unwrap().is_empty());

    assert_eq!(store.backlog(&acme()).await.unwrap(), (0, 3), "a lead without its person waits for nothing");
    assert!(claim(&store, 50).await.is_empty());
    assert_eq!(store.backlog(&acme()).await.unwrap().1, 0, "the lane is not stranded");
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(folder.path()).await;
    let mut connection = raw(folder.path()).await;
    let spoil = "UPDATE log SET body = '{\"decision\": 3}' WHERE seq = 2;
         INSERT INTO rep_statuses VALUES ('acme', 'ana', '\"asleep\"');";
    sqlx::raw_sql(spoil).execute(&mut connection).await.unwrap();
    let named = |error: StoreError| match error {
        StoreError::Inconsistent { what, detail } => (what, detail),
        other => panic!("{other}"),
    };
    let (what, detail) = named(store.log(&acme(), 0, 9).await.unwrap_err());
    assert_eq!(what, "decision 2 of `acme`");
    assert!(detail.contains("invalid type"), "{detail}");
    let (what, detail) = named(store.load(&acme(), at(0)).await.unwrap_err());
    assert_eq!(what, "the status of rep `ana` of `acme`");
    assert!(detail.contains("asleep"), "{detail}");
}

#[tokio::test]
async fn an_arrival_that_cannot_be_read_is_left_out_and_the_others_come() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(folder.path()).await;
    let record = |n: i64| {
        let (connection, object) = (ConnectionId::from("hs"), "contact".into());
        let payload = Payload::Record { connection, object, id: n.to_string(), trigger: "created".into(), attempt: 1 };
        Arrival { dedupe_key: n.to_string(), occurred: at(0), payload }
    };
    store.accept(&acme(), (2..=7).map(record).collect(), at(0)).await.unwrap();
    let spoil = "UPDATE private SET body = X'00' WHERE kind = 'arrival';
         UPDATE inbox SET payload = '{}' WHERE id IN (2, 3, 5);
         UPDATE inbox SET received = 9000000000000000000 WHERE id = 7;";
    sqlx::raw_sql(spoil).execute(&mut raw(folder.path()).await).await.unwrap();
    for (after, limit, expected) in
        [(0, 2, vec![4, 6]), (0, 1, vec![4]), (4, 1, vec![6]), (0, 9, vec![4, 6]), (6, 9, vec![]), (0, 0, vec![])]
    {
        let waiting = store.waiting(&acme(), after, limit).await.unwrap();
        assert_eq!(waiting.iter().map(|row| row.id).collect::<Vec<_>>(), expected, "{limit} after {after}");
    }
}

#[tokio::test]
async fn an_effect_that_cannot_be_read_is_dead_and_its_lane_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    store.open(&acme(), Seed::from_number(1)).await.unwrap();
    let revision = EntryBody::Workspace {
        workspace: std::sync::Arc::new(serde_json::from_value(json!({"workspace": "acme"})).unwrap()),
        rotations: vec![],
        origin: None,
    };
    let about = |contact: i64| {
        let mut recorded = recorded();
        let id = DecisionId::from(format!("d{contact}"));
        for (n, effect) in recorded.effects.iter_mut().enumerate() {
            effect.id = EffectId::of(&id, n);
            effect.record = contact.to_string();
        }
        recorded.decision.id = id;
        EntryBody::Decision(Box::new(recorded))
    };
    let entries = [revision, about(1), about(2), about(3)].map(|body| Entry { at: at(0), inbox: None, body });
    store.record(&acme(), 0, entries.to_vec()).await.unwrap();
    // The notes of the first two, and the second one's owner.
    let mut connection = raw(folder.path()).await;
    let spoil = "CREATE TABLE kept_aside AS SELECT ref, body FROM private WHERE kind = 'effect';
         UPDATE private SET body = substr(body, 1, 40) WHERE kind = 'effect' AND ref IN (1, 5, 6)";
    sqlx::raw_sql(spoil).execute(&mut connection).await.unwrap();

    let claims = claim(&store, 1).await;
    let mut heads: Vec<_> = claims.iter().map(|claim| (claim.effect.id.as_str(), claim.attempt)).collect();
    heads.sort_unstable();
    assert_eq!(heads, [("d1/1", 1), ("d3/0", 1)], "without its owner, the second one's rest is not sent");
    assert_eq!(store.backlog(&acme()).await.unwrap(), (0, 7));
    type Row = (String, String, i64, Option<String>);
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT effect, state, attempts, note FROM outbox
         WHERE effect NOT LIKE 'd3%' AND state <> 'waiting' ORDER BY id",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    let states: Vec<_> = rows.iter().map(|row| (row.0.as_str(), row.1.as_str(), row.2)).collect();
    assert_eq!(
        states,
        [
            ("d1/0", "dead", 0),
            ("d2/0", "dead", 0),
            ("d2/1", "dead", 0),
            ("d2/2", "superseded", 0),
            ("d2/3", "superseded", 0)
        ]
    );
    for (effect, .., cause) in &rows[..3] {
        let cause = cause.as_deref().unwrap();
        assert!(cause.contains(effect) && cause.contains("cannot be read"), "{cause}");
    }
    for claim in claims {
        let done = Settlement { claim, settle: Settle::Done, at: at(2) };
        assert_eq!(store.settle(vec![done]).await.unwrap(), [true]);
    }
    assert!(store.outbox(&acme(), true, 9).await.unwrap().is_empty(), "those three are said in the log");
    assert_eq!(store.outbox(&acme(), false, 9).await.unwrap().len(), 5, "and hide nobody else");
    let single = store.decision(&acme(), &DecisionId::from("d1")).await;
    assert!(matches!(single, Err(StoreError::Inconsistent { what, .. }) if what.contains("`d1/0`")));

    // Once it can be read again, a person brings it back.
    sqlx::raw_sql(
        "UPDATE private SET body = (SELECT body FROM kept_aside WHERE ref = 1) WHERE kind = 'effect' AND ref = 1",
    )
    .execute(&mut connection)
    .await
    .unwrap();
    assert!(store.repair(&acme(), &EffectId::from("d1/0"), Repair::Retry, at(3)).await.unwrap());
    assert_eq!(claim(&store, 4).await.len(), 2);
}

#[cfg(unix)]
#[tokio::test]
async fn the_files_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let store = filled(folder.path()).await;
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().to_string_lossy().into_owned();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{name}");
        names.push(name);
    }
    names.sort();
    assert_eq!(names, ["rota.db", "rota.db-shm", "rota.db-wal"]);
    store.close().await;
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "a closed store is one file");
}

#[tokio::test]
async fn a_commit_waits_for_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rota.db");
    let super::open::Connections { mut writer, readers, .. } = super::open::connect(&file, "rota.db").await.unwrap();
    let journal: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut writer).await.unwrap();
    let synchronous: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(&mut writer).await.unwrap();
    let keys: i64 = sqlx::query_scalar("PRAGMA foreign_keys").fetch_one(&mut writer).await.unwrap();
    assert_eq!((journal.as_str(), synchronous, keys), ("wal", 2, 1));
    let written = sqlx::query("DELETE FROM log").execute(&readers).await;
    assert!(written.unwrap_err().to_string().contains("readonly"));
}

async fn refusal(path: &Path) -> String {
    match super::open(path, keys(7)).await.map(|_| ()) {
        Err(StoreError::Unavailable { database, detail }) => {
            assert_eq!(database, path.display().to_string());
            detail
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_file_that_is_no_database_of_ours_is_refused_with_advice() {
    let folder = tempfile::tempdir().unwrap();
    let refused = refusal(folder.path()).await;
    assert!(refused.contains("is a directory; name a file in it"), "{refused}");
    let refused = refusal(&folder.path().join("no/rota.db")).await;
    assert!(refused.contains("folder does not exist; make it"), "{refused}");

    let text = folder.path().join("notes.txt");
    std::fs::write(&text, "Ana prefers the Alps. ".repeat(100)).unwrap();
    let refused = refusal(&text).await;
    assert!(refused.contains("no SQLite database; name another file"), "{refused}");
    assert!(std::fs::read_to_string(&text).unwrap().starts_with("Ana"), "it is left alone");

    std::fs::File::create(folder.path().join("rota.db")).unwrap();
    let mut connection = raw(folder.path()).await;
    sqlx::raw_sql("CREATE TABLE songs (title TEXT)").execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let refused = refusal(&folder.path().join("rota.db")).await;
    assert!(refused.contains("another program; name another file"), "{refused}");
}

#[tokio::test]
async fn a_database_of_a_newer_rota_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path()).await.close().await;
    let mut connection = raw(folder.path()).await;
    sqlx::raw_sql("PRAGMA user_version = 99").execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let refused = refusal(&folder.path().join("rota.db")).await;
    assert!(refused.contains("newer Rota (schema 99; this one knows 3); start that version"), "{refused}");
}

#[tokio::test]
async fn a_decision_opens_again_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path()).await.close().await;
    let store = open(folder.path()).await;
    let recalled = store.decision(&acme(), &DecisionId::from("d1")).await.unwrap().unwrap();
    assert_eq!(recalled.stored.decision, recorded().decision);
    assert_eq!(recalled.private, Some(recorded().private));
    use LaneState::{Dead, Waiting};
    let rows = recalled.effects.iter().map(|row| (row.state, row.attempts));
    assert_eq!(rows.collect::<Vec<_>>(), [(Dead, 1), (Waiting, 1), (Waiting, 0), (Waiting, 0)]);
}
