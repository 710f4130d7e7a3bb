//! One lead, one workspace, one question: the same for every subject.

use std::fmt::Write as _;
use std::sync::Arc;

use jiff::Timestamp;
use rota_domain::desk::Desk;
use rota_domain::lead::Lead;
use rota_domain::limits::Limits;
use rota_domain::rule::{Answer, Call, Mode, Question, Settings, Verdict};
use rota_domain::workspace::Workspace;
use rota_flow::ports::Plugin;

/// The bundled plugins.
pub(crate) const PLUGINS: [(&str, &[u8]); 2] = [
    ("next-in-line", include_bytes!("../../../../plugins/prebuilt/next-in-line.wasm")),
    ("territory", include_bytes!("../../../../plugins/prebuilt/territory.wasm")),
];

const LEAD: &str = r#"{"id":"hs:contact:101","trigger":"created",
  "properties":{"email":"joe@big.example","country":"US","numberofemployees":"40"}}"#;

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
        let settings = match name {
            "next-in-line" => r#"{"pool":"na"}"#,
            _ => r#"{"enterprise":{"employees":1000,"pool":"na"},"territories":[{"countries":["US"],"pool":"na"}]}"#,
        };
        Self {
            members,
            desk: Arc::new(Desk::new(1, Arc::new(workspace(members)))),
            lead: Arc::new(serde_json::from_str(LEAD).expect("a lead")),
            settings: settings.into(),
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
