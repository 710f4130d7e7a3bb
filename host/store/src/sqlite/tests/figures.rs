//! What is watched is read from indexes, so that it costs the same however long the log is.

use super::super::figures::{FAILING, OVERDUE, UNASSIGNED, WAITS};
use super::{open, raw};

/// The indexes over what waits, failed, or may raise an alarm, and over nothing else.
const SMALL: [&str; 6] =
    ["inbox_waiting", "outbox_waiting", "outbox_dead", "outbox_causes", "outbox_retried", "decisions_unassigned"];

#[tokio::test]
async fn what_is_watched_is_found_by_indexes_over_what_waits_or_failed() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path()).await.close().await;
    let mut connection = raw(folder.path()).await;
    for statement in [WAITS, UNASSIGNED, OVERDUE, FAILING] {
        let explained = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"));
        let steps: Vec<(i64, i64, i64, String)> = sqlx::query_as(explained).fetch_all(&mut connection).await.unwrap();
        let steps: Vec<String> = steps.into_iter().map(|(_, _, _, step)| step).collect();
        let walks = steps.iter().filter(|step| step.starts_with("SCAN") || step.ends_with("(tenant=?)"));
        // Tenants are few, lanes are there while something waits, and `q` is what an index gave.
        let wide =
            walks.filter(|step| !step.starts_with("SCAN t") && !step.starts_with("SCAN q") && !step.contains(" l "));
        for step in wide {
            assert!(SMALL.iter().any(|index| step.contains(index)), "{step} of {steps:#?}");
        }
    }
}
