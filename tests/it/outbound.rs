//! Whom a tenant may make this host call.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use rota::clock::SystemClock;
use rota::compose;
use rota::config::{Directory, load_workspace};
use rota_crm::Secret;
use rota_crm::hubspot::{ApiStyle, Burst, Config, HubSpot, Paces};
use rota_crm::notify::{self, Links, Webhook};
use rota_crm::outbound::{Places, Reach};
use rota_domain::decision::Offered;
use rota_domain::delivery::Trouble;
use rota_domain::effect::{About, Act, Effect, Urgency};
use rota_domain::id::{DecisionId, LeadId};
use rota_flow::ports::{Carrier, Crm, CrmError, Delivered};
use rota_sandbox::{Refusal, receive};
use serde_json::{Value, json};

use crate::service::{connection, double, look, plan, workspace};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn guarded() -> Reach {
    Places::default().reach(&"acme".into())
}

/// Links that say whose they are.
struct ByName;

#[async_trait]
impl Links for ByName {
    async fn link(&self, decision: &DecisionId, lead: &LeadId, asked: &Offered) -> Result<String, String> {
        match asked.rep.as_str() {
            "nobody" => Err("the database is gone".into()),
            rep => Ok(format!("https://rota.example/claims/{decision}/{lead}/{rep}/{}", asked.until)),
        }
    }
}

fn webhook(url: &str, reach: Reach) -> Result<Webhook, CrmError> {
    Webhook::new(notify::Config {
        destination: "ops".into(),
        url: url.into(),
        secret: Secret::new(SECRET),
        reach,
        timeout: Duration::from_secs(5),
        clock: Arc::new(SystemClock),
        links: Arc::new(ByName),
    })
}

fn message(n: u32) -> Effect {
    let about = About {
        decision: "d1".into(),
        at: "2026-03-02T10:00:00Z".parse().expect("a time"),
        lead: "hs:contact:1".into(),
        flow: None,
        outcome: "assign".into(),
        rep: Some("ada".into()),
        owner: None,
        queue: None,
        offered: None,
        class: "inbound:demo-request".into(),
        urgency: Urgency::Urgent,
    };
    let act = Act::Notify { destination: "ops".into(), message: "new lead".into(), about: Box::new(about) };
    let id = format!("d1/{n}").as_str().into();
    Effect { id, connection: "notify:ops".into(), object: "contact".into(), record: n.to_string(), act }
}

async fn send(webhook: &Webhook) -> Result<Delivered, CrmError> {
    webhook.deliver(&[(message(1), 1)]).await.remove(0).1
}

fn config(base_url: &str, reach: Reach) -> Config {
    Config {
        connection: "hs".into(),
        base_url: base_url.into(),
        token: Secret::new("pat-sandbox"),
        api: ApiStyle::V3,
        burst: Burst::default(),
        timeout: Duration::from_secs(5),
        reach,
    }
}

#[tokio::test]
async fn a_name_that_leads_to_this_machine_is_refused_before_anything_is_sent() {
    let error = send(&webhook("https://localhost:1/hook/secret-path", guarded()).expect("a name")).await.unwrap_err();
    assert_eq!(error.trouble, Trouble::Unavailable);
    assert!(error.detail.contains("loopback") && error.detail.contains("nothing was sent"), "{error}");
    assert!(!error.detail.contains("secret-path"), "{error}");
    let hubspot = HubSpot::new(config("https://localhost:1", guarded())).expect("a name");
    let error = hubspot.directory().await.unwrap_err();
    assert!(error.detail.contains("loopback"), "{error}");
}

#[tokio::test]
async fn a_private_address_takes_neither_messages_nor_a_crms_token() {
    for url in ["https://127.0.0.1:1/hook", "http://hooks.example/hook", "https://[::ffff:10.0.0.1]/"] {
        let error = webhook(url, guarded()).err().expect(url);
        assert!(error.detail.contains("destination `ops`") && error.detail.contains("allow_private"), "{error}");
        let error = HubSpot::new(config(url, guarded())).err().expect(url);
        assert!(error.detail.contains("connection `hs`"), "{error}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let receiver = receive(SECRET).await.expect("a receiver");
    receiver.refuse([Refusal { status: 302, retry_after_s: None }]);
    let error = send(&webhook(&receiver.url(), Reach::anywhere()).expect("a receiver")).await.unwrap_err();
    assert_eq!((error.trouble, receiver.messages().len()), (Trouble::Deferred, 1));
}

#[tokio::test]
async fn what_a_receiver_answers_says_what_happens_next() {
    let receiver = receive(SECRET).await.expect("a receiver");
    let webhook = webhook(&receiver.url(), Reach::anywhere()).expect("a receiver");
    for (status, retry_after_s, trouble) in [
        (410, None, Trouble::NotFound),
        (429, Some(7), Trouble::RateLimited { retry_after_ms: Some(7_000) }),
        (503, Some(3), Trouble::RateLimited { retry_after_ms: Some(3_000) }),
        (500, None, Trouble::Unavailable),
        (404, None, Trouble::Deferred),
    ] {
        receiver.refuse([Refusal { status, retry_after_s }]);
        assert_eq!(send(&webhook).await.unwrap_err().trouble, trouble, "{status}");
    }
    assert_eq!(send(&webhook).await, Ok(Delivered::Done));
    let messages = receiver.messages();
    assert!(messages.iter().all(|it| it.verified && it.id == "d1/1" && it.body == messages[0].body), "{messages:?}");
}

/// The message that asks this rep to take a lead.
fn asks(rep: &str) -> Effect {
    let mut effect = message(1);
    if let Act::Notify { about, .. } = &mut effect.act {
        let until = "2026-03-02T10:05:00Z".parse().expect("a time");
        (about.rep, about.offered) = (None, Some(Offered { rep: rep.into(), until }));
    }
    effect
}

#[tokio::test]
async fn a_message_that_asks_a_rep_to_take_a_lead_has_their_link() {
    let receiver = receive(SECRET).await.expect("a receiver");
    let webhook = webhook(&receiver.url(), Reach::anywhere()).expect("a receiver");
    let outcome = webhook.deliver(&[(asks("ada"), 1)]).await.remove(0).1;
    assert_eq!((outcome, send(&webhook).await), (Ok(Delivered::Done), Ok(Delivered::Done)));
    let [asked, told] = &receiver.messages()[..] else { panic!("two messages") };
    let link = "https://rota.example/claims/d1/hs:contact:1/ada/2026-03-02T10:05:00Z";
    let offered = json!({ "rep": "ada", "until": "2026-03-02T10:05:00Z", "link": link });
    assert_eq!((&asked.body["data"]["offered"], &told.body["data"]["offered"]), (&offered, &Value::Null));
}

#[tokio::test]
async fn a_message_whose_link_cannot_be_made_is_sent_later_and_not_without_it() {
    let receiver = receive(SECRET).await.expect("a receiver");
    let webhook = webhook(&receiver.url(), Reach::anywhere()).expect("a receiver");
    let error = webhook.deliver(&[(asks("nobody"), 1)]).await.remove(0).1.unwrap_err();
    assert_eq!((&error.trouble, receiver.messages().len()), (&Trouble::Unavailable, 0));
    assert!(error.detail.contains("the database is gone") && error.detail.contains("nothing was sent"), "{error}");
}

#[tokio::test]
async fn many_messages_at_once_all_come() {
    let receiver = receive(SECRET).await.expect("a receiver");
    let webhook = webhook(&receiver.url(), Reach::anywhere()).expect("a receiver");
    let effects: Vec<_> = (1..=40).map(|n| (message(n), 1)).collect();
    let outcomes = webhook.deliver(&effects).await;
    assert!(outcomes.len() == 40 && outcomes.iter().all(|(_, outcome)| *outcome == Ok(Delivered::Done)));
    assert_eq!(receiver.messages().len(), 40);
}

#[tokio::test]
async fn two_connections_with_one_token_share_one_pace() {
    let sandbox = double(1).await;
    let paces = Paces::default();
    let url = format!("http://{}", sandbox.address());
    let burst = Burst { calls: 2, window: Duration::from_secs(600), most: 2 };
    let client = || HubSpot::at_pace(Config { burst, ..config(&url, Reach::anywhere()) }, &paces).expect("a client");
    let (one, two) = (client(), client());
    let (first, second) = (one.directory().await, two.directory().await);
    let calls = look(&sandbox, "calls").await.as_array().expect("calls").len();
    assert_eq!(calls, 2, "as many as the one token may make: {first:?} {second:?}");
    assert!(matches!(second.unwrap_err().trouble, Trouble::RateLimited { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_did_not_get_the_workspace_from_the_operator_names_only_what_the_operator_opened() {
    let sandbox = double(1).await;
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("workspace.toml"), workspace("acme", &connection(&sandbox, 1))).expect("written");
    let loaded = load_workspace(&Directory::open(folder.path()).expect("a folder")).expect("a workspace");
    assert!(loaded.trusted, "it lies in the operator's own directory");
    let of = |places: Places| {
        let mut plan = plan(folder.path(), &[]);
        plan.places = places;
        plan.workspaces = vec![rota::config::Loaded { trusted: false, ..loaded.clone() }];
        plan
    };
    let refused = compose::start(of(Places::default())).await.err().expect("a private address");
    assert!(format!("{refused:#}").contains("allow_private"), "{refused:#}");
    let place = sandbox.address().to_string().parse().expect("a place");
    let host = compose::start(of(Places { all: vec![place], ..Places::default() })).await.expect("it is open");
    host.stop().await;
}
