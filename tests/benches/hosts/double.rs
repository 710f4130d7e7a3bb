//! A double of HubSpot that is there only from some time on, at an address known before, with a
//! thread of its own.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use rota_sandbox::{Options, Sandbox, Seed};
use rota_tests::http;
use rota_tests::server::PORTAL;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// The id of its first contact.
pub(crate) const FIRST: usize = 1_000_000;

/// How often is looked whether something was written.
const LOOK: Duration = Duration::from_millis(20);

/// An address at which nobody listens, and which nobody else is given for now.
pub(crate) fn address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("an address");
    listener.local_addr().expect("an address")
}

/// A double at work.
pub(crate) struct Double {
    sandbox: Sandbox,
    runtime: Runtime,
}

impl Double {
    /// A double at this address that holds so many contacts and lets in so many calls in ten
    /// seconds; 0 is as many as come.
    pub(crate) fn start(listen: SocketAddr, contacts: usize, per_10s: u32) -> Self {
        // What is said in the answers is believed: without a limit nothing is said, and a client
        // keeps to HubSpot's lowest. So none is a limit that nobody meets.
        let per_10s = if per_10s == 0 { 1_000_000 } else { per_10s };
        let owners: Vec<Value> = (700..720).map(|id| json!({ "id": id, "user_id": id + 100_000 })).collect();
        let contacts: Vec<Value> = (0..contacts)
            .map(|n| json!({ "id": (FIRST + n).to_string(), "properties": { "email": format!("p{n}@x.example") } }))
            .collect();
        let seed = json!({
            "portal_id": PORTAL, "owners": owners, "contacts": contacts,
            "limits": { "per_10s": per_10s, "per_day": 0 },
            "properties": { "contacts": [{ "name": "rota_segment", "label": "rota_segment" }] },
        });
        let seed: Seed = serde_json::from_value(seed).expect("a seed");
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let options = Options { listen, target: None, seed, client_secret: "secret".into() };
        let sandbox = runtime.block_on(rota_sandbox::start(options)).expect("a double");
        Self { sandbox, runtime }
    }

    /// Waits until something was written to it, and gives how long that took from then.
    pub(crate) fn first(&self, began: Instant) -> Duration {
        let url = format!("http://{}/_sandbox/calls", self.sandbox.address());
        let http = http();
        self.runtime.block_on(async {
            loop {
                let calls: Value = http.get(&url).send().await.expect("an answer").json().await.expect("JSON");
                let written = |call: &Value| {
                    let batch = call["path"].as_str().is_some_and(|path| path.ends_with("/batch/update"));
                    call["status"].is_u64() && (batch || call["method"] == "PATCH")
                };
                if calls.as_array().is_some_and(|calls| calls.iter().any(written)) {
                    return began.elapsed();
                }
                tokio::time::sleep(LOOK).await;
            }
        })
    }

    /// How many calls came, and how many of them it refused.
    pub(crate) fn calls(&self) -> [usize; 2] {
        let url = format!("http://{}/_sandbox/calls", self.sandbox.address());
        let calls = self.runtime.block_on(async {
            http().get(&url).send().await.expect("an answer").json::<Vec<Value>>().await.expect("JSON")
        });
        if std::env::var_os("ROTA_CALLS").is_some() {
            for call in &calls {
                println!("{} {} {} {}", call["at"], call["method"], call["path"], call["status"]);
            }
        }
        [calls.len(), calls.iter().filter(|call| call["status"].as_u64().is_some_and(|status| status >= 400)).count()]
    }

    /// Stops it.
    pub(crate) fn stop(self) {
        let Self { sandbox, runtime } = self;
        runtime.block_on(sandbox.stop());
    }
}
