//! Two tenants on one server, each with a CRM of its own, one of which fails: neither has
//! anything of the other's, and the one whose CRM is well notices nothing.

use rota_domain::access::Role;
use rota_flow::ports::Stored;
use rota_tests::party::Party;
use serde_json::json;

use super::{Service, until};

/// Contacts that appear in each CRM.
const CONTACTS: usize = 120;
/// Leads that are called about, for each tenant.
const CALLS: usize = 60;

async fn log(service: &Service, party: &Party) -> Vec<Stored> {
    service.host.store.log(&party.name.into(), 0, 10_000).await.expect("the log")
}

/// Calls about so many leads of a tenant, one after the other.
async fn call(service: &Service, party: &Party) {
    let token = service.token(party.name, Role::Operator).await;
    for n in 0..CALLS {
        let lead = json!({ "lead": { "id": format!("web:{}-{n}", party.name), "properties": {} } });
        let answer = service.post("/v1/route", &token, lead).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_crm_of_one_tenant_fails_the_other_is_served_and_in_the_end_each_has_its_own() {
    let [acme, birch] = Party::two().await;
    let service = Service::start(&[acme.workspace(), birch.workspace()]).await;
    acme.tells(&service.url);
    birch.tells(&service.url);
    birch
        .faults(json!([
        {"kind": "status", "status": 503, "path": "/crm/v3/objects/contacts/batch/update"},
        {"kind": "status", "status": 503, "method": "PATCH"},
        {"kind": "rate_limit", "probability": 0.5},
        {"kind": "latency", "latency_ms": 200}]))
        .await;

    tokio::join!(
        acme.contacts("lead", CONTACTS),
        birch.contacts("lead", CONTACTS),
        call(&service, &acme),
        call(&service, &birch),
    );
    until("owners of all of acme's contacts", async || acme.without_owner().await == 0).await;
    assert_eq!(birch.without_owner().await, CONTACTS, "its CRM took nothing");
    assert_eq!(acme.wrongs(&log(&service, &acme).await, CALLS).await, [""; 0]);

    birch.faults(json!([])).await;
    until("owners of all of birch's contacts", async || birch.without_owner().await == 0).await;
    for party in [&acme, &birch] {
        assert_eq!(party.wrongs(&log(&service, party).await, CALLS).await, [""; 0]);
    }
    service.host.stop().await;
}
