//! A guest from text to answer, and the small world that it is asked in.

use std::collections::BTreeMap;
use std::fs;
use std::sync::{Arc, LazyLock};

use rota::author::{componentize, embed};
use rota_domain::desk::Desk;
use rota_domain::id::Digest;
use rota_domain::limits::Limits;
use rota_domain::manifest::Language;
use rota_domain::rule::{Answer, Call, Decided, ErrorCode, Failure, Mode, Question, Verdict};
use rota_domain::table::Table;
use rota_domain::workspace::Match;
use rota_flow::ports::Rules;
use rota_rules::{Catalogue, Intake, Refusal, inspect};
use wit_component::{StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use crate::root;

/// One catalogue for all tests, as one host has for all tenants.
pub static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::new().expect("an engine"));

/// What every guest says of itself, unless its test says otherwise.
pub const MANIFEST: &str = r#"
name = "guest"
version = "0.1.0"
contract = "0.1"
[reads]
country = "text"
employees = "number"
[writes]
rating = "text"
"#;

/// Reps 0 to 2, of whom the last is inactive, in three pools; `usual_desk` adds `p00` to `p69`
/// and the table `eu`.
const WORKSPACE: &str = r#"
workspace = "acme"
reps = [
  { id = "ana", email = "Ana@acme.test", capacity = 40, tags = ["german", "enterprise"] },
  { id = "bo", email = "bo@acme.test" },
  { id = "cy", email = "cy@acme.test", active = false },
]
[[pools]]
id = "na"
members = [{ rep = "ana", weight = 3 }, { rep = "bo" }]
[[pools]]
id = "eu"
members = [{ rep = "bo" }, { rep = "cy" }]
[[pools]]
id = "one"
members = [{ rep = "ana" }]
[[calendars]]
id = "na"
hours = { mon = ["09:00-17:00"], tue = ["09:00-17:00"], wed = ["09:00-17:00"], thu = ["09:00-17:00"], fri = ["09:00-17:00"] }
"#;

const LEAD: &str = r#"{"id":"hs:contact:101","properties":{"country":" US ","employees":"1200","phone":"1"}}"#;

/// A core module in text: what follows `world.wat`.
#[derive(Clone, Debug)]
pub struct Guest {
    body: String,
    memory_kib: usize,
}

impl Guest {
    /// A guest that stands in its test.
    pub fn new(body: &str) -> Self {
        Self { body: body.into(), memory_kib: 1024 }
    }

    /// A guest of `tests/guests`.
    pub fn file(name: &str) -> Self {
        Self::new(&wat(name))
    }

    /// The same with so much memory from the start.
    pub fn memory_kib(self, memory_kib: usize) -> Self {
        Self { memory_kib, ..self }
    }

    /// The component, without a manifest.
    pub fn bare(&self) -> Vec<u8> {
        let memory = format!("(memory (export \"memory\") {})", self.memory_kib / 64);
        let mut module = wat::parse_str(wat("world") + &memory + &self.body).expect("a module");
        let mut resolve = Resolve::default();
        let (package, _) = resolve.push_dir(root().join("wit")).expect("the contract");
        let world = resolve.select_world(&[package], Some("router")).expect("the world");
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).expect("the world fits in");
        componentize(&module).expect("a component")
    }

    /// The component.
    pub fn component(&self) -> Vec<u8> {
        embed(&self.bare(), MANIFEST, None).expect("a manifest")
    }

    /// The component as if it had been built for another release, such as `@0.1.7`.
    pub fn component_for(&self, release: &str) -> Vec<u8> {
        let mut component = self.component();
        while let Some(place) = component.windows(6).position(|window| window == b"@0.1.0") {
            component[place..place + 6].copy_from_slice(release.as_bytes());
        }
        component
    }

    /// Whether it is taken in.
    pub fn inspect(&self) -> Result<Intake, Refusal> {
        inspect(&self.component())
    }

    /// Takes it in and asks it about the lead.
    pub fn ask(&self) -> Answer {
        self.ask_with("{}")
    }

    /// The same with these settings.
    pub fn ask_with(&self, settings: &str) -> Answer {
        let plugin = CATALOGUE.take_in(&self.component()).expect("it is taken in");
        CATALOGUE.ask(Question { settings: settings.into(), ..question(plugin.digest) })
    }

    /// The same at this desk.
    pub fn ask_at(&self, desk: Desk) -> Answer {
        let plugin = CATALOGUE.take_in(&self.component()).expect("it is taken in");
        CATALOGUE.ask(Question { desk: Arc::new(desk), ..question(plugin.digest) })
    }

    /// Asks it, and takes the failure.
    pub fn failure(&self) -> Failure {
        failure(self.ask())
    }

    /// Asks it, and takes the code of the failure.
    pub fn code(&self) -> ErrorCode {
        self.failure().code
    }
}

/// The component with one more section at its end.
pub fn with_section(mut component: Vec<u8>, kind: u8, content: &[u8]) -> Vec<u8> {
    component.push(kind);
    let mut length = content.len();
    while length >= 0x80 {
        component.push(u8::try_from(length & 0x7f).expect("seven bits") | 0x80);
        length >>= 7;
    }
    component.push(u8::try_from(length).expect("seven bits"));
    component.extend_from_slice(content);
    component
}

/// The component with one more custom section at its end.
pub fn with_custom(component: Vec<u8>, name: &str, data: &[u8]) -> Vec<u8> {
    let length = [u8::try_from(name.len()).expect("a short name")];
    with_section(component, 0, &[&length[..], name.as_bytes(), data].concat())
}

/// The component with one more core module, and an instance of it that nobody uses.
pub fn beside(component: Vec<u8>, module: &[u8]) -> Vec<u8> {
    let component = with_section(component, 1, module);
    // One instance: of a module, the fourth (the guest's own, then two that join it to its
    // imports), without arguments.
    with_section(component, 2, &[1, 0, 3, 0])
}

/// The failure that a test expects.
pub fn failure(answer: Answer) -> Failure {
    match answer.verdict {
        Verdict::Failed(failure) => failure,
        other => panic!("a failure, not {other:?}"),
    }
}

/// The decision that a test expects.
pub fn decided(answer: Answer) -> Decided {
    match answer.verdict {
        Verdict::Decided(decided) => *decided,
        other => panic!("a decision, not {other:?}"),
    }
}

/// The calls of the transcript, a line each: what stands between the heading and the end.
pub fn transcript(answer: &Answer) -> Vec<&str> {
    let lines: Vec<&str> = std::str::from_utf8(&answer.transcript).expect("UTF-8").lines().collect();
    lines[1..lines.len() - 1].to_vec()
}

/// The desk of the one workspace, before the first decision.
pub fn usual_desk() -> Desk {
    let more: String = (0..70).map(|n| format!("[[pools]]\nid = \"p{n:02}\"\n")).collect();
    let table = Table::read(Match::Exact, b"key,value\nna,north\n").expect("a table");
    let tables = BTreeMap::from([("eu".to_owned(), Arc::new(table))]);
    let workspace = toml::from_str(&format!("{WORKSPACE}{more}")).expect("a workspace");
    Desk::new(1, Arc::new(workspace)).with_tables(Arc::new(tables))
}

/// A question about the one lead.
pub fn question(plugin: Digest) -> Question {
    let call =
        Call { now: jiff::Timestamp::UNIX_EPOCH, seed: 7, trigger: "created".into(), attempt: 1, mode: Mode::Test };
    Question {
        plugin,
        limits: Limits::of(Language::Rust),
        flow: "inbound".into(),
        settings: "{}".into(),
        call,
        lead: Arc::new(serde_json::from_str(LEAD).expect("a lead")),
        class: "unclassified".into(),
        desk: Arc::new(usual_desk()),
        place: None,
        passed_over: Arc::default(),
    }
}

/// The names of all hostile guests, in order.
///
/// # Panics
/// If `tests/guests` cannot be read.
#[must_use]
pub fn hostile() -> Vec<String> {
    let entries = fs::read_dir(root().join("tests/guests")).expect("tests/guests");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let guests = paths.filter(|path| path.extension().is_some_and(|extension| extension == "wat"));
    let names = guests.map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned());
    let mut names: Vec<String> = names.filter(|name| name != "world").collect();
    names.sort();
    names
}

/// The text of a guest in `tests/guests`.
pub fn wat(name: &str) -> String {
    let path = root().join("tests/guests").join(name).with_extension("wat");
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
