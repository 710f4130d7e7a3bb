//! Files of leads.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rota::import::{Form, Reading};
use rota_domain::access::Role;
use rota_domain::plan::{Plan as Granted, Plans};
use serde_json::{Value, json};

use super::{Service, on_each, plan, until, workspace};
use crate::command::rota;

on_each! {
    rows_of_a_table_are_decided_and_the_same_import_again_doubles_nothing,
}

const CSV: &str = "text/csv";

async fn rows_of_a_table_are_decided_and_the_same_import_again_doubles_nothing() {
    let service = Service::start(&[workspace("acme", "")]).await;
    let token = service.token("acme", Role::Operator).await;
    let table =
        "id,email,country\r\nhs:contact:1,a@x.test,US\r\nb@x.test,,\r\nhs:contact:2,b@x.test\r\nhs:contact:3,,DE\r\n";
    let first = service.send("/v1/leads?import=spring", &token, CSV, table.into()).await;
    let told: Vec<&Value> = first["bad_lines"].as_array().expect("a list").iter().map(|bad| &bad["line"]).collect();
    assert_eq!((&first["accepted"], &first["bad"], told), (&json!(2), &json!(2), vec![&json!(3), &json!(4)]));
    assert!(!first.to_string().contains("x.test"), "{first}");
    let again = service.send("/v1/leads?import=spring", &token, CSV, table.into()).await;
    assert_eq!((&again["accepted"], &again["duplicates"]), (&json!(0), &json!(2)));
    let other = service.send("/v1/leads?import=summer", &token, CSV, table.into()).await;
    assert_eq!(other["accepted"], 2);
    service.decided(&token, 4).await;
    let of_three = service.get("/v1/decisions?lead=hs:contact:3", &token).await.body;
    assert_eq!(of_three["items"].as_array().map(Vec::len), Some(2), "{of_three}");
    assert_eq!(of_three["items"][0]["rep"], "ada");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_far_larger_than_a_body_may_be_elsewhere_is_read_whole() {
    let service = Service::start(&[workspace("acme", "")]).await;
    let token = service.token("acme", Role::Operator).await;
    let note = "x".repeat(2_000);
    let lines: String =
        (0..1_501).map(|n| format!("{}\n", json!({ "id": format!("{n}"), "properties": { "note": note } }))).collect();
    assert!(lines.len() > 2 << 20);
    let taken = service.send("/v1/leads?import=large", &token, "application/x-ndjson", lines).await;
    assert_eq!((&taken["accepted"], &taken["bad"]), (&json!(1_501), &json!(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_import_is_refused_and_says_what_to_do() {
    let service = Service::start(&[workspace("acme", "")]).await;
    let token = service.token("acme", Role::Operator).await;
    let kind = async |path: &str, media: &str, body: &str| {
        let answer = service.send(path, &token, media, body.into()).await;
        assert!(answer["mend"].is_string(), "{answer}");
        answer["type"].as_str().unwrap_or_default().replace("urn:rota:problem:", "")
    };
    assert_eq!(kind("/v1/leads?import=a", CSV, "email\na@x.test\n").await, "unreadable-leads");
    assert_eq!(kind("/v1/leads?import=a", "text/html", "").await, "unknown-media");
    assert_eq!(kind("/v1/leads", CSV, "id\n1\n").await, "unreadable-query");
    assert_eq!(kind("/v1/leads?import=", CSV, "id\n1\n").await, "import-name");
    assert_eq!(kind("/v1/leads?import=a&flow=nobody", CSV, "id\n1\n").await, "not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_takes_a_file_to_a_server() {
    let service = Service::start(&[workspace("acme", "")]).await;
    let token = service.token("acme", Role::Operator).await;
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("leads.csv"), "id,country\n1,US\n,DE\n").expect("a file");
    let run = |server: &str, more: &[&str]| {
        let arguments = ["import", "leads", "leads.csv", "--server", server, "--token", &token];
        rota(folder.path(), &[&arguments, more].concat())
    };
    let first = run(&service.url, &["--json"]);
    assert_eq!((first.code, &first.json()["accepted"]), (1, &json!(1)), "{}", first.err);
    insta::assert_snapshot!(run(&service.url, &[]).out, @r"
    0 leads wait now; 1 had come before.
    1 lines are no leads:
      line 3: the `id` is empty; give every lead one, such as hs:contact:101
    ");
    let nobody = run("http://127.0.0.1:9", &[]);
    assert_eq!(nobody.code, 3, "{}", nobody.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_takes_in_no_more_than_the_leads_of_a_minute_and_goes_on_when_it_is_sent_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut plan = plan(folder.path(), &[workspace("acme", "")]);
    let granted = Granted { leads_per_minute: Some(600), ..Granted::default() };
    plan.plans = Plans { tenants: BTreeMap::from([("acme".into(), granted)]), named: BTreeMap::new() };
    let service = Service::with(folder, plan).await;
    let token = service.token("acme", Role::Operator).await;
    let lines: String = (0..1_000).map(|n| format!("{}\n", json!({ "id": format!("{n}") }))).collect();
    let send = || async {
        let request = service.client.post(format!("{}/v1/leads?import=large", service.url)).bearer_auth(&token);
        let answer = request.header("content-type", "application/jsonl").body(lines.clone()).send();
        let answer = answer.await.expect("an answer");
        let after = answer.headers().get("retry-after").map(|value| value.to_str().expect("text").to_owned());
        (answer.status().as_u16(), after, answer.json::<Value>().await.expect("JSON"))
    };
    let (status, after, told) = send().await;
    assert_eq!((status, &told["type"]), (429, &json!("urn:rota:problem:busy")), "{told}");
    let seconds: u64 = after.expect("it says when").parse().expect("seconds");
    assert!((1..=60).contains(&seconds), "{seconds}");
    assert!(told["mend"].as_str().is_some_and(|mend| mend.contains("under the same name")), "{told}");
    assert!((600..1_000).contains(&taken(&told)), "{told}");
    let further = async || {
        let (status, _, told) = send().await;
        assert_eq!(status, 429);
        taken(&told) > 0
    };
    until("room for more, though what came before was sent again", further).await;
}

/// How many leads an import that was refused says to have taken in.
fn taken(problem: &Value) -> u64 {
    let (before, _) =
        problem["detail"].as_str().and_then(|detail| detail.split_once(" leads were taken in")).expect("a count");
    before.rsplit(' ').next().and_then(|number| number.parse().ok()).expect("a number")
}

/// A cell in quotes.
fn quoted(cell: &str) -> String {
    format!("\"{}\"", cell.replace('"', "\"\""))
}

proptest! {
    #[test]
    fn what_a_table_says_does_not_depend_on_how_it_arrives(
        rows in proptest::collection::vec(("[a-z0-9]{1,5}", "[ -~\r\n]{0,20}"), 0..8),
        piece in 1usize..40,
        end in prop_oneof![Just("\n"), Just("\r\n")],
    ) {
        let mut file = format!("id,p{end}");
        for (id, value) in &rows {
            file += &format!("{id},{}{end}", quoted(value));
        }
        let (mut reading, mut leads) = (Reading::new(Form::Csv), Vec::new());
        for piece in file.as_bytes().chunks(piece) {
            reading.feed(piece, &mut leads).expect("a table");
        }
        reading.finish(&mut leads).expect("a table");
        let said: Vec<_> = leads.into_iter().map(|(_, read)| {
            let lead = read.expect("a lead");
            (lead.id.to_string(), lead.properties.get("p").cloned().flatten().unwrap_or_default())
        }).collect();
        prop_assert_eq!(said, rows);
    }
}
