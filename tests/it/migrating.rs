//! A database of an older Rota is brought up by a process that is killed again and again.

use std::path::Path;
use std::time::Duration;

use rota_tests::root;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};

use crate::command::{rota, unfinished};

/// Persons with a decision each: enough that sealing them takes many commits.
const PERSONS: i64 = 6_000;

/// At most so many starts are killed.
const KILLS: u64 = 60;

async fn raw(folder: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(folder.join("rota.db")).create_if_missing(true);
    options.connect().await.expect("the file")
}

/// A database as Rota wrote it with its first schema, in which everything stands in the clear.
async fn first(folder: &Path) {
    let schema = root().join("host/store/migrations/sqlite/0001_first.sql");
    let schema = std::fs::read_to_string(schema).expect("the first schema");
    let mut connection = raw(folder).await;
    let numbers = format!("WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i <= {PERSONS})");
    let filled = format!(
        r#"{schema}
        BEGIN;
        INSERT INTO tenants VALUES ('acme', randomblob(32), 1 + {PERSONS}, 1, 0);
        INSERT INTO log VALUES ('acme', 1, 1770000000000000, 'workspace',
            '{{"workspace":"acme","time_zone":"UTC","reps":[],"pools":[],"calendars":[],"tables":[],"connections":[],"sources":[],"flows":[]}}');
        {numbers} INSERT INTO log SELECT 'acme', i, 1770000000000000, 'decision',
            '{{"decision":{{"decision":"d' || i || '","lead":"web:' || i || '","at":"2026-02-02T02:40:00Z","flow":"inbound","trigger":"created","class":"c","outcome":"assign","rep":null,"owner":null,"pool":null,"queue":null,"reason":{{"code":"r","detail":""}},"fallback":true,"error":null,"error_detail":null,"response_due":null,"effects":[],"plugin":null,"revision":1,"fuel":9,"repeated":false}},"turn":null}}' FROM n;
        {numbers} INSERT INTO people SELECT i, 'acme', randomblob(32) FROM n;
        {numbers} INSERT INTO private SELECT i, 'why', i,
            '{{"person":"email:p' || i || '@telltale.example","detail":"words-' || i || '","error":null}}' FROM n;
        {numbers} INSERT INTO decisions SELECT 'acme', i, 'd' || i, 'web:' || i, i, 1770000000000000, 1, 1,
            NULL, NULL, NULL, NULL, NULL, NULL FROM n;
        COMMIT;"#
    );
    sqlx::raw_sql(AssertSqlSafe(filled)).execute(&mut connection).await.expect("filled");
    connection.close().await.expect("closed");
}

/// The version of the schema, and how many bodies are not sealed yet.
async fn standing(folder: &Path) -> (i64, i64) {
    let mut connection = raw(folder).await;
    let version = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut connection).await.expect("a version");
    let table = if version < 3 { "private" } else { "private_plain" };
    let count = sqlx::query_scalar(AssertSqlSafe(format!("SELECT count(*) FROM {table}")));
    // Once all are sealed, there is no such table.
    let left = count.fetch_one(&mut connection).await.unwrap_or(0);
    connection.close().await.expect("closed");
    (version, left)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_is_killed_again_and_again_is_brought_to_its_end_by_the_next_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    first(folder).await;
    for kill in 0..KILLS {
        unfinished(folder, &["log", "--db", "rota.db"], Duration::from_millis(4 + 3 * kill));
        let (version, left) = standing(folder).await;
        assert!([1, 3].contains(&version), "the schema is the old one or the new one: {version}");
        if left == 0 {
            break;
        }
    }
    let lines = rota(folder, &["log", "--db", "rota.db", "--json"]).lines();
    assert_eq!(i64::try_from(lines.len()), Ok(PERSONS), "every decision is there");
    for line in &lines {
        let id = line["decision"].as_str().expect("an id").trim_start_matches('d');
        assert_eq!(line["reason"]["detail"], format!("words-{id}"), "its words are its own");
    }
    assert_eq!(standing(folder).await, (3, 0));
    let bytes = std::fs::read(folder.join("rota.db")).expect("the file");
    assert!(!bytes.windows(8).any(|window| window == b"telltale"), "nothing stands in the clear any more");
}
