//! A tenant's share of the host: what is used up makes leads wait, and loses none.

use std::sync::Arc;

use rota::clock::SystemClock;
use rota_flow::ports::Clock as _;
use rota_flow::sequencer::Progress;
use rota_flow::share::Share;
use rota_tests::guest::Guest;

use crate::tenant::{Tenant, workspace};

#[tokio::test]
async fn leads_wait_in_the_inbox_while_the_fuel_of_the_minute_is_used_and_are_decided_after() {
    let folder = workspace("", &[Guest::file("endless-loop")]);
    let share = Share::new(Tenant::id(), Arc::default(), 1, SystemClock.now());
    let mut tenant = Tenant::with(folder.path(), share.clone()).await;
    for n in 0..5 {
        tenant.arrives(n).await;
    }
    assert_eq!(tenant.turn().await, Progress::More);
    assert!(matches!(tenant.turn().await, Progress::Spent(wait) if !wait.is_zero()));
    assert_eq!(tenant.store.backlog(&Tenant::id()).await.expect("a backlog").0, 4);
    share.regrant(u64::MAX, SystemClock.now());
    while tenant.turn().await == Progress::More {}
    assert_eq!(tenant.store.log(&Tenant::id(), 0, 10).await.expect("the log").len(), 5);
}

#[tokio::test]
async fn a_batch_of_a_rule_that_burns_its_fuel_is_recorded_in_parts_and_decided_as_in_one() {
    let folder = workspace("", &[Guest::file("endless-loop")]);
    let mut tenant = Tenant::open(folder.path()).await;
    for n in 0..25 {
        tenant.arrives(n).await;
    }
    let mut commits = 0;
    while tenant.turn().await == Progress::More {
        commits += 1;
    }
    assert_eq!(commits, 3);
    let log = tenant.store.log(&Tenant::id(), 0, 100).await.expect("the log");
    let leads: Vec<&str> = log.iter().map(|stored| stored.decision.lead.as_str()).collect();
    assert_eq!(leads, (0..25).map(|n| n.to_string()).collect::<Vec<_>>());
    assert!(log.iter().all(|stored| stored.decision.fallback));
}
