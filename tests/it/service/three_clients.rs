//! One plugin in three clients' workspaces: the directories of `plugins/territory/clients`
//! applied to one server, each against a CRM of its own.

use std::collections::BTreeMap;
use std::fs;

use rota_domain::access::Role;
use rota_domain::id::Seed as TenantSeed;
use rota_sandbox::{Options, Sandbox, Seed};
use rota_tests::root;
use serde_json::{Value, json};

use super::Service;
use super::workspace::owner_of_new;

/// The files of a client's directory, with its connection leading to this double.
fn bundle(client: &str, sandbox: &Sandbox) -> Value {
    let folder = root().join("plugins/territory/clients").join(client);
    let mut files = BTreeMap::new();
    for below in ["", "settings", "tables"] {
        for entry in fs::read_dir(folder.join(below)).into_iter().flatten() {
            let path = entry.expect("an entry").path();
            if path.is_file() {
                let name = path.strip_prefix(&folder).expect("inside").display().to_string();
                files.insert(name, fs::read_to_string(&path).expect("text"));
            }
        }
    }
    let text = files.get_mut("workspace.toml").expect("workspace.toml");
    let here = format!("kind = \"hubspot\"\nbase_url = \"http://{}\"", sandbox.address());
    *text = text.replace("kind = \"hubspot\"", &here);
    json!({ "files": files, "note": "first day" })
}

async fn double(portal: u64, owners: [u64; 3]) -> Sandbox {
    let owners: Vec<Value> = owners.iter().map(|id| json!({ "id": id, "user_id": id + 1 })).collect();
    let text = |name: &str| json!({ "name": name });
    let employees = json!({ "name": "numberofemployees", "type": "number" });
    let properties = json!({ "contacts": [text("rota_segment"), text("hs_form"), employees] });
    let seed = json!({ "portal_id": portal, "owners": owners, "properties": properties });
    let seed: Seed = serde_json::from_value(seed).expect("a seed");
    let listen = "127.0.0.1:0".parse().expect("an address");
    let options = Options { listen, target: None, seed, client_secret: "secret".into() };
    rota_sandbox::start(options).await.expect("a double")
}

#[tokio::test(flavor = "multi_thread")]
async fn three_clients_route_with_one_plugin_and_their_own_people() {
    let service = Service::start(&[]).await;
    let lead = |country: &str, state: &str, zip: &str| json!({ "email": format!("joe@{}.example", country.to_lowercase()), "country": country, "state": state, "zip": zip });
    let clients = [
        ("acme", 4242, [7101, 7102, 7103], lead("France", "", ""), "7103"),
        ("birch", 5353, [8201, 8202, 8203], lead("US", "", "94105"), "8201"),
        ("cobalt", 6464, [9301, 9302, 9303], lead("Germany", "", ""), "9301"),
    ];
    for (client, portal, owners, lead, owner) in clients {
        let sandbox = double(portal, owners).await;
        sandbox.set_target(&format!("{}/v1/hubspot/main/webhook", service.url)).expect("a target");
        service.host.store.open(&client.into(), TenantSeed::from_number(portal)).await.expect("a tenant");
        let admin = service.token(client, Role::Admin).await;
        let applied = service.post("/v1/workspace/apply", &admin, bundle(client, &sandbox)).await;
        assert_eq!(applied.status, 200, "{applied:?}");
        assert_eq!(owner_of_new(&sandbox, lead).await, owner, "{client}");
    }
}
