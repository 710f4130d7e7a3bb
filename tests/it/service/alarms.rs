//! Each alarm fires: what is wrong is a figure, a finding of `rota status`, and where an example
//! rule is about it, a figure of that name.

use rota_domain::access::Role;
use rota_flow::ports::{EntryBody, Recorded};
use serde_json::{Value, json};
use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;

use super::{Service, connection, double, now, on_each, tell, until, workspace};
use crate::command::rota_with;
use crate::store::values::{decided_about, entry, owner};

on_each! {
    a_lead_that_ends_in_a_queue_is_unassigned_until_somebody_gets_it,
    a_crm_that_fails_is_an_open_circuit_and_counted_by_cause_and_its_effects_grow_old,
    a_refused_write_is_a_dead_effect_with_its_cause_and_something_to_do,
    a_response_target_that_passes_without_a_confirmed_owner_is_overdue,
    leads_whose_records_cannot_be_read_grow_old_in_the_inbox,
}

async fn figures(service: &Service) -> String {
    let host = service.token("", Role::Host).await;
    let Value::String(text) = service.get("/metrics", &host).await.body else { panic!("no text") };
    text
}

/// The value of a figure with these labels, once there is one.
fn value(text: &str, figure: &str) -> Option<i64> {
    text.lines().find_map(|line| line.strip_prefix(figure)?.trim().parse().ok())
}

async fn fires(service: &Service, figure: &str) {
    until(figure, async || value(&figures(service).await, figure).is_some_and(|value| value > 0)).await;
}

async fn status(service: &Service) -> Value {
    let host = service.token("", Role::Host).await;
    let answer = service.get("/v1/status", &host).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body
}

/// Appends a decision to the tenant's log.
async fn append(service: &Service, recorded: Recorded) {
    let (acme, body) = ("acme".into(), EntryBody::Decision(Box::new(recorded)));
    let seq = service.host.store.load(&acme, now()).await.expect("the state").seq;
    service.host.store.record(&acme, seq, vec![entry(0, body)]).await.expect("recorded");
}

/// Waits for a finding with these words.
async fn found(service: &Service, words: &str) {
    let told = async || status(service).await["findings"].to_string();
    until(words, async || told().await.contains(words)).await;
}

async fn a_lead_that_ends_in_a_queue_is_unassigned_until_somebody_gets_it() {
    let service = Service::start(&[workspace("acme", "")]).await;
    let token = service.token("acme", Role::Operator).await;
    let say = async |status: &str| {
        assert!(service.post("/v1/reps/ada/status", &token, json!({ "status": status })).await.status < 300);
    };
    let route = async || service.post("/v1/route", &token, json!({"lead": {"id": "crm:contact:1"}})).await.body;
    say("away").await;
    assert_eq!(route().await["queue"], "triage");
    fires(&service, "rota_leads_unassigned{tenant=\"acme\"}").await;
    say("back").await;
    assert_eq!(route().await["rep"], "ada");
    let none = "rota_leads_unassigned{tenant=\"acme\"}";
    until("nobody unassigned", async || value(&figures(&service).await, none) == Some(0)).await;
}

async fn a_crm_that_fails_is_an_open_circuit_and_counted_by_cause_and_its_effects_grow_old() {
    let sandbox = double(1).await;
    let service = Service::start(&[workspace("acme", &connection(&sandbox, 1))]).await;
    let down = json!([{"kind": "status", "status": 503, "path": "/crm/v3/objects/contacts/batch/update"},
                      {"kind": "status", "status": 503, "method": "PATCH"}]);
    tell(&sandbox, "faults", down).await;
    sandbox.set_target(&format!("{}/v1/hubspot/main/webhook", service.url)).expect("a target");
    let people: Value = (0..40).map(|n| json!({"properties": {"email": format!("p{n}@x.example")}})).collect();
    tell(&sandbox, "contacts", people).await;
    let met = "{tenant=\"acme\",connection=\"hs\",state=\"waiting\",cause=\"unavailable\"}";
    fires(&service, &format!("rota_outbox_failing{met}")).await;
    fires(&service, "rota_circuit_open{tenant=\"acme\",connection=\"hs\"}").await;
    fires(&service, "rota_outbox_oldest_seconds{tenant=\"acme\"}").await;
    found(&service, "`hs` is left alone").await;
    let text = figures(&service).await;
    assert!(!text.contains("rota_last_delivery_timestamp_seconds{"), "nothing was delivered yet");

    tell(&sandbox, "faults", json!([])).await;
    fires(&service, "rota_last_delivery_timestamp_seconds{tenant=\"acme\",connection=\"hs\"}").await;
    until("no finding", async || status(&service).await["ok"] == true).await;
}

async fn a_refused_write_is_a_dead_effect_with_its_cause_and_something_to_do() {
    let sandbox = double(1).await;
    let service = Service::start(&[workspace("acme", &connection(&sandbox, 1))]).await;
    let refuses = json!([{"kind": "status", "status": 400, "path": "/crm/v3/objects/contacts/batch/update"},
                         {"kind": "status", "status": 400, "method": "PATCH"}]);
    tell(&sandbox, "faults", refuses).await;
    sandbox.set_target(&format!("{}/v1/hubspot/main/webhook", service.url)).expect("a target");
    tell(&sandbox, "contacts", json!([{"properties": {"email": "p@x.example"}}])).await;
    fires(&service, "rota_outbox_dead{tenant=\"acme\"}").await;
    let met = "{tenant=\"acme\",connection=\"hs\",state=\"dead\",cause=\"rejected\"}";
    fires(&service, &format!("rota_outbox_failing{met}")).await;
    found(&service, "dead").await;
}

async fn a_response_target_that_passes_without_a_confirmed_owner_is_overdue() {
    let service = Service::start(&[workspace("acme", "")]).await;
    let mut recorded = decided_about("1", "018f0000-0000-7000-8000-000000000001", vec![owner("41629779")]);
    recorded.decision.response_due = Some(now() - jiff::SignedDuration::from_secs(90));
    append(&service, recorded).await;
    fires(&service, "rota_responses_overdue{tenant=\"acme\"}").await;
    fires(&service, "rota_responses_overdue_oldest_seconds{tenant=\"acme\"}").await;
    found(&service, "past the response target").await;
}

async fn leads_whose_records_cannot_be_read_grow_old_in_the_inbox() {
    let sandbox = double(1).await;
    let service = Service::start(&[workspace("acme", &connection(&sandbox, 1))]).await;
    let unreadable = json!([{"kind": "status", "status": 503, "path": "/crm/v3/objects/contacts/batch/read"}]);
    tell(&sandbox, "faults", unreadable).await;
    sandbox.set_target(&format!("{}/v1/hubspot/main/webhook", service.url)).expect("a target");
    tell(&sandbox, "contacts", json!([{"properties": {"email": "p@x.example"}}])).await;
    fires(&service, "rota_inbox_waiting{tenant=\"acme\"}").await;
    fires(&service, "rota_inbox_oldest_seconds{tenant=\"acme\"}").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_does_not_answer_or_does_not_commit_is_a_figure_and_the_others_go_on() {
    let service = Service::start(&[workspace("acme", "")]).await;
    let token = service.token("acme", Role::Operator).await;
    let file = SqliteConnectOptions::new().filename(service.folder.path().join("rota.db"));
    let mut beside = file.connect().await.expect("the file");
    let host = service.token("", Role::Host).await;
    let is = async |figure: &str, wanted: i64| {
        until(figure, async || {
            let Value::String(text) = service.get("/metrics", &host).await.body else { panic!("no text") };
            value(&text, figure) == Some(wanted) && text.contains("rota_inbox_waiting{tenant=\"acme\"} 0")
        })
        .await;
    };
    is("rota_database_up", 1).await;
    // Another program keeps the database for longer than a commit waits.
    sqlx::query("BEGIN IMMEDIATE").execute(&mut beside).await.expect("begun");
    let (_, ()) = tokio::join!(service.post("/v1/reps/ada/status", &token, json!({"status": "away"})), async {
        is("rota_commits_failed_total", 1).await;
        sqlx::query("ROLLBACK").execute(&mut beside).await.expect("let go");
    });
    found(&service, "of this process failed").await;
    sqlx::query("ALTER TABLE lanes RENAME TO away").execute(&mut beside).await.expect("renamed");
    is("rota_database_up", 0).await;
    sqlx::query("ALTER TABLE away RENAME TO lanes").execute(&mut beside).await.expect("renamed");
    is("rota_database_up", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_figure_that_an_example_rule_names_is_one_that_the_server_gives() {
    let sandbox = double(1).await;
    let service = Service::start(&[workspace("acme", &connection(&sandbox, 1))]).await;
    sandbox.set_target(&format!("{}/v1/hubspot/main/webhook", service.url)).expect("a target");
    tell(&sandbox, "contacts", json!([{"properties": {"email": "p@x.example"}}])).await;
    // A figure without a value is not given: something has to be delivered, and something to fail.
    fires(&service, "rota_last_delivery_timestamp_seconds{tenant=\"acme\",connection=\"hs\"}").await;
    let nobody = decided_about("987654321", "018f0000-0000-7000-8000-000000000001", vec![owner("41629779")]);
    append(&service, nobody).await;
    fires(&service, "rota_outbox_dead{tenant=\"acme\"}").await;
    let text = figures(&service).await;
    let known: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    let rules = std::fs::read_to_string(rota_tests::root().join("docs/alerts.yml")).expect("the rules");
    let lines = rules.lines().filter_map(|line| line.trim().strip_prefix("expr:"));
    let names = lines.flat_map(|line| line.split(|sign: char| !sign.is_ascii_alphanumeric() && sign != '_'));
    let names: Vec<&str> = names.filter(|name| name.starts_with("rota_")).collect();
    assert!(names.len() >= 10, "{names:?}");
    for name in names {
        let family = name.trim_end_matches("_total").trim_end_matches("_bucket");
        assert!(known.contains(&family), "{name} is not among {known:?}");
    }
    let alerts = rules.lines().filter(|line| line.trim().starts_with("- alert:")).count();
    assert_eq!(rules.lines().filter(|line| line.trim().starts_with("description:")).count(), alerts);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_shows_it_and_ends_with_1_where_something_is_wrong() {
    let service = Service::start(&[workspace("acme", "")]).await;
    let host = service.token("", Role::Host).await;
    let run = async |arguments: &[&str]| {
        let environment = [("ROTA_SERVER", service.url.as_str()), ("ROTA_TOKEN", host.as_str())];
        tokio::task::block_in_place(|| rota_with(service.folder.path(), arguments, &environment))
    };
    let well = run(&["status"]).await;
    assert_eq!((well.code, well.out.contains("Nothing is wrong.")), (0, true), "{}{}", well.out, well.err);
    service.host.store.open(&"birch".into(), rota_domain::id::Seed([7; 32])).await.expect("a tenant");
    until("a tenant that is not at work", async || status(&service).await["ok"] == false).await;
    let wrong = run(&["status", "--json"]).await;
    assert_eq!((wrong.code, &wrong.json()["findings"][0]["tenant"]), (1, &json!("birch")), "{}", wrong.out);
    let away = rota_with(service.folder.path(), &["status", "--server", "http://127.0.0.1:1"], &[]);
    assert_eq!((away.code, away.out.as_str()), (3, ""));
}
