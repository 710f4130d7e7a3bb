//! One lead, one workspace, one question: the same for every subject.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use jiff::Timestamp;
use rota_domain::desk::Desk;
use rota_domain::lead::Lead;
use rota_domain::limits::Limits;
use rota_domain::rule::{Answer, Call, Mode, Question, Settings, Verdict};
use rota_domain::table::Table;
use rota_domain::workspace::{Match, Workspace};
use rota_flow::ports::Plugin;

/// The bundled plugins.
pub(crate) const PLUGINS: [(&str, &[u8]); 4] = [
    ("next-in-line", include_bytes!("../../../../plugins/prebuilt/next-in-line.wasm")),
    ("territory", include_bytes!("../../../../plugins/prebuilt/territory.wasm")),
    ("postal-codes", include_bytes!("../../../../plugins/prebuilt/postal-codes.wasm")),
    ("inbound-outbound", include_bytes!("../../../../plugins/prebuilt/inbound-outbound.wasm")),
];

const LEAD: &str = r#"{"id":"hs:contact:101","trigger":"created",
  "properties":{"email":"joe@big.example","country":"US","zip":"10001","numberofemployees":"40"}}"#;

/// A lead of a small company from the United States, and a pool `na` of so many members.
pub(crate) struct Scene {
    pub(crate) members: u32,
    pub(crate) desk: Arc<Desk>,
    pub(crate) lead: Arc<Lead>,
    pub(crate) settings: Settings,
    plugin: Plugin,
}

impl Scene {
    pub(crate) fn new(name: &str, plugin: &Plugin, members: u32) -> Self {
        let desk = Desk::new(1, Arc::new(workspace(members))).with_tables(Arc::new(postal()));
        Self {
            members,
            desk: Arc::new(desk),
            lead: Arc::new(serde_json::from_str(LEAD).expect("a lead")),
            settings: settings(name).into(),
            plugin: plugin.clone(),
        }
    }

    pub(crate) fn question(&self) -> Question {
        Question {
            plugin: self.plugin.digest.clone(),
            limits: Limits::of(self.plugin.manifest.language),
            flow: "inbound".into(),
            settings: self.settings.clone(),
            call: call(),
            lead: self.lead.clone(),
            class: "inbound:demo-request".into(),
            desk: self.desk.clone(),
            place: None,
            passed_over: Arc::default(),
        }
    }
}

/// The circumstances of every decision.
pub(crate) fn call() -> Call {
    Call { now: Timestamp::UNIX_EPOCH, seed: 7, trigger: "created".into(), attempt: 1, mode: Mode::Test }
}

/// What was decided, so that nobody measures a failure.
pub(crate) fn summary(answer: &Answer) -> String {
    let Verdict::Decided(decided) = &answer.verdict else {
        panic!("no decision: {:?}", answer.verdict);
    };
    let calls = answer.transcript.iter().filter(|byte| **byte == b'\n').count();
    format!(
        "{:?}, {calls} host calls, {} bytes of transcript, fuel {}",
        decided.choice,
        answer.transcript.len(),
        answer.fuel
    )
}

fn settings(plugin: &str) -> &'static str {
    match plugin {
        "next-in-line" => r#"{"pool":"na"}"#,
        "postal-codes" => r#"{"table":"postal"}"#,
        "inbound-outbound" => r#"{"territories":[{"countries":["US"],"pool":"na"}]}"#,
        _ => r#"{"enterprise":{"employees":1000,"pool":"na"},"territories":[{"countries":["US"],"pool":"na"}]}"#,
    }
}

/// As many postal codes as a large country has.
fn postal() -> BTreeMap<String, Arc<Table>> {
    let rows: String = (0..41_000).map(|n| format!("{:05},na\n", n + 500)).collect();
    let table = Table::read(Match::Exact, format!("key,value\n{rows}").as_bytes()).expect("a table");
    BTreeMap::from([("postal".to_owned(), Arc::new(table))])
}

fn workspace(members: u32) -> Workspace {
    let mut text = String::from("workspace = \"acme\"\n");
    for n in 0..members {
        writeln!(text, "[[reps]]\nid = \"rep{n:03}\"\nname = \"Rep {n}\"").expect("a String takes everything");
    }
    let list: Vec<String> =
        (0..members).map(|n| format!("{{ rep = \"rep{n:03}\", weight = {} }}", 1 + n % 3)).collect();
    writeln!(text, "[[pools]]\nid = \"na\"\nmembers = [{}]", list.join(",")).expect("a String takes everything");
    toml::from_str(&text).expect("a workspace")
}
