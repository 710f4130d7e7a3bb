//! A log that outlives what it was written with: restarts, other workspaces, other plugins.

use rota_domain::id::Digest;

use super::tenant::Tenant;
use rota_tests::guest::Guest;
use rota_tests::safe::Safe;

/// Two flows: the first passes on everything that is not from the US.
pub(crate) const WORKSPACE: &str = r#"
workspace = "acme"
reps = [{ id = "ana" }, { id = "bo" }, { id = "cy" }]
pools = [
  { id = "na", members = [{ rep = "ana", weight = 3 }, { rep = "bo" }] },
  { id = "eu", members = [{ rep = "cy" }] },
]
[[flows]]
id = "first"
plugin = "./rule.wasm"
settings = { pool = "na" }
fallback = { queue = "triage" }
enrol = { on = ["manual", "created"] }
[[flows]]
id = "second"
plugin = "territory"
settings = { territories = [{ countries = ["DE"], pool = "eu" }] }
fallback = { queue = "triage" }
enrol = { on = ["manual", "created"] }
"#;

/// Reads the country, notes it, and gives leads from the US to the next of `na`.
pub(crate) const RULE: &str = r#"(data (i32.const 4096) "country")
    (func $decide (result i32)
      (call $lead.text (i32.const 4096) (i32.const 7) (global.get $back))
      (call $explain.note (i32.const 1024) (i32.const 2) (i32.load offset=4 (global.get $back)) (i32.load offset=8 (global.get $back)))
      (if (i32.eq (i32.load8_u (i32.load offset=4 (global.get $back))) (i32.const 85))
        (then (return (call $assign (call $next (i32.const 1024) (i32.const 2))))))
      (call $pass))"#;

pub(crate) async fn usual() -> Tenant {
    let tenant = Tenant::new();
    tenant.write("workspace.toml", WORKSPACE);
    tenant.write("rule.wasm", Guest::new(RULE).component());
    tenant.decide(0..9).await;
    tenant
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_that_asked_several_plugins_replays_each() {
    let tenant = usual().await;
    let tally = tenant.replay().await;
    assert_eq!((tally.replayed, tally.identical, tally.different, tally.skipped), (9, 9, vec![], vec![]));
    let store = tenant.store().await;
    let log = store.log(&"acme".into(), 0, 99).await.expect("a log");
    let asked = log.iter().map(|stored| stored.decision.plugin.as_ref().expect("a plugin").name.as_str());
    assert_eq!(asked.collect::<Vec<_>>()[..3], ["guest", "territory", "territory"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_decided_under_another_workspace_and_plugin_replays_as_it_was() {
    let tenant = usual().await;
    tenant.write("workspace.toml", WORKSPACE.replace("pool = \"na\"", "pool = \"xx\"").replace("\"bo\"", "\"dee\""));
    tenant.write("rule.wasm", Guest::file("stops-itself").component());
    tenant.decide(9..12).await;
    // Not even the files are there any more.
    tenant.write("rule.wasm", "gone");
    tenant.write("workspace.toml", "gone");
    let tally = tenant.replay().await;
    assert_eq!((tally.replayed, tally.identical, tally.different, tally.skipped), (12, 12, vec![], vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_ended_a_hostile_guest_replays_as_the_log_tells_it() {
    let tenant = Tenant::new();
    tenant.write("workspace.toml", WORKSPACE);
    let names = ["undeclared-read-then-trap", "undeclared-write", "made-up-rep", "explain-flood", "endless-recursion"];
    for (n, name) in (0..).zip(names) {
        tenant.write("rule.wasm", Guest::file(name).component());
        tenant.decide(3 * n..3 * n + 3).await;
    }
    let tally = tenant.replay().await;
    assert_eq!((tally.replayed, tally.identical, tally.different, tally.skipped), (15, 15, vec![], vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transcript_that_was_emptied_is_a_difference() {
    let tenant = usual().await;
    let first = sqlx::query_scalar("SELECT min(ref) FROM private WHERE kind = 'lead'");
    let first = first.fetch_one(&tenant.tables().await).await.expect("a record");
    let safe = Safe::of(&tenant.folder().join("rota.db"), first).await;
    let mut record: serde_json::Value = serde_json::from_str(&safe.read().await).expect("a record");
    record["transcript"] = "".into();
    safe.write(&record.to_string()).await;
    let tally = tenant.replay().await;
    assert_eq!((tally.identical, tally.different.len()), (8, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_asked_again_is_skipped_and_says_why() {
    let tenant = usual().await;
    let tables = tenant.tables().await;
    sqlx::query("DELETE FROM private WHERE kind = 'lead' AND ref = (SELECT min(ref) FROM private WHERE kind = 'lead')")
        .execute(&tables)
        .await
        .expect("one is past");
    let rule = Digest::of(&Guest::new(RULE).component());
    let forget = sqlx::query("DELETE FROM keepers WHERE digest = ?").bind(rule.as_str());
    assert_eq!(forget.execute(&tables).await.expect("the component is gone").rows_affected(), 1);
    let tally = tenant.replay().await;
    assert_eq!(tally.replayed, 0);
    let whys: std::collections::BTreeSet<_> = tally.skipped.iter().map(|skipped| skipped.why.as_str()).collect();
    let expected = [
        "it is older than the tenant's plan keeps (keep_days), and what the plugin was answered is gone".to_owned(),
        format!("the component {rule} is not kept"),
    ];
    assert_eq!(whys.into_iter().collect::<Vec<_>>(), expected);
}
