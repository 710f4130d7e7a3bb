//! Hosts that are killed again and again while leads come in, by the driver of `support/merciless`.

mod verdict;

use std::time::Duration;

use rota_tests::merciless::{Wanted, run};

#[tokio::test(flavor = "multi_thread")]
async fn one_host_killed_fifty_times_loses_nothing_and_does_nothing_twice() {
    let seed = std::env::var("MERCILESS_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let wanted = Wanted {
        program: env!("CARGO_BIN_EXE_rota-under-test").into(),
        seed,
        kills: 50,
        hosts: 1,
        database: None,
        disk_mib: None,
        patience: Duration::from_secs(300),
    };
    let report = run(wanted).await.expect("a run");
    assert!(report.wrongs.is_empty(), "seed {seed}: {report}");
    let kills = report.figures.iter().find(|(name, _)| *name == "kills").map(|(_, count)| *count);
    assert!(kills >= Some(50), "{report}");
}
