//! iCalendar files of a workspace: they go along with it, hold with its revision, and come back with it.

use std::fs;

use serde_json::{Value, json};

use super::workspace::{empty, rota};
use super::{Service, on_each, plan};

on_each! {
    calendar_files_are_planned_applied_and_exported_with_their_workspace,
    who_is_busy_by_a_file_is_away_after_a_restart_too,
}

/// Ana is busy for ever; her hours are those of an office in Munich.
const WORKSPACE: &str = r#"
workspace = "acme"
time_zone = "Europe/Berlin"

[[reps]]
id = "ana"
busy_file = "calendars/ana.ics"

[[reps]]
id = "bo"

[[pools]]
id = "all"
members = [{ rep = "ana" }, { rep = "bo" }]

[[calendars]]
id = "office"
hours = { mon = ["09:00-17:00"] }
holidays_file = "./calendars/de-by.ics"

[[flows]]
id = "inbound"
plugin = "next-in-line"
settings = { pool = "all" }
fallback = { queue = "triage" }
"#;

const ANA: &str = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:For ever\r\nDTSTART;VALUE=DATE:20200101\r\n\
                   RRULE:FREQ=DAILY\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
const HOLIDAYS: &str =
    "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20260106\nRRULE:FREQ=YEARLY\nEND:VEVENT\nEND:VCALENDAR\n";

fn files(ana: &str) -> Value {
    json!({ "files": {
        "workspace.toml": WORKSPACE, "calendars/ana.ics": ana, "calendars/de-by.ics": HOLIDAYS,
    } })
}

async fn route(service: &Service, token: &str, lead: &str) -> Value {
    let answer = service.post("/v1/route", token, json!({ "lead": { "id": lead } })).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body
}

async fn calendar_files_are_planned_applied_and_exported_with_their_workspace() {
    let (service, admin) = empty().await;
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("calendars")).expect("a folder");
    for (path, text) in files(ANA)["files"].as_object().expect("files") {
        fs::write(folder.path().join(path), text.as_str().expect("text")).expect("written");
    }
    let planned = rota(&service, &admin, folder.path(), &["plan", "--json"]).await.json();
    assert_eq!(planned["files"], json!(["calendars/ana.ics", "calendars/de-by.ics", "workspace.toml"]));
    let applied = rota(&service, &admin, folder.path(), &["apply", "--yes"]).await;
    assert_eq!(applied.code, 0, "{}", applied.err);
    let exported = rota(&service, &admin, folder.path(), &["export", "out"]).await;
    assert_eq!(exported.code, 0, "{}", exported.err);
    for (path, text) in files(ANA)["files"].as_object().expect("files") {
        assert_eq!(json!(fs::read_to_string(folder.path().join("out").join(path)).expect(path)), *text, "{path}");
    }
    let again = rota(&service, &admin, &folder.path().join("out"), &["plan", "--json"]).await.json();
    assert_eq!((&again["changes"], &again["files"]), (&json!([]), &json!([])));
    // Another file is another revision, which its plan shows.
    let other = ANA.replace("20200101", "20200102");
    fs::write(folder.path().join("calendars/ana.ics"), other).expect("written");
    let changed = rota(&service, &admin, folder.path(), &["plan", "--json"]).await.json();
    let paths: Vec<&Value> =
        changed["changes"][0]["fields"].as_array().expect("fields").iter().map(|field| &field["path"]).collect();
    assert_eq!((&changed["changes"][0]["id"], paths), (&json!("ana"), vec![&json!("/busy_digest")]));
    assert_eq!(changed["files"], json!(["calendars/ana.ics"]));
    // One that is wrong is told with its line, and nothing is applied.
    fs::write(folder.path().join("calendars/ana.ics"), ANA.replace("DAILY", "HOURLY")).expect("written");
    let refused = rota(&service, &admin, folder.path(), &["plan"]).await;
    assert_eq!(refused.code, 2, "{}", refused.out);
    assert!(refused.err.contains("calendars/ana.ics:5: RRULE has FREQ=HOURLY"), "{}", refused.err);
    let sent = service.post("/v1/workspace/plan", &admin, files(&ANA.replace("DAILY", "HOURLY"))).await.body;
    assert_eq!((&sent["errors"][0]["file"], &sent["errors"][0]["line"]), (&json!("calendars/ana.ics"), &json!(5)));
}

async fn who_is_busy_by_a_file_is_away_after_a_restart_too() {
    let (service, admin) = empty().await;
    let applied = service.post("/v1/workspace/apply", &admin, files(ANA)).await;
    assert_eq!(applied.status, 200, "{applied:?}");
    for lead in ["1", "2"] {
        assert_eq!(route(&service, &admin, lead).await["rep"], "bo");
    }
    let again = plan(service.folder.path(), &[]);
    let service = Service::with(service.stop().await, again).await;
    for lead in ["3", "4"] {
        assert_eq!(route(&service, &admin, lead).await["rep"], "bo");
    }
    let why = service.get("/v1/why/4", &admin).await.body;
    let ana = why["reps"].as_array().and_then(|reps| reps.iter().find(|one| one["rep"] == "ana")).cloned();
    assert_eq!(ana.expect("she was considered")["why"], "away");
    let pools = service.get("/v1/pools", &admin).await.body;
    let member = &pools["items"][0]["members"][0];
    assert_eq!(
        (&member["rep"], &member["availability"], &member["until"]),
        (&json!("ana"), &json!("away"), &Value::Null)
    );
    // Without her file she is there again, under the next revision.
    let mut free = files("");
    free["files"]["workspace.toml"] = json!(WORKSPACE.replace("busy_file = \"calendars/ana.ics\"\n", ""));
    free["files"].as_object_mut().expect("files").remove("calendars/ana.ics");
    let applied = service.post("/v1/workspace/apply", &admin, free).await;
    assert_eq!(applied.status, 200, "{applied:?}");
    assert_eq!(route(&service, &admin, "5").await["rep"], "ana");
}

#[tokio::test(flavor = "multi_thread")]
async fn rota_pools_reads_the_files_out_of_the_database() {
    let (service, admin) = empty().await;
    assert_eq!(service.post("/v1/workspace/apply", &admin, files(ANA)).await.status, 200);
    let pools = tokio::task::block_in_place(|| service.rota(&["pools", "--json"])).json();
    let there: Vec<&Value> =
        pools["members"].as_array().expect("members").iter().map(|one| &one["availability"]).collect();
    assert_eq!(there, ["away", "available"]);
}
