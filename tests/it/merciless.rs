//! Hosts that are killed again and again while leads come in, by the driver of `support/merciless`.

mod verdict;

use std::time::Duration;

use rota_tests::merciless::{Report, Wanted, run};
use rota_tests::postgres;

/// A run of this seed, or the one that `MERCILESS_SEED` names, in which nothing may be wrong.
async fn well(kills: usize, hosts: usize, database: Option<String>) -> Report {
    let seed = std::env::var("MERCILESS_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let wanted = Wanted {
        program: env!("CARGO_BIN_EXE_rota-under-test").into(),
        seed,
        kills,
        hosts,
        database,
        disk_mib: None,
        pace: 1.0,
        patience: Duration::from_secs(300),
    };
    let report = run(wanted).await.expect("a run");
    assert!(report.wrongs.is_empty(), "seed {seed}: {report}");
    assert!(report.figure("kills") >= Some(kills), "{report}");
    report
}

#[tokio::test(flavor = "multi_thread")]
async fn one_host_that_is_killed_again_and_again_loses_nothing_and_does_nothing_twice() {
    // With those below, fifty.
    well(38, 1, None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_hosts_on_one_server_that_are_killed_and_cut_off_from_it_lose_nothing_and_do_nothing_twice() {
    if postgres::there() {
        let report = well(12, 3, Some(postgres::database().await)).await;
        assert!(report.figure("times a way to the database was cut or stalled") >= Some(1), "{report}");
    }
}
