//! How what is kept stands in the file.

use std::sync::Arc;

use rota_domain::id::{Digest, Seed, TenantId};
use rota_flow::ports::{Store as _, StoreError};

use super::{acme, open, raw};

async fn count(folder: &std::path::Path, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(&mut raw(folder).await).await.unwrap()
}

#[tokio::test]
async fn a_component_of_many_tenants_stands_in_the_file_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(open(folder.path()).await);
    let component: Arc<[u8]> = vec![7; 3_000_000].into();
    // All at once, so that most of them find it half there.
    let keeping = (0..8).map(|n| {
        let (store, component) = (Arc::clone(&store), Arc::clone(&component));
        tokio::spawn(async move {
            let tenant = TenantId::from(format!("t{n}"));
            store.open(&tenant, Seed::from_number(n)).await.unwrap();
            store.keep(&tenant, vec![Arc::clone(&component), component]).await.unwrap();
            store.kept(&tenant, &Digest::of(&[7; 3_000_000])).await.unwrap().unwrap().len()
        })
    });
    for kept in keeping.collect::<Vec<_>>() {
        assert_eq!(kept.await.unwrap(), 3_000_000);
    }
    assert_eq!(count(folder.path(), "SELECT sum(length(body)) FROM kept_pieces").await, 3_000_000);
    assert_eq!(count(folder.path(), "SELECT sum(bytes) FROM kept").await, 3_000_000);
    assert_eq!(count(folder.path(), "SELECT count(*) FROM keepers").await, 8);
}

#[tokio::test]
async fn what_a_crash_left_half_written_is_completed_and_not_kept_before() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    store.open(&acme(), Seed::from_number(1)).await.unwrap();
    let thing: Vec<u8> = (0..2_500_000_u32).flat_map(u32::to_le_bytes).take(2_500_000).collect();
    let digest = Digest::of(&thing);
    for step in super::super::kept::Step::of_new(&acme(), &digest, &thing).take(2) {
        store.writer.write(step).await.unwrap();
    }
    assert_eq!(count(folder.path(), "SELECT count(*) FROM kept_pieces").await, 2);
    assert_eq!(store.kept(&acme(), &digest).await.unwrap(), None);

    store.keep(&acme(), vec![thing.as_slice().into()]).await.unwrap();
    assert_eq!(count(folder.path(), "SELECT count(*) FROM kept_pieces").await, 3);
    assert!(store.kept(&acme(), &digest).await.unwrap().unwrap() == thing);
}

#[tokio::test]
async fn kept_bytes_that_changed_are_an_error_that_names_them() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    store.open(&acme(), Seed::from_number(1)).await.unwrap();
    store.keep(&acme(), vec![b"component".as_slice().into()]).await.unwrap();
    for spoil in ["UPDATE kept_pieces SET body = x'00'", "DELETE FROM kept_pieces"] {
        sqlx::raw_sql(spoil).execute(&mut raw(folder.path()).await).await.unwrap();
        match store.kept(&acme(), &Digest::of(b"component")).await {
            Err(StoreError::Inconsistent { what, detail }) => {
                assert!(what.contains(Digest::of(b"component").as_str()) && what.contains("`acme`"), "{what}");
                assert!(detail.contains("not those that were kept; restore"), "{detail}");
            }
            other => panic!("{other:?}"),
        }
    }
}
