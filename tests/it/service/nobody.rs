//! Why nobody got a lead: of each member of the pool that gave no turn, what stood against them.

use rota_domain::access::Role;
use serde_json::{Value, json};

use super::Service;

const TEAM: &str = r#"workspace = "acme"
[[reps]]
id = "ada"
capacity = 1
[[reps]]
id = "bo"
time_off = [{ from = "2026-01-01", to = "2199-12-31" }]
[[reps]]
id = "cy"
[[reps]]
id = "dee"
active = false
[[reps]]
id = "eve"
[[reps]]
id = "fay"
[[pools]]
id = "all"
members = [{ rep = "ada" }, { rep = "bo" }, { rep = "cy" }, { rep = "dee" }, { rep = "eve", weight = 0 }, { rep = "fay" }]
[[flows]]
id = "inbound"
plugin = "next-in-line"
settings = { pool = "all" }
fallback = { queue = "triage" }
"#;

/// What `rota why` says of each rep after two leads: the first is ada's.
async fn second(text: String) -> Value {
    let service = Service::start(&[text]).await;
    let token = service.token("acme", Role::Operator).await;
    for (rep, status) in [("cy", "away"), ("fay", "left")] {
        let said = service.post(&format!("/v1/reps/{rep}/status"), &token, json!({ "status": status })).await;
        assert_eq!(said.status, 200, "{said:?}");
    }
    for (lead, rep) in [("web:1", json!("ada")), ("web:2", Value::Null), ("web:3", Value::Null)] {
        let answer = service.post("/v1/route", &token, json!({"lead": {"id": lead}})).await;
        assert_eq!(answer.body["rep"], rep, "{answer:?}");
    }
    let [second, third] = [2, 3].map(|lead| format!("/v1/why/web:{lead}"));
    let reps = service.get(&second, &token).await.body["reps"].clone();
    assert_eq!(service.get(&third, &token).await.body["reps"], reps, "and of what waits behind it the same");
    service.stop().await;
    reps
}

fn told() -> Value {
    let rep = |rep: &str, why: &str, detail: &str| json!({"rep": rep, "taken": false, "why": why, "detail": detail});
    let bare = |rep: &str, why: &str| json!({"rep": rep, "taken": false, "why": why});
    json!([
        rep("ada", "capped", "1 open"),
        rep("bo", "away", "until 2200-01-01 00:00:00 UTC"),
        bare("cy", "away"),
        rep("dee", "inactive", "switched off in the workspace"),
        rep("eve", "excluded", "by a weight of 0"),
        bare("fay", "inactive"),
    ])
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nobody_gets_a_lead_why_says_what_stood_against_each() {
    assert_eq!(second(TEAM.into()).await, told());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_lead_that_waits_for_a_turn_why_says_the_same() {
    assert_eq!(second(TEAM.to_owned() + "nobody = \"wait\"\n").await, told());
}
