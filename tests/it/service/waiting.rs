//! Leads that wait, over HTTP: also through a restart, and with fifty who want the same lead.

use rota::config::{Directory, load_workspace};
use rota_domain::access::Role;
use rota_tests::guest::Guest;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinSet;

use super::several::pairs;
use super::workspace::files;
use super::{Service, plan, until, workspace};

fn waiting() -> String {
    workspace("acme", "").replace("coalesce = \"0\"\n", "coalesce = \"0\"\nnobody = \"wait\"\n")
}

async fn route(service: &Service, token: &str, lead: &str) -> Value {
    let answer = service.post("/v1/route", token, json!({ "lead": { "id": lead } })).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body
}

async fn says(service: &Service, token: &str, rep: &str, status: &str) {
    let answer = service.post(&format!("/v1/reps/{rep}/status"), token, json!({ "status": status })).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

/// Who got which lead, in the order of the log.
async fn given(service: &Service, token: &str) -> Vec<(String, String, String)> {
    let log = service.get("/v1/log", token).await;
    let text = |decision: &Value, key: &str| decision[key].as_str().unwrap_or_default().to_owned();
    let decisions = log.body["items"].as_array().expect("a list");
    let given = decisions.iter().filter(|decision| !decision["rep"].is_null());
    given.map(|one| (text(one, "lead"), text(one, "trigger"), text(one, "rep"))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn leads_that_wait_are_given_in_order_when_the_rep_is_back_also_after_a_restart() {
    let service = Service::start(&[waiting()]).await;
    let token = service.token("acme", Role::Operator).await;
    says(&service, &token, "ada", "away").await;
    for lead in ["web:1", "web:2"] {
        let decision = route(&service, &token, lead).await;
        assert_eq!((&decision["outcome"], &decision["queue"]), (&json!("queue"), &json!("all")), "{decision}");
    }
    let folder = service.stop().await;
    let plan = plan(folder.path(), &[waiting()]);
    let service = Service::with(folder, plan).await;
    says(&service, &token, "ada", "back").await;
    // Nobody calls: they are found all the same.
    until("two leads are given", async || given(&service, &token).await.len() == 2).await;
    assert_eq!(route(&service, &token, "web:3").await["rep"], "ada");
    let found = given(&service, &token).await;
    let of = |lead: &str, trigger: &str| (lead.to_owned(), trigger.to_owned(), "ada".to_owned());
    assert_eq!(found, [of("web:1", "released"), of("web:2", "released"), of("web:3", "manual")]);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lead_whose_person_is_erased_waits_for_nobody_any_more() {
    let service = Service::start(&[waiting()]).await;
    let admin = service.token("acme", Role::Admin).await;
    says(&service, &admin, "ada", "away").await;
    for n in 1..=2 {
        let lead = json!({ "id": format!("web:{n}"), "properties": { "email": format!("joe{n}@big.example") } });
        let answer = service.post("/v1/route", &admin, json!({ "lead": lead })).await;
        assert_eq!(answer.body["queue"], "all", "{answer:?}");
    }
    let waits = async || service.get("/v1/pools/all", &admin).await.body["waiting"].clone();
    assert_eq!(waits().await, 2);
    let erased = service.post("/v1/people/erase", &admin, json!({ "email": "joe1@big.example" })).await;
    assert_eq!(erased.status, 200, "{erased:?}");
    assert_eq!(waits().await, 1);
    says(&service, &admin, "ada", "back").await;
    until("the other is given", async || !given(&service, &admin).await.is_empty()).await;
    let found = given(&service, &admin).await;
    assert_eq!(found, [("web:2".to_owned(), "released".to_owned(), "ada".to_owned())]);
    service.stop().await;
}

/// Offers the lead to reps 0 to 2, in this order of asking, with so many seconds.
pub(super) fn offers(order: u8, seconds: u32) -> Guest {
    Guest::new(&format!(
        r#"(data (i32.const 4096) "late")
        (func $decide (result i32)
          (call $pool.open (i32.const 1024) (i32.const 2) (global.get $back))
          (call $pool.members (i32.load offset=4 (global.get $back)) (global.get $back))
          (i32.store (i32.const 4204) (i32.const 1))
          (i32.store (i32.const 4208) (i32.const 2))
          (i32.store8 offset=4 (global.get $answer) (i32.const 1))
          (i32.store offset=8 (global.get $answer) (i32.const 4200))
          (i32.store offset=12 (global.get $answer) (i32.const 3))
          (i32.store8 offset=16 (global.get $answer) (i32.const {order}))
          (i32.store offset=20 (global.get $answer) (i32.const {seconds}))
          (i32.store offset=28 (global.get $answer) (i32.const 4096))
          (i32.store offset=32 (global.get $answer) (i32.const 4))
          (global.get $answer))"#,
    ))
}

async fn offering(order: u8, seconds: u32) -> Service {
    let files = offered(order, seconds);
    let folder = tempfile::tempdir().expect("a folder");
    let mut plan = plan(folder.path(), &[]);
    plan.workspaces = vec![load_workspace(&Directory::open(files.path()).expect("a folder")).expect("a workspace")];
    Service::with(folder, plan).await
}

fn offered(order: u8, seconds: u32) -> TempDir {
    let lines = "[[reps]]\nid = \"ada\"\n[[reps]]\nid = \"bo\"\n[[reps]]\nid = \"cy\"\n\
                 [[pools]]\nid = \"na\"\nmembers = [{ rep = \"ada\" }, { rep = \"bo\" }, { rep = \"cy\" }]\n";
    crate::tenant::workspace(lines, &[offers(order, seconds)])
}

fn answers(lead: &str, rep: &str, answer: &str) -> Value {
    json!({ "lead": lead, "rep": rep, "answer": answer })
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_who_accept_at_once_one_rep_gets_the_lead_and_is_told_the_same_each_time() {
    let service = offering(1, 600).await;
    let token = service.token("acme", Role::Operator).await;
    assert_eq!(route(&service, &token, "web:1").await["outcome"], "offer");
    let open = service.get("/v1/offers", &token).await.body;
    let asked: Vec<&Value> =
        open["items"][0]["asked"].as_array().expect("reps").iter().map(|one| &one["rep"]).collect();
    assert_eq!(asked, ["ada", "bo", "cy"]);

    let mut all = JoinSet::new();
    for n in 0..50 {
        let (url, token) = (service.url.clone(), token.clone());
        all.spawn(async move {
            let rep = ["ada", "bo", "cy"][n % 3];
            let client = reqwest::Client::new();
            let sent = client.post(format!("{url}/v1/offers/answer")).bearer_auth(token);
            let answer = sent.json(&answers("web:1", rep, "accept")).send().await.expect("an answer");
            let status = answer.status().as_u16();
            (rep, status, answer.json::<Value>().await.expect("JSON"))
        });
    }
    let said = all.join_all().await;
    let winners: Vec<_> = said.iter().filter(|(_, status, _)| *status == 200).collect();
    let winner = winners.first().expect("a winner").0;
    for (rep, status, body) in &said {
        let told = (*status, &body["decision"]["rep"], &body["type"]);
        let wanted = match *rep == winner {
            true => (200, &json!(winner), &Value::Null),
            false => (409, &Value::Null, &json!("urn:rota:problem:too-late")),
        };
        assert_eq!(told, wanted, "{rep}: {body}");
    }
    let found = given(&service, &token).await;
    assert_eq!(found, [("web:1".to_owned(), "offer-accepted".to_owned(), winner.to_owned())]);
    assert_eq!(service.get("/v1/offers", &token).await.body["items"], json!([]));
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_declines_makes_room_for_the_next_and_each_expiry_comes_once_also_after_a_restart() {
    let service = offering(0, 2).await;
    let token = service.token("acme", Role::Operator).await;
    route(&service, &token, "web:1").await;
    let declined = service.post("/v1/offers/answer", &token, answers("web:1", "ada", "decline")).await;
    assert_eq!((declined.status, &declined.body["decision"]), (200, &Value::Null));
    let asked = async |rep: &str| service.get("/v1/offers", &token).await.body["items"][0]["asked"][0]["rep"] == rep;
    until("the next is asked", async || asked("bo").await).await;
    // Their time passes while nobody is there.
    let folder = service.stop().await;
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    let mut plan = plan(folder.path(), &[]);
    let files = offered(0, 2);
    plan.workspaces = vec![load_workspace(&Directory::open(files.path()).expect("a folder")).expect("a workspace")];
    let service = Service::with(folder, plan).await;
    let queued = async || {
        let log = service.get("/v1/log", &token).await;
        log.body["items"].as_array().is_some_and(|items| items.iter().any(|one| one["queue"] == "late"))
    };
    until("the lead is in the queue that the offer names", queued).await;
    let log = service.get("/v1/log", &token).await.body;
    let story: Vec<String> = log["items"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| {
            format!("{} {}", one["trigger"].as_str().unwrap_or_default(), one["outcome"].as_str().unwrap_or_default())
        })
        .collect();
    assert_eq!(story, ["manual offer", "offer-declined offer", "offer-expired offer", "offer-expired queue"]);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_several_hosts_what_is_due_is_decided_once_whoever_is_told() {
    for pair in pairs().await {
        let applied = pair.one.post("/v1/workspace/apply", &pair.admin, files(&waiting())).await;
        assert_eq!(applied.status, 200, "{applied:?}");
        until("the other has the revision", async || pair.other.get("/v1/reps", &pair.admin).await.status == 200).await;
        says(&pair.one, &pair.admin, "ada", "away").await;
        for n in 1..=20 {
            let host = if n % 2 == 0 { &pair.one } else { &pair.other };
            assert_eq!(route(host, &pair.admin, &format!("web:{n}")).await["queue"], "all");
        }
        says(&pair.other, &pair.admin, "ada", "back").await;
        until("all are given", async || given(&pair.one, &pair.admin).await.len() == 20).await;
        let mut leads: Vec<String> = given(&pair.one, &pair.admin).await.into_iter().map(|(lead, ..)| lead).collect();
        let order: Vec<String> = (1..=20).map(|n| format!("web:{n}")).collect();
        assert_eq!(leads, order, "the longest waiting first");
        leads.dedup();
        assert_eq!(leads.len(), 20);
        pair.one.stop().await;
        pair.other.stop().await;
    }
}

/// Asks for a page as a browser does.
async fn page(service: &Service, method: reqwest::Method, link: &str) -> (u16, String) {
    let path = link.find("/claims/").map_or(link, |start| &link[start..]);
    let asked = reqwest::Client::new().request(method, format!("{}{path}", service.url));
    let asked = asked.header("accept", "text/html");
    let answer = asked.send().await.expect("an answer");
    (answer.status().as_u16(), answer.text().await.expect("text"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reps_link_shows_and_its_button_acts_and_nobody_can_make_one() {
    let service = offering(1, 600).await;
    let token = service.token("acme", Role::Operator).await;
    route(&service, &token, "web:1").await;
    let viewer = service.token("acme", Role::Viewer).await;
    let seen = service.get("/v1/offers", &viewer).await.body;
    assert_eq!(seen["items"][0]["asked"][0]["link"], Value::Null, "who only reads cannot act as a rep");
    let open = service.get("/v1/offers", &token).await.body;
    let links: Vec<&str> =
        open["items"][0]["asked"].as_array().expect("reps").iter().filter_map(|one| one["link"].as_str()).collect();
    let [ada, bo, cy] = links[..] else { panic!("a link for each: {open}") };

    let (status, shown) = page(&service, reqwest::Method::GET, ada).await;
    assert_eq!(status, 200);
    assert!(shown.contains("ada, do you take the lead web:1?"), "{shown}");
    assert_eq!(
        service.get("/v1/offers", &token).await.body["items"][0]["asked"][0]["rep"],
        "ada",
        "looking changes nothing"
    );

    let mut forged = ada.to_owned();
    forged.pop();
    for link in [forged.as_str(), "/claims/x", "/claims/e30.e30", &ada.replace("/claims/", "/claims/A")] {
        let (status, shown) = page(&service, reqwest::Method::POST, &format!("{link}?answer=accept")).await;
        assert_eq!(status, 404, "{shown}");
    }
    let (status, shown) = page(&service, reqwest::Method::POST, &format!("{cy}?answer=decline")).await;
    assert_eq!((status, shown.contains("The next one is asked.")), (200, true), "{shown}");
    let (status, shown) = page(&service, reqwest::Method::POST, &format!("{ada}?answer=accept")).await;
    assert_eq!((status, shown.contains("The lead web:1 is yours.")), (200, true), "{shown}");
    let (status, shown) = page(&service, reqwest::Method::POST, &format!("{bo}?answer=accept")).await;
    assert_eq!((status, shown.contains("is ada&#39;s by now")), (409, true), "{shown}");
    let (status, shown) = page(&service, reqwest::Method::GET, bo).await;
    assert_eq!((status, shown.contains("is ada&#39;s by now")), (200, true), "{shown}");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_cannot_say_anything_of_a_lead_is_told_why() {
    let service = offering(0, 600).await;
    let token = service.token("acme", Role::Operator).await;
    let says = async |lead: &str, rep: &str, answer: &str| {
        let said = service.post("/v1/offers/answer", &token, answers(lead, rep, answer)).await;
        (said.status, said.body["detail"].as_str().unwrap_or_default().to_owned())
    };
    let told = |status: u16, detail: &str| (status, detail.to_owned());
    let nothing = told(404, "There is no decision about the lead `web:0` here.");
    route(&service, &token, "web:1").await;
    for answer in ["accept", "decline"] {
        assert_eq!(says("web:0", "ada", answer).await, nothing);
        let nobody = "Nobody asks `bo` to take the lead `web:1`.";
        assert_eq!(says("web:1", "bo", answer).await, told(409, nobody), "{answer} before their turn");
    }
    for _ in 0..2 {
        assert_eq!(says("web:1", "ada", "decline").await, told(200, ""), "said twice, it is said once");
        let asked = async || service.get("/v1/offers", &token).await.body["items"][0]["asked"][0]["rep"] == json!("bo");
        until("the next is asked", asked).await;
    }
    let over = "The time of `ada` to take the lead `web:1` is over, or they declined.";
    assert_eq!(says("web:1", "ada", "accept").await, told(409, over));
    assert_eq!(says("web:1", "bo", "accept").await.0, 200);
    for answer in ["accept", "decline"] {
        assert_eq!(says("web:1", "cy", answer).await, told(409, "The lead `web:1` is bo's by now."));
    }
    service.stop().await;
}
