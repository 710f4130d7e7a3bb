//! Companies that the token does not reach: their contacts are read without them.

use std::collections::BTreeMap;

use rota_crm::hubspot::HubSpot;
use rota_domain::delivery::Trouble;
use rota_flow::ports::{Crm, CrmError, Reading, Wanted};
use rota_sandbox::{Id, RecordSeed, Seed};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::{Account, config, contact, record, words};

const ASSOCIATIONS: &str = "/crm/v4/associations/contacts/companies/batch/read";
const COMPANIES: &str = "/crm/v3/objects/companies/batch/read";

fn wanted() -> Wanted {
    Wanted { properties: words(&["city"]), company: true, ..Wanted::default() }
}

/// A contact of a company.
fn seed() -> Seed {
    let mut lead = contact(7, &[("city", "Bonn")]);
    lead.company = Some(Id(90));
    let company = RecordSeed { id: Some(Id(90)), properties: BTreeMap::from([("name".into(), "Acme".into())]) };
    Seed { companies: vec![company], contacts: vec![lead], ..Seed::default() }
}

fn without_company(read: &Result<Vec<Option<Reading>>, CrmError>) -> bool {
    let reading = read.as_ref().unwrap()[0].as_ref().unwrap();
    reading.properties["city"].as_deref() == Some("Bonn") && reading.company.is_none()
}

#[tokio::test]
async fn a_token_without_the_scope_for_companies_reads_contacts_without_them() {
    let mut seed = seed();
    seed.tokens[0].scopes = Some(vec!["crm.objects.contacts.read".into()]);
    let account = Account::open(seed).await;
    assert!(without_company(&account.hubspot.read(&[record("7")], &wanted()).await));
}

#[tokio::test]
async fn companies_are_read_again_once_they_may_be() {
    for path in [ASSOCIATIONS, COMPANIES] {
        let account = Account::open(seed()).await;
        account.fault(json!({"kind": "status", "status": 403, "path": path, "count": 1})).await;
        assert!(without_company(&account.hubspot.read(&[record("7")], &wanted()).await), "{path}");
        assert!(!without_company(&account.hubspot.read(&[record("7")], &wanted()).await), "{path}");
    }
}

#[tokio::test]
async fn a_refusal_that_names_no_scopes_leaves_the_company_out_too() {
    let refusal = json!({"status": "error", "message": "You do not have access.", "category": "FORBIDDEN"});
    for denied in [ASSOCIATIONS, COMPANIES] {
        let answer = refusal.clone();
        let hubspot = canned(move |path| (path == denied).then(|| (403, answer.clone()))).await;
        assert!(without_company(&hubspot.read(&[record("7")], &wanted()).await), "{denied}");
    }
    let hubspot = canned(move |path| path.contains("/contacts/batch").then(|| (403, refusal.clone()))).await;
    assert_eq!(hubspot.read(&[record("7")], &wanted()).await.unwrap_err().trouble, Trouble::Forbidden);
    let entry = json!({"results": [], "errors": [{"category": "MISSING_SCOPES", "message": "no"}]});
    let hubspot = canned(move |path| (path == COMPANIES).then(|| (207, entry.clone()))).await;
    assert!(without_company(&hubspot.read(&[record("7")], &wanted()).await));
}

#[tokio::test]
async fn what_passes_still_fails_the_reading() {
    for path in [ASSOCIATIONS, COMPANIES] {
        for (status, expected) in [(401, Trouble::Unauthorized), (503, Trouble::Unavailable)] {
            let account = Account::open(seed()).await;
            account.fault(json!({"kind": "status", "status": status, "path": path})).await;
            let error = account.hubspot.read(&[record("7")], &wanted()).await.unwrap_err();
            assert_eq!(error.trouble, expected, "{path}: {}", error.detail);
        }
    }
}

/// A client of an API that answers as `odd` says, else with contact 7 of company 90.
async fn canned(odd: impl Fn(&str) -> Option<(u16, Value)> + Send + Sync + 'static) -> HubSpot {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let hubspot = HubSpot::new(config(&format!("http://{}", listener.local_addr().unwrap()))).unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            answer(BufReader::new(stream), &odd).await;
        }
    });
    hubspot
}

async fn answer(mut stream: BufReader<TcpStream>, odd: &impl Fn(&str) -> Option<(u16, Value)>) {
    let (mut head, mut length) = (Vec::new(), 0);
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.unwrap();
        if line.trim_end().is_empty() {
            break;
        }
        if let Some(value) = line.to_lowercase().strip_prefix("content-length: ") {
            length = value.trim_end().parse().unwrap();
        }
        head.push(line);
    }
    stream.read_exact(&mut vec![0; length]).await.unwrap();
    let path = head[0].split(' ').nth(1).unwrap();
    let result = match path {
        ASSOCIATIONS => json!({"from": {"id": "7"}, "to": [{"toObjectId": 90}]}),
        COMPANIES => json!({"id": "90", "properties": {"name": "Acme"}}),
        _ => json!({"id": "7", "properties": {"city": "Bonn"}}),
    };
    let (status, body) = odd(path).unwrap_or_else(|| (200, json!({ "results": [result] })));
    let body = body.to_string();
    let text = format!("HTTP/1.1 {status} So\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    stream.write_all(text.as_bytes()).await.unwrap();
}
