//! `rota replay` as people and scripts run it.

use insta::assert_snapshot;
use rota_tests::safe::Safe;
use serde_json::json;

use super::whole::usual;
use crate::command::rota;

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_log_and_one_decision_replay_and_end_well() {
    let tenant = usual().await;
    let all = rota(tenant.folder(), &["replay", "--all", "--db", "rota.db", "--json"]);
    assert_eq!((all.code, all.json()), (0, json!({"replayed": 9, "identical": 9, "different": [], "skipped": []})));
    let log = rota(tenant.folder(), &["log", "--db", "rota.db", "--json"]).lines();
    let id = log[3]["decision"].as_str().expect("an id");
    let one = rota(tenant.folder(), &["replay", id, "--db", "rota.db"]);
    let text = "1 decision replayed: every call and every result is the same, byte for byte.\n";
    assert_eq!((one.code, one.out.as_str()), (0, text));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_difference_is_a_finding_and_fits_one_screen() {
    let tenant = usual().await;
    let records = sqlx::query_scalar("SELECT ref FROM private WHERE kind = 'lead'");
    for seq in records.fetch_all(&tenant.tables().await).await.expect("records") {
        let safe = Safe::of(&tenant.folder().join("rota.db"), seq).await;
        safe.write(&safe.read().await.replace(r#"{\"Ok\":\"US\"}"#, r#"{\"Ok\":\"UT\"}"#)).await;
    }
    let ran = rota(tenant.folder(), &["replay", "--all", "--db", "rota.db"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    let (speed, id) = (r"\([0-9,]+ a second\)", "[0-9a-f]{8}-[0-9a-f-]{27}");
    insta::with_settings!({filters => vec![(speed, "(fast)"), (id, "<id>")]}, {
        assert_snapshot!(ran.out, @r#"
        9 decisions replayed (fast): 3 are not as recorded.

        <id>, step 2
          recorded  ["lead.text",["country"],{"Ok":"UT"}]
          replayed  this line is not as it was written: its check in the section's seal
                    is another
          rota why <id> shows all steps

        <id>, step 2
          recorded  ["lead.text",["country"],{"Ok":"UT"}]
          replayed  this line is not as it was written: its check in the section's seal
                    is another
          rota why <id> shows all steps

        <id>, step 2
          recorded  ["lead.text",["country"],{"Ok":"UT"}]
          replayed  this line is not as it was written: its check in the section's seal
                    is another
          rota why <id> shows all steps
        "#);
    });
    let machine = rota(tenant.folder(), &["replay", "--all", "--db", "rota.db", "--json"]);
    assert_eq!((machine.code, machine.json()["different"][0]["step"].as_u64()), (1, Some(2)));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_replayed_is_bad_input() {
    let tenant = usual().await;
    let id = "019cae00-0000-7abc-8def-000000000001";
    let ran = rota(tenant.folder(), &["replay", id, "--db", "rota.db"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("has no decision") && ran.err.contains("rota log"), "{}", ran.err);
    sqlx::query("DELETE FROM private").execute(&tenant.tables().await).await.expect("everybody is erased");
    let ran = rota(tenant.folder(), &["replay", "--all", "--db", "rota.db", "--json"]);
    assert_eq!(
        (ran.code, ran.json()["replayed"].as_u64(), ran.json()["skipped"].as_array().map(Vec::len)),
        (2, Some(0), Some(9))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_log_is_bad_input() {
    let tenant = super::tenant::Tenant::new();
    tenant.write("workspace.toml", super::whole::WORKSPACE.replace("./rule.wasm", "next-in-line"));
    tenant.decide(0..0).await;
    let ran = rota(tenant.folder(), &["replay", "--all", "--db", "rota.db", "--json"]);
    assert_eq!((ran.code, ran.json()), (2, json!({"replayed": 0, "identical": 0, "different": [], "skipped": []})));
}
