//! A tenant with a double of HubSpot of its own, and whether what the double holds is what Rota
//! decided, and nobody else's.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};

use rota_flow::ports::Stored;
use rota_sandbox::{Options, Sandbox, Seed};
use serde_json::{Value, json};

use crate::http;

/// A tenant and its double, which keeps HubSpot's usual limits: 190 requests in ten seconds.
pub struct Party {
    /// The tenant's name, which all its leads bear.
    pub name: &'static str,
    portal: u64,
    owners: [u64; 3],
    sandbox: Sandbox,
}

impl Party {
    /// Two that share no owner and no record's id.
    ///
    /// # Panics
    /// When a double does not start.
    pub async fn two() -> [Self; 2] {
        [Self::start("acme", 4_001).await, Self::start("birch", 4_002).await]
    }

    async fn start(name: &'static str, portal: u64) -> Self {
        let owners = [1, 2, 3].map(|n| portal * 10 + n);
        let seeds: Vec<Value> = owners.iter().map(|id| json!({ "id": id, "user_id": id + 100_000 })).collect();
        let seed = json!({ "portal_id": portal, "first_id": portal * 1_000_000, "owners": seeds });
        let seed: Seed = serde_json::from_value(seed).expect("a seed");
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let options = Options { listen, target: None, seed, client_secret: "secret".into() };
        Self { name, portal, owners, sandbox: rota_sandbox::start(options).await.expect("a double") }
    }

    /// Its workspace: three reps take turns.
    #[must_use]
    pub fn workspace(&self) -> String {
        let reps: String = self
            .owners
            .iter()
            .map(|owner| format!("[[reps]]\nid = \"rep{owner}\"\ncrm = {{ hs = \"{owner}\" }}\n"))
            .collect();
        let members: Vec<String> = self.owners.iter().map(|owner| format!("{{ rep = \"rep{owner}\" }}")).collect();
        format!(
            "workspace = \"{}\"\n{reps}[[pools]]\nid = \"all\"\nmembers = [{}]\n\
             [[connections]]\nid = \"hs\"\nkind = \"hubspot\"\napp = \"main\"\nportal_id = {}\n\
             token = {{ env = \"TOKEN\" }}\nbase_url = \"http://{}\"\n\
             [[flows]]\nid = \"inbound\"\nplugin = \"next-in-line\"\nsettings = {{ pool = \"all\" }}\n\
             fallback = {{ queue = \"triage\" }}\ncoalesce = \"0m\"\n",
            self.name,
            members.join(", "),
            self.portal,
            self.sandbox.address()
        )
    }

    /// Its webhooks go to the server there from now on.
    ///
    /// # Panics
    /// When that is no address.
    pub fn tells(&self, server: &str) {
        self.sandbox.set_target(&format!("{server}/v1/hubspot/main/webhook")).expect("a target");
    }

    /// So many contacts appear in it, with these words in their addresses.
    ///
    /// # Panics
    /// When the double does not answer.
    pub async fn contacts(&self, words: &str, count: usize) {
        let person = |n| json!({ "properties": { "email": format!("{words}-{n}@{}.example", self.name) } });
        self.put("contacts", (0..count).map(person).collect()).await;
    }

    /// Its faults are these from now on.
    ///
    /// # Panics
    /// When the double does not take them.
    pub async fn faults(&self, faults: Value) {
        self.put("faults", faults).await;
    }

    async fn put(&self, what: &str, body: Value) {
        let url = format!("http://{}/_sandbox/{what}", self.sandbox.address());
        let answer = http().post(url).json(&body).send().await.expect("an answer");
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap_or_default());
    }

    /// The contacts that it holds.
    ///
    /// # Panics
    /// When the double does not answer.
    pub async fn held(&self) -> Vec<Value> {
        let url = format!("http://{}/_sandbox/state", self.sandbox.address());
        let state: Value = http().get(url).send().await.expect("an answer").json().await.expect("JSON");
        state["contacts"].as_array().expect("contacts").clone()
    }

    /// How many contacts have no owner yet.
    ///
    /// # Panics
    /// As [`Party::held`].
    pub async fn without_owner(&self) -> usize {
        self.held().await.iter().filter(|contact| owner(contact).is_empty()).count()
    }

    /// What is not as it should be: each contact has one of its own owners, the one that was
    /// decided last, and the log tells of its own leads only. `called` are its leads without a
    /// record, each decided once.
    ///
    /// # Panics
    /// As [`Party::held`].
    pub async fn wrongs(&self, log: &[Stored], called: usize) -> Vec<String> {
        let contacts = self.held().await;
        let owners: BTreeSet<String> = self.owners.iter().map(u64::to_string).collect();
        let last: BTreeMap<&str, &Stored> = log.iter().map(|stored| (stored.decision.lead.as_str(), stored)).collect();
        let mut wrongs = Vec::new();
        let mut mine = BTreeSet::new();
        for contact in &contacts {
            let lead = format!("hs:contact:{}", contact["id"].as_str().unwrap_or_default());
            let (held, decided) = (owner(contact), last.get(lead.as_str()).and_then(|it| it.decision.owner.as_ref()));
            if !owners.contains(held) || decided.is_none_or(|decided| decided.as_str() != held) {
                wrongs.push(format!("{}: {lead} has the owner `{held}`, and decided was {decided:?}", self.name));
            }
            mine.insert(lead);
        }
        let web = format!("web:{}-", self.name);
        for stored in log {
            let (lead, rep) = (stored.decision.lead.as_str(), &stored.decision.rep);
            if !(mine.contains(lead) || lead.starts_with(&web)) {
                wrongs.push(format!("{}: the log tells of {lead}", self.name));
            }
            if rep.as_ref().is_none_or(|rep| !owners.contains(rep.as_str().trim_start_matches("rep"))) {
                wrongs.push(format!("{}: {lead} was given to {rep:?}", self.name));
            }
        }
        let decided = last.keys().filter(|lead| lead.starts_with(&web)).count();
        if decided != called {
            wrongs.push(format!("{}: {called} calls were answered, and {decided} are in the log", self.name));
        }
        wrongs
    }
}

/// The owner of a contact in a double; empty where it has none.
fn owner(contact: &Value) -> &str {
    contact["properties"]["hubspot_owner_id"].as_str().unwrap_or_default()
}
