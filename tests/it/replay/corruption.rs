//! One byte that changed on disk is found, and the step is named.

use std::sync::Arc;

use rota::replay::{Differing, Outcome, Replayer, Tally};
use rota_domain::id::DecisionId;
use rota_domain::transcript::Replayed;
use rota_rules::Catalogue;
use rota_tests::safe::Safe;
use sqlx::sqlite::SqlitePool;

use super::tenant::Tenant;
use super::whole::usual;

/// The first decision: from the US, so that it asked one plugin.
struct Victim {
    tenant: Tenant,
    safe: Safe,
    tables: SqlitePool,
    seq: i64,
    id: DecisionId,
    body: String,
}

impl Victim {
    async fn new() -> Self {
        let tenant = usual().await;
        let tables = tenant.tables().await;
        let (seq, id): (i64, String) = sqlx::query_as("SELECT seq, id FROM decisions ORDER BY seq LIMIT 1")
            .fetch_one(&tables)
            .await
            .expect("a decision");
        let safe = Safe::of(&tenant.folder().join("rota.db"), seq).await;
        let body = safe.read().await;
        Self { tenant, safe, tables, seq, id: id.into(), body }
    }

    async fn store(&self, body: &str) {
        self.safe.write(body).await;
    }

    /// The one difference in the log, once this text in the record is another.
    async fn with(&self, text: &str, other: &str) -> Differing {
        let (text, other) = (text.replace('"', "\\\""), other.replace('"', "\\\""));
        assert_eq!(self.body.matches(&text).count(), 1, "{text} in {}", self.body);
        self.store(&self.body.replacen(&text, &other, 1)).await;
        let Tally { replayed, identical, mut different, .. } = self.tenant.replay().await;
        assert_eq!((replayed, identical, different.len()), (9, 8, 1));
        let differing = different.remove(0);
        assert_eq!(differing.decision, self.id);
        differing
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_answer_is_found_where_it_was_answered() {
    let victim = Victim::new().await;
    let differing =
        victim.with(r#"["lead.text",["country"],{"Ok":"US"}]"#, r#"["lead.text",["country"],{"Ok":"UT"}]"#).await;
    assert_eq!(differing.step, 2);
    assert_eq!(differing.recorded, r#"["lead.text",["country"],{"Ok":"UT"}]"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_argument_is_found_with_what_the_plugin_asks() {
    let victim = Victim::new().await;
    let differing = victim.with(r#"["rep-pool.open",["na"]"#, r#"["rep-pool.open",["nb"]"#).await;
    assert_eq!((differing.step, differing.replayed.as_str()), (4, r#"["rep-pool.open",["na"],…]"#));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_result_and_changed_fuel_are_found_at_the_end() {
    let victim = Victim::new().await;
    let differing = victim.with(r#"{"Ok":{"Assign":{"rep":0"#, r#"{"Ok":{"Assign":{"rep":1"#).await;
    assert_eq!(differing.step, 6);
    assert!(differing.replayed.contains(r#""rep":0"#) && differing.recorded.contains(r#""rep":1"#), "{differing:?}");
    let fuel = victim.body.split("[\\\"returned\\\",[").nth(1).and_then(|rest| rest.split(']').next()).expect("fuel");
    let less = fuel.parse::<u64>().expect("a number") ^ 1;
    let differing = victim.with(&format!(r#"["returned",[{fuel}]"#), &format!(r#"["returned",[{less}]"#)).await;
    assert_eq!(differing.step, 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_terms_are_found_in_the_heading() {
    let victim = Victim::new().await;
    for (text, other) in [
        (r#""attempt":1"#, r#""attempt":2"#),
        (r#""host_calls":10000"#, r#""host_calls":10001"#),
        (r#"["plugin",["first""#, r#"["plugin",["firsu""#),
        (r#"["plugin","#, r#"["pluggn","#),
        (r#""engine":"w"#, r#""engine":"v"#),
    ] {
        assert_eq!(victim.with(text, other).await.step, 1, "{other}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_settings_are_found_by_every_decision_that_used_them() {
    let victim = Victim::new().await;
    let change =
        "UPDATE log SET body = replace(body, '{\"pool\":\"na\"}', '{\"pool\":\"nb\"}') WHERE kind = 'workspace'";
    assert_eq!(sqlx::query(change).execute(&victim.tables).await.expect("changed").rows_affected(), 1);
    let tally = victim.tenant.replay().await;
    assert_eq!((tally.replayed, tally.identical), (9, 0));
    assert!(tally.different.iter().all(|differing| differing.step == 1), "{:?}", tally.different);
    assert!(tally.different[0].replayed.starts_with("the settings of this flow have the digest"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_names_another_rep_than_the_plugin_gave_is_found() {
    let victim = Victim::new().await;
    let change = sqlx::query(
        "UPDATE log SET body = replace(body, '\"rep\":\"ana\"', '\"rep\":\"anb\"') WHERE kind = 'decision' AND seq = ?",
    );
    assert_eq!(change.bind(victim.seq).execute(&victim.tables).await.expect("changed").rows_affected(), 1);
    let tally = victim.tenant.replay().await;
    let [differing] = tally.different.as_slice() else { panic!("{tally:?}") };
    assert_eq!((&differing.decision, differing.step), (&victim.id, 6));
    assert!(
        differing.recorded.contains(r#""rep":"anb""#) && differing.replayed.contains(r#""rep":"ana""#),
        "{differing:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_or_a_log_entry_that_cannot_be_read_at_all_is_a_difference_too() {
    let victim = Victim::new().await;
    victim.store(&victim.body.replacen('{', "[", 1)).await;
    let tally = victim.tenant.replay().await;
    assert_eq!((tally.replayed, tally.identical, tally.different[0].step), (9, 8, 0));
    victim.store(&victim.body).await;
    let change = sqlx::query(
        "UPDATE log SET body = replace(body, '{\"decision\"', '{\"decisio\"') WHERE kind = 'decision' AND seq = ?",
    );
    assert_eq!(change.bind(victim.seq).execute(&victim.tables).await.expect("changed").rows_affected(), 1);
    let tally = victim.tenant.replay().await;
    assert_eq!((tally.replayed, tally.identical, tally.different[0].step), (9, 8, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn any_one_byte_of_a_transcript_that_changes_is_found_in_its_line() {
    let victim = Victim::new().await;
    let record: serde_json::Value = serde_json::from_str(&victim.body).expect("JSON");
    let transcript = record["transcript"].as_str().expect("a transcript").to_owned();
    let replayer = Arc::new(
        Replayer::new(victim.tenant.store().await, "acme".into(), Catalogue::new().expect("an engine"))
            .expect("it stands"),
    );
    let mut line = 1;
    for (place, byte) in transcript.bytes().enumerate() {
        let mut changed = transcript.clone().into_bytes();
        changed[place] = byte ^ 1;
        let mut record = record.clone();
        record["transcript"] = String::from_utf8(changed).expect("still ASCII").into();
        victim.store(&record.to_string()).await;
        let outcome = replayer.one(&victim.id).await.expect("the store answers").expect("a decision");
        let Outcome::Replayed(Replayed { difference: Some(difference), .. }) = outcome else {
            panic!("byte {place} of line {line} is not missed: {outcome:?}");
        };
        assert_eq!(difference.step, line, "byte {place}: {difference:?}");
        line += usize::from(byte == b'\n');
    }
}
