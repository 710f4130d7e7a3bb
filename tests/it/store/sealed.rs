//! What stands in the file is sealed: it opens with the right key, in its place, and else not.

use std::fs;
use std::path::{Path, PathBuf};

use rota::keys::Master;
use rota_domain::id::{DecisionId, LeadId, Seed};
use rota_domain::person::PersonKey;
use rota_flow::ports::{
    Access as _, EntryBody, KeptSecret, People as _, SecretValue, Store, StoreError, Vault as _, Whom,
};
use rota_store::SqliteStore;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};
use tempfile::TempDir;

use super::values::{acme, arrival_of, at, begin, claim, decided_about, entry, lead, owner, recall, record, task};

struct File(TempDir);

impl File {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("rota.db")
    }

    fn master(&self) -> Master {
        Master::beside(&self.path())
    }

    fn key_file(&self) -> PathBuf {
        self.0.path().join("rota.db.master")
    }

    async fn open(&self) -> SqliteStore {
        self.try_open().await.expect("a store")
    }

    async fn try_open(&self) -> Result<SqliteStore, StoreError> {
        rota_store::open(self.path(), self.master().keys()).await
    }

    /// A database with a decision of each of two persons, and a secret.
    async fn filled() -> Self {
        let file = Self::new();
        let store = file.open().await;
        begin(&store, &acme()).await;
        record(&store, 1, decided_about("1", "d1", vec![owner("71"), task("Call Zaphod")])).await;
        record(&store, 1, decided_about("2", "d2", vec![])).await;
        let sent_to = ["https://crm.acme.example".to_owned()].into();
        let value = KeptSecret { value: SecretValue::new("pat-telltale".into()), sent_to };
        store.set_secret(&acme(), "TOKEN", &value, 9, "a test", at(0)).await.expect("it is set");
        store.close().await;
        file
    }

    async fn sql(&self, sql: &'static str) {
        let mut connection = SqliteConnectOptions::new().filename(self.path()).connect().await.expect("a connection");
        sqlx::raw_sql(sql).execute(&mut connection).await.expect("it runs");
        connection.close().await.expect("it closes");
    }

    /// Everything that is there: both decisions, and the secret.
    async fn assert_reads(&self, store: &SqliteStore) {
        for id in ["d1", "d2"] {
            assert!(recall(store, id).await.private.is_some(), "{id}");
        }
        let secret = store.secret(&acme(), "TOKEN").await.expect("it opens").expect("it is there");
        assert_eq!(secret.value.expose(), "pat-telltale");
        assert_eq!(store.secrets(&acme()).await.expect("they open")[0].sent_to, secret.sent_to);
    }
}

/// Where in a folder's files one of these texts stands, in any case of letters.
pub(crate) fn found(folder: &Path, texts: &[&str]) -> Vec<String> {
    let mut places = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            continue;
        }
        let bytes = fs::read(&path).expect("a file").to_ascii_lowercase();
        for text in texts {
            if bytes.windows(text.len()).any(|window| window == text.to_ascii_lowercase().as_bytes()) {
                places.push(format!("{text} in {}", path.display()));
            }
        }
    }
    places
}

#[tokio::test]
async fn no_file_holds_an_address_or_a_secret() {
    let file = File::filled().await;
    let store = file.open().await;
    // With the log of the database as it is while a server runs.
    store
        .accept(&acme(), vec![arrival_of("3", lead("web:3", "sue@telltale.example"))], at(1))
        .await
        .expect("it is accepted");
    assert!(file.0.path().join("rota.db-wal").exists());
    assert_eq!(found(file.0.path(), &["telltale", "big.example", "Zaphod"]), Vec::<String>::new());
    file.assert_reads(&store).await;
}

#[tokio::test]
async fn a_database_of_an_older_rota_is_sealed_when_it_is_opened_and_keeps_nothing_in_the_clear() {
    let file = File::new();
    fs::write(file.path(), "").expect("an empty file");
    file.sql(include_str!("../../../host/store/migrations/sqlite/0001_first.sql")).await;
    file.sql(include_str!("../../../host/store/src/sqlite/tests/first.sql")).await;
    let texts = ["big.example", "Zaphod", "words-of-crm", "body-of-note"];
    assert!(found(file.0.path(), &texts).len() >= texts.len(), "it stands there before");
    let store = file.open().await;
    assert_eq!(found(file.0.path(), &texts), Vec::<String>::new());
    assert!(recall(&store, "d1").await.private.is_some());
    assert_eq!(store.backlog(&acme()).await.expect("a backlog"), (1, 3));
}

#[tokio::test]
async fn a_takeover_that_was_interrupted_goes_on() {
    let file = File::new();
    fs::write(file.path(), "").expect("an empty file");
    file.sql(include_str!("../../../host/store/migrations/sqlite/0001_first.sql")).await;
    file.sql(include_str!("../../../host/store/src/sqlite/tests/first.sql")).await;
    file.sql(include_str!("../../../host/store/migrations/sqlite/0002_kept.sql")).await;
    // The tables are the new ones, and nobody came to move anything.
    file.sql(include_str!("../../../host/store/migrations/sqlite/0003_service.sql")).await;
    for _ in 0..2 {
        let store = file.open().await;
        assert!(recall(&store, "d1").await.private.is_some());
        store.close().await;
    }
}

#[tokio::test]
async fn without_its_key_a_database_is_refused_and_left_alone() {
    let file = File::filled().await;
    let key = fs::read(file.key_file()).expect("a key");
    fs::remove_file(file.key_file()).expect("it is removed");
    let missing = file.try_open().await.err().expect("it is refused").to_string();
    assert!(missing.contains("its key is not there: put the key back"), "{missing}");
    assert!(!file.key_file().exists(), "no other key is drawn in its place");

    let other = File::filled().await;
    fs::copy(other.key_file(), file.key_file()).expect("another key");
    let wrong = file.try_open().await.err().expect("it is refused").to_string();
    assert!(wrong.contains("it is sealed under the key") && wrong.contains("nothing was changed"), "{wrong}");

    fs::write(file.key_file(), key).expect("the key is back");
    file.assert_reads(&file.open().await).await;
}

#[tokio::test]
async fn a_key_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let file = File::filled().await;
    let mode = |file: &File| fs::metadata(file.key_file()).expect("a key").permissions().mode() & 0o777;
    assert_eq!(mode(&file), 0o600);
    fs::set_permissions(file.key_file(), fs::Permissions::from_mode(0o644)).expect("it is opened to others");
    let refused = file.try_open().await.err().expect("it is refused").to_string();
    assert!(refused.contains("open to others"), "{refused}");
}

#[tokio::test]
async fn after_a_rotation_everything_reads_and_the_old_key_alone_opens_nothing() {
    let file = File::filled().await;
    let old = fs::read(file.key_file()).expect("a key");
    // A server that runs meanwhile, and has read something.
    let running = file.open().await;
    assert!(recall(&running, "d1").await.private.is_some());
    for below in [false, true] {
        file.master().renew().expect("a new key");
        let store = file.open().await;
        let renewed = store.renew(below).await.expect("it is renewed");
        assert_eq!((renewed.tenants, renewed.below), (1, if below { 3 } else { 0 }));
        file.assert_reads(&store).await;
        file.assert_reads(&running).await;
    }
    record(&running, 2, decided_about("3", "d3", vec![])).await;
    running.open(&"birch".into(), Seed::from_number(2)).await.expect("a tenant");
    running.close().await;
    file.master().forget_older().expect("one key is left");
    let store = file.open().await;
    file.assert_reads(&store).await;
    assert!(recall(&store, "d3").await.private.is_some());
    assert_eq!(store.load(&"birch".into(), at(0)).await.expect("a state").seed, Seed::from_number(2));
    store.close().await;
    fs::write(file.key_file(), old).expect("the old key");
    assert!(file.try_open().await.is_err());
}

#[tokio::test]
async fn a_row_in_another_place_or_of_another_person_is_refused() {
    let swaps = [
        // The words of one decision in the place of another's, and their persons' keys with them.
        "UPDATE private SET body = (SELECT body FROM private AS p WHERE p.kind = private.kind AND p.ref = 3) WHERE ref = 2 AND kind = 'lead'",
        "UPDATE people SET key = (SELECT key FROM people AS p WHERE p.person = 2) WHERE person = 1",
        "UPDATE private SET body = (SELECT body FROM private AS p WHERE p.kind = 'why' AND p.ref = 2) WHERE ref = 2 AND kind = 'lead'",
        "UPDATE tenants SET seed = zeroblob(69)",
    ];
    for sql in swaps {
        let file = File::filled().await;
        file.sql(sql).await;
        let store = file.open().await;
        let read = store.decision(&acme(), &DecisionId::from("d1")).await;
        assert!(matches!(read, Err(StoreError::Inconsistent { .. })), "{sql}: {read:?}");
    }
}

#[tokio::test]
async fn who_was_erased_and_comes_again_is_somebody_new() {
    let file = File::filled().await;
    let store = file.open().await;
    let again = || Whom::Email(" Joe1@Big.example".into());
    assert_eq!(store.export(&acme(), &again()).await.expect("an export").decisions.len(), 1);
    let erased = store.erase(&acme(), &again(), "a test", at(5), None).await.expect("an erasure");
    assert_eq!((erased.persons, erased.decisions, erased.effects), (1, 1, 2));
    assert!(claim(&store, 9).await.is_empty(), "nothing is sent any more");
    let told = recall(&store, "d1").await;
    assert_eq!((told.private, told.stored.decision.reason.detail.as_str()), (None, "erased"));
    let who = told.erased.expect("an erasure");
    assert_eq!((who.at, who.who.as_str()), (at(5), "a test"));
    assert!(recall(&store, "d2").await.private.is_some(), "the other one stays");

    // The log moved on, so that whoever decides in memory reads anew.
    let late = EntryBody::Decision(Box::new(decided_about("1", "d9", vec![])));
    let late = store.record(&acme(), 3, vec![entry(6, late)]).await;
    assert!(matches!(late, Err(StoreError::Conflict { .. })));
    let mut new = decided_about("9", "d3", vec![]);
    new.person = PersonKey::of_email("joe1@big.example");
    record(&store, 6, new).await;
    let told = store.export(&acme(), &again()).await.expect("an export");
    assert_eq!(told.leads, [LeadId::from("hs:contact:9")], "nothing leads back to what was erased");
    assert_eq!(store.erase(&acme(), &again(), "a test", at(6), None).await.expect("an erasure").decisions, 1);
    assert_eq!(store.changes(None, 0, 9).await.expect("changes").len(), 0, "noting it is the caller's");
}
