//! Backups, and what is not taken for one.

use std::path::{Path, PathBuf};

use rota_domain::id::{DecisionId, LeadId};
use rota_flow::ports::{People as _, Store as _, StoreError, Whom};
use sqlx::Connection as _;

use super::super::{Copied, Restored, back_up, restore};
use super::{acme, at, claim, filled, keys, open};

/// Backs the database of a folder up.
async fn copied(folder: &Path) -> (PathBuf, Copied) {
    let copy = folder.join("copy.db");
    let held = back_up(&folder.join("rota.db"), &copy).await.unwrap();
    (copy, held)
}

async fn restored(folder: &Path, copy: &Path, key: u8) -> Result<Restored, String> {
    let restored = restore(copy, &folder.join("rota.db"), &folder.join("rota.db.before"), &keys(key)).await;
    restored.map_err(|error: StoreError| error.to_string())
}

/// What a folder holds, by name.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_backup_beside_a_writer_is_one_whole_file_for_its_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(folder.path()).await;
    let (copy, held) = copied(folder.path()).await;
    let bytes = std::fs::metadata(&copy).unwrap().len();
    let expected = Copied { schema: 3, tenants: 1, decisions: 1, arrivals: 1, effects: 3, newest: Some(at(0)), bytes };
    assert_eq!(held, expected);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(names(folder.path()), ["copy.db", "rota.db", "rota.db-shm", "rota.db-wal"]);
    let again = back_up(&folder.path().join("rota.db"), &copy).await.unwrap_err().to_string();
    assert!(again.contains("a backup overwrites nothing"), "{again}");
    store.close().await;
}

#[tokio::test]
async fn a_backup_that_cannot_be_made_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("notes.txt");
    std::fs::write(&text, "Ana prefers the Alps. ".repeat(100)).unwrap();
    let refused = back_up(&text, &folder.path().join("copy.db")).await.unwrap_err().to_string();
    assert!(refused.contains("no SQLite database"), "{refused}");
    assert_eq!(names(folder.path()), ["notes.txt"]);
}

#[tokio::test]
async fn a_restored_database_is_what_the_backup_was_and_sends_nothing_blindly() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(folder.path()).await;
    let (copy, held) = copied(folder.path()).await;
    let busy = restored(folder.path(), &copy, 7).await.unwrap_err();
    assert!(busy.contains("has it open; stop that first"), "{busy}");
    store.close().await;
    let told = restored(folder.path(), &copy, 7).await.unwrap();
    let before = folder.path().join("rota.db.before");
    assert_eq!((told.held.decisions, told.before.as_ref(), told.unasked), (held.decisions, Some(&before), false));
    assert_eq!(names(folder.path()), ["copy.db", "rota.db", "rota.db.before"]);
    let store = open(folder.path()).await;
    assert!(store.decision(&acme(), &DecisionId::from("d1")).await.unwrap().unwrap().private.is_some());
    let attempts: Vec<u32> = claim(&store, 50).await.iter().map(|claim| claim.attempt).collect();
    assert!(!attempts.is_empty() && attempts.iter().all(|attempt| *attempt > 1), "{attempts:?}");
    store.close().await;
}

#[tokio::test]
async fn whom_the_database_erased_since_the_backup_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(folder.path()).await;
    let (copy, _) = copied(folder.path()).await;
    let lead = LeadId::from("hs:contact:101");
    store.erase(&acme(), &Whom::Lead(lead.clone()), "a test", at(9), None).await.unwrap();
    store.close().await;
    let told = restored(folder.path(), &copy, 7).await.unwrap();
    assert_eq!(told.erased, [(acme(), lead)]);
    assert!(restored_again(folder.path(), &copy).await.erased.is_empty(), "nobody was erased since in this one");
}

/// Restores once more, with another name for what is there.
async fn restored_again(folder: &Path, copy: &Path) -> Restored {
    restore(copy, &folder.join("rota.db"), &folder.join("rota.db.second"), &keys(7)).await.unwrap()
}

#[tokio::test]
async fn a_database_that_does_not_read_is_kept_with_its_log_and_replaced() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path()).await.close().await;
    let (copy, _) = copied(folder.path()).await;
    let database = folder.path().join("rota.db");
    std::fs::write(&database, vec![7; 8_192]).unwrap();
    std::fs::write(folder.path().join("rota.db-wal"), "of the broken one").unwrap();
    let told = restored(folder.path(), &copy, 7).await.unwrap();
    assert!(told.unasked, "it cannot say whom it had erased");
    assert_eq!(names(folder.path()), ["copy.db", "rota.db", "rota.db.before", "rota.db.before-wal"]);
    open(folder.path()).await.close().await;
}

#[tokio::test]
async fn what_is_no_whole_backup_of_ours_is_refused_and_the_database_stays() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path()).await.close().await;
    let (copy, _) = copied(folder.path()).await;
    let database = std::fs::read(folder.path().join("rota.db")).unwrap();
    let other_key = restored(folder.path(), &copy, 8).await.unwrap_err();
    assert!(other_key.contains("copy.db") && other_key.contains("put the right key back"), "{other_key}");

    let whole = std::fs::read(&copy).unwrap();
    let spoilt = folder.path().join("spoilt.db");
    let mut bytes = whole.clone();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 4_096].fill(0xA5);
    for bytes in [bytes, whole[..whole.len() - 4_096].to_vec(), b"Ana prefers the Alps.".repeat(100)] {
        std::fs::write(&spoilt, bytes).unwrap();
        let refused = restored(folder.path(), &spoilt, 7).await.unwrap_err();
        assert!(refused.contains("spoilt.db"), "{refused}");
    }
    std::fs::write(&spoilt, &whole).unwrap();
    std::fs::write(folder.path().join("spoilt.db-wal"), "more").unwrap();
    let refused = restored(folder.path(), &spoilt, 7).await.unwrap_err();
    assert!(refused.contains("no finished backup"), "{refused}");
    std::fs::remove_file(folder.path().join("spoilt.db-wal")).unwrap();

    std::fs::rename(&spoilt, folder.path().join("newer").with_extension("db")).unwrap();
    let newer = folder.path().join("newer.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&newer);
    let mut connection = sqlx::ConnectOptions::connect(&options).await.unwrap();
    sqlx::raw_sql("PRAGMA user_version = 99").execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let refused = restored(folder.path(), &newer, 7).await.unwrap_err();
    assert!(refused.contains("newer.db") && refused.contains("newer Rota"), "{refused}");
    assert!(std::fs::read(folder.path().join("rota.db")).unwrap() == database, "nothing was changed");
}
