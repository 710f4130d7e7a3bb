//! How long a token is believed without a look into the database.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rota::gate::Gate;
use rota::tokens::{Wanted, issue};
use rota_domain::access::{Role, Token};
use rota_domain::id::TokenId;
use rota_flow::ports::Access;
use tempfile::TempDir;

struct Kept {
    access: Arc<dyn Access>,
    gate: Gate,
    token: Token,
    id: TokenId,
    now: Timestamp,
    _folder: TempDir,
}

async fn kept() -> Kept {
    let folder = tempfile::tempdir().expect("a folder");
    let store = rota_tests::open(&folder.path().join("rota.db")).await.expect("a store");
    let access: Arc<dyn Access> = Arc::new(store);
    let now = Timestamp::from_second(1_800_000_059).expect("a time");
    let wanted = Wanted { tenant: None, role: Role::Host, name: "x".into(), expires: None };
    let (token, grant) = issue(&*access, wanted, "a test", now).await.expect("a token");
    Kept { gate: Gate::new(access.clone()), access, token, id: grant.id, now, _folder: folder }
}

impl Kept {
    async fn lets_in(&self, millis: i64) -> bool {
        let now = self.now + SignedDuration::from_millis(millis);
        self.gate.grant(&self.token, now).await.expect("read").is_some()
    }

    async fn used(&self) -> Option<Timestamp> {
        self.gate.flush().await;
        self.access.grants(None).await.expect("tokens")[0].used
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_believed_for_two_seconds_and_no_longer() {
    let kept = kept().await;
    assert!(kept.lets_in(0).await);
    kept.access.revoke(None, &kept.id, kept.now).await.expect("revoked");
    assert!(kept.lets_in(1_999).await, "it was read a moment ago");
    assert!(!kept.lets_in(2_000).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_forgotten_is_read_again() {
    let kept = kept().await;
    assert!(kept.lets_in(0).await);
    kept.access.revoke(None, &kept.id, kept.now).await.expect("revoked");
    kept.gate.forget(&kept.id);
    assert!(!kept.lets_in(1).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_use_is_noted_once_a_minute() {
    let kept = kept().await;
    assert_eq!(kept.used().await, None);
    assert!(kept.lets_in(0).await && kept.lets_in(900).await);
    assert_eq!(kept.used().await.map(Timestamp::as_second), Some(1_800_000_000));
    assert!(kept.lets_in(1_000).await);
    assert_eq!(kept.used().await.map(Timestamp::as_second), Some(1_800_000_060));
}
