//! Nobody reads or changes another tenant's anything. The routes are those of the OpenAPI
//! document, so that a new one is walked without being named here.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use rota_domain::access::Role;
use rota_flow::ports::{Access, Arrival, Payload};
use serde_json::{Value, json};

use super::sample::{Operation, operations};
use super::{Answer, Service, connection, double_with, now, on_each, plan, until, workspace};

on_each! {
    another_tenants_token_opens_changes_and_learns_nothing,
}

/// Stands in everything that belongs to the tenant whom nobody else may see.
const TELLTALE: &str = "zephyrine";

/// Routes for everybody.
const OPEN: [&str; 3] = ["health", "showClaim", "claim"];

/// A server with the tenant `zephyrine`, of whom nobody may see anything, `bolt`, and
/// `crumb`, who names in bodies what is the first one's.
struct Neighbours {
    service: Service,
    document: Value,
    /// Names of things of the first tenant, for whatever place in an address.
    names: Vec<String>,
}

impl Neighbours {
    async fn start() -> Self {
        let (sandbox, folder) = (
            double_with(json!({"portal_id": 1, "tokens": [{"token": format!("{TELLTALE}-pat")}]})).await,
            tempfile::tempdir().expect("a folder"),
        );
        let table = format!(
            "[[tables]]\nid = \"{TELLTALE}-table\"\nfile = \"table.csv\"\nmatch = \"exact\"\n\
             [[reps]]\nid = \"{TELLTALE}-rep\"\nname = \"{TELLTALE}\"\n\
             [[pools]]\nid = \"{TELLTALE}-pool\"\nmembers = [{{ rep = \"{TELLTALE}-rep\" }}]\n"
        );
        let first = workspace(TELLTALE, &format!("{table}{}", connection(&sandbox, 1)))
            .replace("id = \"inbound\"", &format!("id = \"{TELLTALE}-flow\""));
        let beside = folder.path().join("workspace-0");
        fs::create_dir_all(&beside).expect("a folder");
        fs::write(beside.join("table.csv"), format!("key,value\n{TELLTALE}-key,{TELLTALE}-value\n")).expect("a table");
        let service =
            Service::with(folder, plan_of(&beside, &[first, workspace("bolt", ""), workspace("crumb", "")])).await;
        let names = seeded(&service).await;
        let document = service.get("/openapi.json", "").await.body;
        Self { service, document, names }
    }

    fn operations(&self) -> Vec<Operation> {
        operations(&self.document)
    }

    /// Calls an operation about something, as whoever has this token.
    async fn call(&self, operation: &Operation, about: &str, token: &str, named: Option<&str>) -> Answer {
        self.send(operation, (about, "x"), token, named).await
    }

    /// The same with this text in the body, wherever a text has to be.
    async fn send(
        &self,
        operation: &Operation,
        (about, said): (&str, &str),
        token: &str,
        named: Option<&str>,
    ) -> Answer {
        let url = format!("{}{}", self.service.url, operation.address(about));
        let mut request = self.service.client.request(operation.method.parse().expect("a method"), url);
        if !token.is_empty() {
            request = request.bearer_auth(token);
        }
        if let Some(named) = named {
            request = request.header("x-rota-tenant", named);
        }
        if let Some((media, body)) = operation.body(&self.document, said) {
            request = request.header("content-type", media).body(body);
        }
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        let text = answer.text().await.expect("a whole answer");
        Answer { status, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) }
    }

    /// What the first tenant's admin reads on every route, without the times at which tokens
    /// were used.
    async fn all_of_the_first(&self) -> BTreeMap<String, Value> {
        let admin = self.service.token(TELLTALE, Role::Admin).await;
        let mut all = BTreeMap::new();
        for operation in self.operations().iter().filter(|operation| operation.method == "GET") {
            let reads = matches!(operation.role(), Some("viewer" | "operator" | "admin"));
            for name in self.names.iter().filter(|_| reads) {
                let mut answer = self.call(operation, name, &admin, None).await;
                settle(&mut answer.body);
                all.insert(operation.address(name), json!([answer.status, answer.body]));
            }
        }
        // The token that was made for reading is not there a second time.
        let id = token_id(&self.service, TELLTALE).await;
        self.service.call("DELETE", &format!("/v1/tokens/{id}"), &admin, Value::Null).await;
        all
    }
}

fn plan_of(beside: &std::path::Path, workspaces: &[String]) -> rota::compose::Plan {
    let mut plan = plan(beside.parent().expect("a folder"), workspaces);
    plan.secrets = Arc::new(|name| Some(if name == "TOKEN" { format!("{TELLTALE}-pat") } else { "secret".into() }));
    plan
}

/// Gives the first tenant a lead, a decision, and effects; and the names of all that it has.
async fn seeded(service: &Service) -> Vec<String> {
    let lead = json!({"id": format!("hs:contact:{TELLTALE}"), "properties": {
        "email": format!("{TELLTALE}@big.example"), "firstname": TELLTALE, "country": TELLTALE,
    }});
    let payload = Payload::Lead { lead: Box::new(serde_json::from_value(lead).expect("a lead")), flow: None };
    let arrival = Arrival { dedupe_key: TELLTALE.into(), occurred: now(), payload };
    let tenant = TELLTALE.into();
    service.host.store.accept(&tenant, vec![arrival], now()).await.expect("accepted");
    let decision = loop {
        match service.host.store.log(&tenant, 0, 1).await.expect("a log").pop() {
            Some(stored) => break stored.decision,
            None => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
        }
    };
    // The CRM has no such record, which makes a second decision: nothing may change of itself later.
    until("nothing is under way", async || {
        let log = service.host.store.log(&tenant, 0, 9).await.expect("a log");
        log.len() == 2 && service.host.store.backlog(&tenant).await.expect("a backlog") == (0, 0)
    })
    .await;
    let recalled = service.host.store.decision(&tenant, &decision.id).await.expect("read").expect("a decision");
    let mut names = vec![decision.id.to_string(), format!("hs:contact:{TELLTALE}")];
    names.extend(recalled.effects.iter().map(|row| row.effect.id.to_string()));
    names
        .extend(["", "-rep", "-pool", "-flow", "-table", "-key", "@big.example"].map(|end| format!("{TELLTALE}{end}")));
    names.push(token_id(service, TELLTALE).await);
    names
}

/// Makes a token of the tenant, and gives its public name.
async fn token_id(service: &Service, tenant: &str) -> String {
    service.token(tenant, Role::Viewer).await;
    let store = service.database().await;
    let grants = Access::grants(&*store, Some(&tenant.into())).await.expect("tokens");
    grants.last().expect("a token").id.to_string()
}

/// Takes away what changes by reading.
fn settle(body: &mut Value) {
    match body {
        Value::Object(object) => {
            object.remove("used");
            object.values_mut().for_each(settle);
        }
        Value::Array(items) => items.iter_mut().for_each(settle),
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_token_that_holds_no_route_is_open_that_should_not_be() {
    let all = Neighbours::start().await;
    let revoked = all.service.token(TELLTALE, Role::Admin).await;
    let store = rota_tests::open(&all.service.folder.path().join("rota.db")).await.expect("the database");
    for grant in Access::grants(&store, Some(&TELLTALE.into())).await.expect("tokens") {
        store.revoke(Some(&TELLTALE.into()), &grant.id, now()).await.expect("revoked");
    }
    let wrong = format!("rota_{}", "5a".repeat(32));
    for operation in all.operations() {
        let name = operation.about["operationId"].as_str().expect("a name");
        if OPEN.contains(&name) {
            continue;
        }
        for token in ["", "x", &wrong, &revoked] {
            let answer = all.call(&operation, &all.names[0], token, None).await;
            let signed = operation.about["security"][0].get("signature").is_some();
            // A signature is asked for by an app's route, and there is no app of that name.
            let expected = if signed { 404 } else { 401 };
            assert_eq!(answer.status, expected, "{name} with {token:?}: {answer:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_without_its_signature_is_refused() {
    let service = Service::start(&[workspace("acme", "")]).await;
    let answer = service.post("/v1/hubspot/main/webhook", "", json!([])).await;
    assert_eq!((answer.status, &answer.body["type"]), (401, &json!("urn:rota:problem:bad-signature")));
}

#[tokio::test(flavor = "multi_thread")]
async fn too_small_a_role_opens_no_route() {
    let all = Neighbours::start().await;
    let mut tokens = BTreeMap::new();
    for role in [Role::Viewer, Role::Operator, Role::Admin] {
        tokens.insert(role, all.service.token(TELLTALE, role).await);
    }
    for operation in all.operations() {
        let Some(needs) = operation.role() else { continue };
        let needs: Role = needs.parse().expect("a role");
        for (role, token) in tokens.iter().filter(|(role, _)| **role < needs) {
            let answer = all.call(&operation, &all.names[0], token, None).await;
            assert_eq!(
                (answer.status, &answer.body["type"]),
                (403, &json!("urn:rota:problem:small-role")),
                "{} as {role}: {answer:?}",
                operation.path
            );
        }
    }
}

async fn another_tenants_token_opens_changes_and_learns_nothing() {
    let all = Neighbours::start().await;
    let before = all.all_of_the_first().await;
    let whole: Vec<String> = before.values().map(ToString::to_string).collect();
    assert!(whole.iter().any(|answer| answer.contains(TELLTALE)), "the walk reads nothing of it");
    let other = all.service.token("bolt", Role::Admin).await;
    let naming = all.service.token("crumb", Role::Admin).await;
    for operation in all.operations() {
        for name in &all.names {
            // A secret of any name can be the other's own, and its audit log tells of it.
            if operation.path.starts_with("/v1/secrets/") && name.contains(TELLTALE) {
                continue;
            }
            let answer = all.call(&operation, name, &other, None).await;
            // What was sent may be said again; what was not may not be there.
            let said = answer.body.to_string().replace(name.as_str(), "");
            assert!(!said.contains(TELLTALE), "{} about {name}: {answer:?}", operation.path);
            if operation.names_something() && !operation.path.starts_with("/v1/secrets/") {
                assert!((400..500).contains(&answer.status), "{} about {name}: {answer:?}", operation.path);
            }
            let answer = all.send(&operation, ("x", name), &naming, None).await;
            let said = answer.body.to_string().replace(name.as_str(), "");
            assert!(
                operation.method == "GET" || !said.contains(TELLTALE),
                "{} with {name}: {answer:?}",
                operation.path
            );
            if operation.role().is_some() {
                let named = all.call(&operation, name, &other, Some(TELLTALE)).await;
                assert_eq!(named.status, 403, "{} for {TELLTALE}: {named:?}", operation.path);
            }
        }
    }
    let after = all.all_of_the_first().await;
    for (address, answer) in &before {
        // Reading made tokens and ended them: the tenant's own doing.
        if !address.starts_with("/v1/tokens") && !address.starts_with("/v1/audit") {
            assert_eq!(&after[address], answer, "{address}");
        }
    }
}
