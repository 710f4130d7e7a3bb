//! The schema's versions, one after the other: each older one opens, and a migration that is cut
//! off leaves the schema before it.

use rota_domain::id::DecisionId;
use rota_flow::ports::Store as _;
use sqlx::{AssertSqlSafe, Connection as _};

use super::super::open::MIGRATIONS;
use super::{acme, open, raw};

/// A file as Rota wrote it with the schema of this number, with what the first one wrote.
async fn of(folder: &std::path::Path, schema: usize) {
    std::fs::File::create(folder.join("rota.db")).unwrap();
    let mut connection = raw(folder).await;
    sqlx::raw_sql("PRAGMA synchronous = OFF").execute(&mut connection).await.unwrap();
    sqlx::raw_sql(MIGRATIONS[0]).execute(&mut connection).await.unwrap();
    sqlx::raw_sql(include_str!("first.sql")).execute(&mut connection).await.unwrap();
    for migration in &MIGRATIONS[1..schema] {
        sqlx::raw_sql(*migration).execute(&mut connection).await.unwrap();
    }
    connection.close().await.unwrap();
}

/// The database opens, is of the newest schema, and has what it had.
async fn is_brought_up(folder: &std::path::Path) {
    let store = open(folder).await;
    let recalled = store.decision(&acme(), &DecisionId::from("d1")).await.unwrap().unwrap();
    assert_eq!(recalled.private.unwrap().transcript, "[\"lead.text\",[\"country\"],{\"Ok\":\"US\"}]\n");
    assert_eq!(store.backlog(&acme()).await.unwrap(), (1, 3));
    store.close().await;
    assert_eq!(version(folder).await, MIGRATIONS.len());
}

/// Every table, index and view, as it was made.
async fn schema(folder: &std::path::Path) -> Vec<String> {
    let made = sqlx::query_scalar("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name");
    made.fetch_all(&mut raw(folder).await).await.unwrap()
}

async fn version(folder: &std::path::Path) -> usize {
    let version: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut raw(folder).await).await.unwrap();
    usize::try_from(version).unwrap()
}

#[tokio::test]
async fn a_database_of_every_older_schema_is_brought_up() {
    for schema in 1..=MIGRATIONS.len() {
        let folder = tempfile::tempdir().unwrap();
        of(folder.path(), schema).await;
        assert_eq!(version(folder.path()).await, schema);
        is_brought_up(folder.path()).await;
    }
}

/// The statements of a migration: lines up to one that ends one, outside comments.
fn statements(migration: &str) -> Vec<String> {
    let lines = migration.lines().filter(|line| !line.trim_start().starts_with("--"));
    let text = lines.collect::<Vec<_>>().join("\n");
    text.split_inclusive(";\n").map(str::to_owned).filter(|text| !text.trim().is_empty()).collect()
}

#[tokio::test]
async fn a_migration_that_is_cut_off_after_any_statement_leaves_a_database_that_is_brought_up() {
    for (before, migration) in MIGRATIONS.iter().enumerate().skip(1) {
        let whole = statements(migration);
        assert!(whole.len() > 2, "it has several statements");
        for cut in 0..whole.len() {
            let last = cut + 1 == whole.len();
            let folder = tempfile::tempdir().unwrap();
            of(folder.path(), before).await;
            let untouched = schema(folder.path()).await;
            let mut connection = raw(folder.path()).await;
            // Pages go into the file before the commit, and are taken back from its journal.
            sqlx::raw_sql("PRAGMA cache_spill = 1; PRAGMA cache_size = 1").execute(&mut connection).await.unwrap();
            sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut connection).await.unwrap();
            for statement in &whole[..=cut] {
                sqlx::raw_sql(AssertSqlSafe(statement.clone())).execute(&mut connection).await.unwrap();
            }
            let crashed = tempfile::tempdir().unwrap();
            for entry in std::fs::read_dir(folder.path()).unwrap() {
                let path = entry.unwrap().path();
                std::fs::copy(&path, crashed.path().join(path.file_name().unwrap())).unwrap();
            }
            drop(connection);
            assert_eq!(version(crashed.path()).await, before);
            assert_eq!(schema(crashed.path()).await, untouched, "nothing of it is there");
            // All of them are that same file now.
            if last {
                is_brought_up(crashed.path()).await;
            }
        }
    }
}
