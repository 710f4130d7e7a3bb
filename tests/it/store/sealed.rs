//! What stands in the database is sealed: it opens with the right key, in its place, and else not.

use std::fs;
use std::path::Path;

use rota_domain::id::{DecisionId, LeadId, Seed};
use rota_domain::person::PersonKey;
use rota_flow::ports::{EntryBody, KeptSecret, SecretValue, StoreError, Whom};
use rota_store::Database;

use super::values::{acme, arrival_of, at, begin, claim, decided_about, entry, lead, owner, recall, record, task};
use super::{Place as _, SqliteFile, Whole};

/// A database with a decision of each of two persons, and a secret.
async fn filled<P: Whole>() -> P {
    let place = P::new();
    let store = place.whole().await;
    begin(&*store, &acme()).await;
    record(&*store, 1, decided_about("1", "d1", vec![owner("71"), task("Call Zaphod")])).await;
    record(&*store, 1, decided_about("2", "d2", vec![])).await;
    let sent_to = ["https://crm.acme.example".to_owned()].into();
    let value = KeptSecret { value: SecretValue::new("pat-telltale".into()), sent_to };
    store.set_secret(&acme(), "TOKEN", &value, 9, "a test", at(0)).await.expect("it is set");
    store.close().await;
    place
}

/// Everything that is there: both decisions, and the secret.
async fn assert_reads(store: &dyn Database) {
    for id in ["d1", "d2"] {
        assert!(recall(store, id).await.private.is_some(), "{id}");
    }
    let (secret, _) = store.secret(&acme(), "TOKEN").await.expect("it opens").expect("it is there");
    assert_eq!(secret.value.expose(), "pat-telltale");
    assert_eq!(store.secrets(&acme()).await.expect("they open")[0].sent_to, secret.sent_to);
}

/// Why a database is refused.
async fn refusal(place: &impl Whole) -> String {
    place.try_whole().await.err().expect("it is refused").to_string()
}

/// The file as another process reads it. This one must not: closing it would drop the locks that it has on a database
/// that is open, and whoever opens that next would cut its shared index off under it.
pub(crate) fn elsewhere(path: &Path) -> Vec<u8> {
    let read = std::process::Command::new("cat").arg(path).output().expect("a process that reads it");
    assert!(read.status.success(), "{}: {read:?}", path.display());
    read.stdout
}

/// Where in a folder's files one of these texts stands, in any case of letters.
pub(crate) fn found(folder: &Path, texts: &[&str]) -> Vec<String> {
    let mut places = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            continue;
        }
        let bytes = elsewhere(&path).to_ascii_lowercase();
        for text in texts {
            if bytes.windows(text.len()).any(|window| window == text.to_ascii_lowercase().as_bytes()) {
                places.push(format!("{text} in {}", path.display()));
            }
        }
    }
    places
}

pub(crate) async fn nothing_personal_and_no_secret_stands_in_it_in_the_clear<P: Whole>() {
    let place = filled::<P>().await;
    // With the log of a file as it is while a server runs.
    let store = place.whole().await;
    let arrival = arrival_of("3", lead("web:3", "sue@telltale.example"));
    store.accept(&acme(), vec![arrival], at(1)).await.expect("it is accepted");
    let dump = place.dump().await;
    assert!(dump.contains("next-in-line"), "the facts are found in it");
    for text in ["telltale", "big.example", "zaphod"] {
        assert!(!dump.contains(text), "{text}");
    }
    assert_reads(&*store).await;
}

#[tokio::test]
async fn a_database_of_an_older_rota_is_sealed_when_it_is_opened_and_keeps_nothing_in_the_clear() {
    let place = SqliteFile::new();
    fs::write(place.path(), "").expect("an empty file");
    place.sql(include_str!("../../../host/store/migrations/sqlite/0001_first.sql")).await;
    place.sql(include_str!("../../../host/store/src/sqlite/tests/first.sql")).await;
    let texts = ["big.example", "Zaphod", "words-of-crm", "body-of-note"];
    assert!(found(place.0.path(), &texts).len() >= texts.len(), "it stands there before");
    let store = place.whole().await;
    assert_eq!(found(place.0.path(), &texts), Vec::<String>::new());
    assert!(recall(&*store, "d1").await.private.is_some());
    assert_eq!(store.backlog(&acme()).await.expect("a backlog"), (1, 3));
}

#[tokio::test]
async fn a_takeover_that_was_interrupted_goes_on() {
    let place = SqliteFile::new();
    fs::write(place.path(), "").expect("an empty file");
    place.sql(include_str!("../../../host/store/migrations/sqlite/0001_first.sql")).await;
    place.sql(include_str!("../../../host/store/src/sqlite/tests/first.sql")).await;
    place.sql(include_str!("../../../host/store/migrations/sqlite/0002_kept.sql")).await;
    // The tables are the new ones, and nobody came to move anything.
    place.sql(include_str!("../../../host/store/migrations/sqlite/0003_service.sql")).await;
    for _ in 0..2 {
        let store = place.whole().await;
        assert!(recall(&*store, "d1").await.private.is_some());
        store.close().await;
    }
}

pub(crate) async fn without_its_key_a_database_is_refused_and_left_alone<P: Whole>() {
    let place = filled::<P>().await;
    let key = fs::read(place.keys().1).expect("a key");
    fs::remove_file(place.keys().1).expect("it is removed");
    let missing = refusal(&place).await;
    assert!(missing.contains("its key is not there: put the key back"), "{missing}");
    assert!(!place.keys().1.exists(), "no other key is drawn in its place");

    let other = filled::<P>().await;
    fs::copy(other.keys().1, place.keys().1).expect("another key");
    let wrong = refusal(&place).await;
    assert!(wrong.contains("it is sealed under the key") && wrong.contains("nothing was changed"), "{wrong}");

    fs::write(place.keys().1, key).expect("the key is back");
    assert_reads(&*place.whole().await).await;
}

#[tokio::test]
async fn a_key_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = filled::<SqliteFile>().await;
    let key = place.keys().1;
    assert_eq!(fs::metadata(&key).expect("a key").permissions().mode() & 0o777, 0o600);
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).expect("it is opened to others");
    let refused = refusal(&place).await;
    assert!(refused.contains("open to others"), "{refused}");
}

pub(crate) async fn after_a_rotation_everything_reads_and_the_old_key_alone_opens_nothing<P: Whole>() {
    let place = filled::<P>().await;
    let old = fs::read(place.keys().1).expect("a key");
    // A server that runs meanwhile, and has read something.
    let running = place.whole().await;
    assert!(recall(&*running, "d1").await.private.is_some());
    for below in [false, true] {
        place.keys().0.renew().expect("a new key");
        let store = place.whole().await;
        let renewed = store.renew(below).await.expect("it is renewed");
        assert_eq!((renewed.tenants, renewed.below), (1, if below { 3 } else { 0 }));
        assert_reads(&*store).await;
        assert_reads(&*running).await;
    }
    record(&*running, 2, decided_about("3", "d3", vec![])).await;
    running.open(&"birch".into(), Seed::from_number(2)).await.expect("a tenant");
    running.close().await;
    place.keys().0.forget_older().expect("one key is left");
    let store = place.whole().await;
    assert_reads(&*store).await;
    assert!(recall(&*store, "d3").await.private.is_some());
    assert_eq!(store.load(&"birch".into(), at(0)).await.expect("a state").seed, Seed::from_number(2));
    store.close().await;
    fs::write(place.keys().1, old).expect("the old key");
    assert!(place.try_whole().await.is_err());
}

pub(crate) async fn a_row_in_another_place_or_of_another_person_is_refused<P: Whole>() {
    let swaps = [
        // The words of one decision in the place of another's, and their persons' keys with them.
        "UPDATE private SET body = (SELECT body FROM private AS p WHERE p.kind = private.kind AND p.ref = 3) WHERE ref = 2 AND kind = 'lead'",
        "UPDATE people SET key = (SELECT key FROM people AS p WHERE p.person = 2) WHERE person = 1",
        "UPDATE private SET body = (SELECT body FROM private AS p WHERE p.kind = 'why' AND p.ref = 2) WHERE ref = 2 AND kind = 'lead'",
        "UPDATE tenants SET seed = substr(seed, 1, 40)",
    ];
    for sql in swaps {
        let place = filled::<P>().await;
        place.sql(sql).await;
        let store = place.whole().await;
        let read = store.decision(&acme(), &DecisionId::from("d1")).await;
        assert!(matches!(read, Err(StoreError::Inconsistent { .. })), "{sql}: {read:?}");
    }
}

pub(crate) async fn who_was_erased_and_comes_again_is_somebody_new<P: Whole>() {
    let place = filled::<P>().await;
    let store = place.whole().await;
    let again = || Whom::Email(" Joe1@Big.example".into());
    assert_eq!(store.export(&acme(), &again()).await.expect("an export").decisions.len(), 1);
    let erased = store.erase(&acme(), &again(), "a test", at(5), None).await.expect("an erasure");
    assert_eq!((erased.persons, erased.decisions, erased.effects), (1, 1, 2));
    assert!(claim(&*store, 9).await.is_empty(), "nothing is sent any more");
    let told = recall(&*store, "d1").await;
    assert_eq!((told.private, told.stored.decision.reason.detail.as_str()), (None, "erased"));
    let who = told.erased.expect("an erasure");
    assert_eq!((who.at, who.who.as_str()), (at(5), "a test"));
    assert!(recall(&*store, "d2").await.private.is_some(), "the other one stays");

    // The log moved on, so that whoever decides in memory reads anew.
    let late = EntryBody::Decision(Box::new(decided_about("1", "d9", vec![])));
    let late = store.record(&acme(), 3, vec![entry(6, late)]).await;
    assert!(matches!(late, Err(StoreError::Conflict { .. })));
    let mut new = decided_about("9", "d3", vec![]);
    new.person = PersonKey::of_email("joe1@big.example");
    record(&*store, 6, new).await;
    let told = store.export(&acme(), &again()).await.expect("an export");
    assert_eq!(told.leads, [LeadId::from("hs:contact:9")], "nothing leads back to what was erased");
    assert_eq!(store.erase(&acme(), &again(), "a test", at(6), None).await.expect("an erasure").decisions, 1);
    assert_eq!(store.changes(None, 0, 9).await.expect("changes").len(), 0, "noting it is the caller's");
}
