//! Workspaces against the CRM accounts that they name.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rota::bind::{Bound, bind};
use rota::workspaces::preflight::{Weight, preflight};
use rota_crm::Secret;
use rota_crm::hubspot::{ApiStyle, Burst, Config, HubSpot};
use rota_crm::outbound::Reach;
use rota_domain::id::ConnectionId;
use rota_flow::ports::Crm;
use rota_rules::Catalogue;
use rota_sandbox::{Options, Sandbox, Seed};
use serde_json::{Value, json};

use super::{connection, double, plan, workspace};

async fn seeded(seed: Value) -> Sandbox {
    let seed: Seed = serde_json::from_value(seed).expect("a seed");
    let options = Options { listen: ([127, 0, 0, 1], 0).into(), target: None, seed, client_secret: "secret".into() };
    rota_sandbox::start(options).await.expect("a double")
}

fn bound(text: String) -> Bound {
    let folder = tempfile::tempdir().expect("a folder");
    let loaded = plan(folder.path(), &[text]).workspaces.remove(0);
    bind(loaded, &Catalogue::new().expect("an engine")).expect("it is sound")
}

/// What is found, each finding with the first letter of its weight.
async fn found(sandbox: &Sandbox, bound: &Bound) -> Vec<String> {
    let connection = ConnectionId::from("hs");
    let config = Config {
        connection: connection.clone(),
        base_url: format!("http://{}", sandbox.address()),
        token: Secret::new("pat-sandbox"),
        api: ApiStyle::default(),
        burst: Burst::default(),
        timeout: Duration::from_secs(5),
        reach: Reach::anywhere(),
    };
    let crm: Arc<dyn Crm> = Arc::new(HubSpot::new(config).expect("a client"));
    let findings = preflight(bound, &BTreeMap::from([(connection, crm)])).await;
    let letter = |weight| if weight == Weight::Error { 'E' } else { 'W' };
    findings.iter().map(|finding| format!("{} {}", letter(finding.weight), finding.what)).collect()
}

fn territory(name: &str) -> String {
    workspace(name, "").replace("\"next-in-line\"", "\"territory\"").replace(
        "settings = { pool = \"all\" }",
        "settings = { territories = [{ countries = [\"US\"], pool = \"all\" }] }",
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_has_everything_gives_no_finding() {
    let segment = json!({"name": "rota_segment"});
    let employees = json!({"name": "numberofemployees", "type": "number"});
    let sandbox = seeded(json!({"portal_id": 4242, "properties": {"contacts": [segment, employees]}})).await;
    let bound = bound(territory("acme") + &connection(&sandbox, 4242));
    assert_eq!(found(&sandbox, &bound).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_wrong_and_read_only_properties_are_told_with_who_needs_them() {
    let segment = json!({"name": "rota_segment", "read_only": true});
    let employees = json!({"name": "numberofemployees", "type": "date"});
    let sandbox = seeded(json!({"portal_id": 4242, "properties": {"contacts": [segment, employees]}})).await;
    let condition = "enrol = { where = { property = \"lifecyclestge\", is = \"lead\" } }\n";
    let bound = bound(territory("acme") + condition + &connection(&sandbox, 4242));
    insta::assert_snapshot!(found(&sandbox, &bound).await.join("\n"), @r"
    E flow `inbound` asks in its condition for the contact property `lifecyclestge`, which the account does not have; did you mean `lifecyclestage`?
    E the plugin `territory` of flow `inbound` reads the contact property `numberofemployees`, as a number, and the CRM has a time (date): declare it as that
    E the plugin `territory` of flow `inbound` writes the contact property `rota_segment`, which the CRM lets nobody write: write another one
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_who_left_or_never_was_is_an_error() {
    let sandbox = double(4242).await;
    let more = "[[reps]]\nid = \"dee\"\ncrm = { hs = \"328396086\" }\n[[reps]]\nid = \"eve\"\ncrm = { hs = \"5\" }\n\
                [[reps]]\nid = \"gone\"\nactive = false\ncrm = { hs = \"6\" }\n";
    let bound = bound(workspace("acme", more) + &connection(&sandbox, 4242));
    insta::assert_snapshot!(found(&sandbox, &bound).await.join("\n"), @r"
    E rep `dee` is the owner `328396086`, who was deactivated: name another owner, or say active = false
    E rep `eve` is the owner `5`, whom the account does not have: take an id from its list of owners
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_s_account_cannot_be_claimed() {
    let sandbox = double(4242).await;
    let bound = bound(workspace("acme", "") + &connection(&sandbox, 9999));
    let found = found(&sandbox, &bound).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("E its token belongs to the account 4242, and portal_id says 9999"), "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_the_tenant_s_own_cannot_say_whose_an_account_is() {
    let sandbox = double(4242).await;
    let own = connection(&sandbox, 4242).replace(&format!("http://{}", sandbox.address()), "https://crm.example");
    let bound = bound(workspace("acme", "") + &own);
    let found = found(&sandbox, &bound).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].starts_with("E it claims the account 4242, and `https://crm.example` is not HubSpot's"),
        "{found:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn scopes_that_the_token_lacks_are_named() {
    let token = json!({"token": "pat-sandbox", "scopes": ["crm.objects.owners.read"]});
    let sandbox = seeded(json!({"portal_id": 4242, "tokens": [token]})).await;
    let bound = bound(territory("acme") + &connection(&sandbox, 4242));
    let found = found(&sandbox, &bound).await.join("\n");
    for scope in ["crm.objects.contacts.read", "crm.schemas.contacts.read", "crm.objects.companies.read"] {
        assert!(found.contains(scope), "{scope}: {found}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_does_not_answer_is_an_error_and_not_a_leave() {
    let sandbox = double(4242).await;
    let bound = bound(workspace("acme", "") + &connection(&sandbox, 4242));
    let fault = json!({"kind": "status", "status": 503, "path": "/account-info"});
    let faults = format!("http://{}/_sandbox/faults", sandbox.address());
    let set = rota_tests::http().post(faults).json(&fault).send().await.expect("an answer");
    assert!(set.status().is_success(), "{}", set.text().await.unwrap_or_default());
    let found = found(&sandbox, &bound).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("E asking which account the token belongs to: HubSpot answered 503"), "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_says_that_a_lead_is_closed_or_answered_is_looked_for_where_all_flows_take_one_kind_of_records() {
    let sandbox = seeded(json!({"portal_id": 4242})).await;
    let said = "closed = { property = \"hs_lead_status\", is = \"UNQUALIFIED\" }\n\
                responded = { property = \"notes_last_contacted\", since_given = true }\n";
    let text = said.to_owned() + &workspace("acme", "");
    let found_of = async |text: String| found(&sandbox, &bound(text + &connection(&sandbox, 4242))).await;
    insta::assert_snapshot!(found_of(text.clone()).await.join("\n"), @"E `responded` asks for the contact property `notes_last_contacted`, which the account does not have; add it to the CRM, or correct the name");
    let second = "[[flows]]\nid = \"second\"\nplugin = \"next-in-line\"\nsettings = { pool = \"all\" }\n\
                  fallback = { queue = \"triage\" }\nenrol = { object = \"company\" }\n";
    assert_eq!(found_of(text + second).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn properties_of_records_that_are_rows_of_a_table_are_looked_for_on_those_records() {
    let sandbox = seeded(json!({"portal_id": 4242})).await;
    let table = |value: &str, stage: &str| {
        format!(
            "[[tables]]\nid = \"won\"\nmatch = \"dated\"\nrecords = {{ connection = \"hs\", object = \"deal\", \
             value = \"{value}\", at = \"closedate\", when = {{ property = \"dealstage\", is = \"{stage}\" }} }}\n"
        )
    };
    let with =
        |value: &str, stage: &str| bound(workspace("acme", "") + &table(value, stage) + &connection(&sandbox, 4242));
    assert_eq!(found(&sandbox, &with("amount", "closedwon")).await, Vec::<String>::new());
    insta::assert_snapshot!(found(&sandbox, &with("amonut", "won")).await.join("\n"), @r"
    E the table `won` takes the deal property `amonut`, which the account does not have; did you mean `amount`?
    W the table `won` asks of its rows for the deal property `dealstage`, which can never be `won`: the CRM's list has no such choice
    ");
}
