//! What people write, read: good files become values, and each way to be wrong is one file in
//! `cases/config/invalid`, whose first line says what a person is told.

mod events;
mod server;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rota::config::{self, ConfigError, Directory, Files, Loaded};
use rota::schema::{self, Subject};
use rota_domain::workspace::Workspace;

/// A workspace in memory.
#[derive(Default)]
struct Memory(BTreeMap<&'static str, Vec<u8>>);

impl Memory {
    fn with(mut self, path: &'static str, bytes: impl AsRef<[u8]>) -> Self {
        self.0.insert(path, bytes.as_ref().to_vec());
        self
    }

    fn load(&self) -> Result<Loaded, ConfigError> {
        config::load_workspace(self)
    }

    fn error(&self) -> String {
        self.load().expect_err("this should be refused").to_string()
    }
}

impl Files for Memory {
    fn name(&self) -> &str {
        "acme"
    }

    fn read(&self, relative: &str, _most: u64) -> io::Result<Arc<[u8]>> {
        let found = self.0.get(relative.trim_start_matches("./"));
        found.map(|bytes| Arc::from(bytes.as_slice())).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases/config").join(folder);
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty());
    paths
}

fn everything() -> Memory {
    Memory::default()
        .with("workspace.toml", include_str!("../cases/config/valid/everything.toml"))
        .with(
            "settings/inbound.json",
            "{\"territories\": [],\n \"enterprise\": {\"pool\": \"na\", \"employees\": 1000}}",
        )
        .with("rule.wasm", b"\0asm")
        .with("tables/postal.csv", "from,to,value\n")
        .with("tables/won.csv", "key,at,value\nana,2026-03-01,12000\n")
        .with("calendars/ana.ics", "BEGIN:VCALENDAR\nEND:VCALENDAR\n")
        .with("calendars/de-by.ics", "BEGIN:VCALENDAR\nEND:VCALENDAR\n")
}

#[test]
fn every_wrong_workspace_is_refused_with_the_words_on_its_first_line() {
    for path in files("invalid") {
        let text = fs::read_to_string(&path).unwrap();
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("workspace.toml"), &text).unwrap();
        let error = config::load_workspace(&Directory::open(dir.path()).unwrap()).unwrap_err().to_string();
        let told = error.replace(&dir.path().display().to_string(), "acme");
        let first = text.lines().next().unwrap().trim_start_matches("# ");
        assert_eq!(told, first, "{}", path.display());
    }
}

#[test]
fn every_good_workspace_is_read() {
    for path in files("valid") {
        let files = everything().with("workspace.toml", fs::read(&path).unwrap());
        assert_eq!(files.load().unwrap().workspace.tenant.as_str(), "acme", "{}", path.display());
    }
}

#[test]
fn a_workspace_is_the_same_once_it_was_written_down_and_read() {
    for path in files("valid") {
        let workspace = everything().with("workspace.toml", fs::read(&path).unwrap()).load().unwrap().workspace;
        let written = serde_json::to_string(&workspace).unwrap();
        let read: Workspace = serde_json::from_str(&written).unwrap();
        assert!(read == workspace, "{}", path.display());
        assert_eq!(serde_json::to_string(&read).unwrap(), written);
    }
}

#[test]
fn what_is_as_usual_is_not_written_down() {
    let text = "workspace = \"acme\"\nreps = [{ id = \"ana\" }]\npools = [{ id = \"na\", members = [{ rep = \"ana\" }] }]\n\
        flows = [{ id = \"in\", plugin = \"next-in-line\", fallback = { queue = \"q\" } }]\n";
    let workspace = Memory::default().with("workspace.toml", text).load().unwrap().workspace;
    insta::assert_snapshot!(serde_json::to_string_pretty(&workspace).unwrap());
}

#[test]
fn settings_from_a_file_and_from_a_table_are_the_same_canonical_text() {
    let loaded = everything().load().unwrap();
    let text = |flow: &str| loaded.settings[&flow.into()].to_string();
    assert_eq!(text("inbound"), r#"{"enterprise":{"employees":1000,"pool":"na"},"territories":[]}"#);
    assert_eq!(text("rest"), r#"{"deep":{"a":[true,2.5],"b":1},"pool":"na"}"#);
}

#[test]
fn the_component_beside_a_workspace_is_read_for_the_flow_that_names_it() {
    let components = everything().load().unwrap().components;
    assert_eq!(components.into_iter().collect::<Vec<_>>(), [("rest".into(), b"\0asm"[..].into())]);
}

#[test]
fn flows_that_name_one_component_share_its_bytes() {
    let flow =
        |id: &str| format!("[[flows]]\nid = \"{id}\"\nplugin = \"./rule.wasm\"\nfallback = {{ queue = \"q\" }}\n");
    let text = format!("workspace = \"acme\"\n{}{}", flow("one"), flow("two"));
    let loaded = Memory::default().with("workspace.toml", &text).with("rule.wasm", b"\0asm").load().unwrap();
    assert!(Arc::ptr_eq(&loaded.components[&"one".into()], &loaded.components[&"two".into()]));
}

#[test]
fn all_bad_rows_of_a_table_are_told_with_their_lines() {
    let files = everything().with("tables/postal.csv", "from,to,value\n1,2\n9,5,north\n10,20,a\n15,30,b\n");
    insta::assert_snapshot!(files.error(), @r"
    acme/tables/postal.csv:2: this row has 2 fields in place of 3; put a field that holds commas in quotes
    acme/tables/postal.csv:3: the range `9` to `5` ends before it begins; swap its ends
    acme/tables/postal.csv:5: the range `15` to `30` overlaps `10` to `20` in line 4; keep them apart
    ");
    let files = everything().with("tables/postal.csv", "from,to,value\n".to_owned() + &"1\n".repeat(120));
    let error = files.error();
    assert_eq!(error.lines().count(), 101);
    assert_eq!(error.lines().last(), Some("acme/tables/postal.csv: and 20 more rows are wrong"));
}

#[test]
fn a_table_is_read_as_its_match_says() {
    let loaded = everything().with("tables/postal.csv", "from,to,value\n10,20,north\n").load().unwrap();
    assert_eq!(loaded.tables["postal"].table.look_up("15"), Some("north"));
}

#[test]
fn settings_that_are_no_json_are_refused_with_their_own_line() {
    let error = everything().with("settings/inbound.json", "{\n  \"pool\": \"na\",\n}").error();
    assert_eq!(error, "acme/settings/inbound.json:3: this is not JSON: trailing comma");
}

#[test]
fn settings_that_are_no_object_are_refused() {
    let error = everything().with("settings/inbound.json", "[]").error();
    assert_eq!(error, "acme/settings/inbound.json:1: settings are one JSON object; write { … } around them");
}

#[test]
fn a_workspace_that_is_not_utf_8_is_refused_with_its_line() {
    let error = Memory::default().with("workspace.toml", b"workspace = \"acme\"\n[[reps]]\nid = \"\xff\"\n").error();
    assert_eq!(error, "acme/workspace.toml:3: this is not UTF-8 text; save the file as UTF-8");
}

#[test]
fn a_directory_without_a_workspace_is_told_by_its_name() {
    let error = Memory::default().error();
    assert!(error.starts_with("acme: there is no workspace.toml here; "), "{error}");
}

#[test]
fn a_file_in_place_of_a_directory_is_told_with_the_directory_to_give() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("workspace.toml");
    fs::write(&path, "workspace = \"acme\"").unwrap();
    let error = Directory::open(&path).unwrap_err().to_string();
    let expected = format!(
        "{}: this is a file; give the directory that holds workspace.toml, such as {}",
        path.display(),
        dir.path().display()
    );
    assert_eq!(error, expected);
}

#[test]
fn a_directory_that_is_not_there_is_told() {
    let error = Directory::open(Path::new("./nowhere")).unwrap_err().to_string();
    assert_eq!(error, "nowhere: there is no such directory; give the one that holds workspace.toml");
}

#[test]
fn no_path_leaves_the_workspace() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("outside.json"), "{}").unwrap();
    let root = dir.path().join("acme");
    fs::create_dir(&root).unwrap();
    let files = Directory::open(&root).unwrap();
    let absolute = dir.path().join("outside.json").display().to_string();
    for path in ["../outside.json", "nowhere/../../outside.json", &absolute] {
        let error = files.read(path, 1024).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{path}: {error}");
    }
}

#[cfg(unix)]
#[test]
fn no_link_is_followed_inside_a_workspace() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("real")).unwrap();
    fs::write(dir.path().join("real/a.json"), "{}").unwrap();
    std::os::unix::fs::symlink("real", dir.path().join("folder")).unwrap();
    std::os::unix::fs::symlink("real/a.json", dir.path().join("file.json")).unwrap();
    let files = Directory::open(dir.path()).unwrap();
    assert!(files.read("./real/a.json", 1024).is_ok());
    for path in ["folder/a.json", "file.json"] {
        let error = files.read(path, 1024).unwrap_err().to_string();
        assert!(error.starts_with("is reached by a link"), "{path}: {error}");
    }
}

#[test]
fn a_file_of_just_the_most_bytes_is_read_and_one_more_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("a"), [b' '; 2048]).unwrap();
    let files = Directory::open(dir.path()).unwrap();
    assert_eq!(files.read("a", 2048).unwrap().len(), 2048);
    let error = files.read("a", 1024).unwrap_err();
    assert_eq!(error.to_string(), "is larger than 1 KiB, the most that is read");
}

fn schema(subject: Subject) -> serde_json::Value {
    let text = schema::text(subject);
    assert!(
        text.starts_with("{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n  \"title\": \"Rota: ")
    );
    serde_json::from_str(&text).unwrap()
}

#[test]
fn a_schema_names_just_the_keys_that_are_read() {
    let keys = |subject, pointer: &str| {
        let schema = schema(subject);
        let found = schema.pointer(pointer).unwrap_or_else(|| panic!("{pointer}"));
        found.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        keys(Subject::Workspace, "/properties"),
        "workspace time_zone reps pools calendars tables connections destinations sources targets closed responded offers flows"
    );
    assert_eq!(
        keys(Subject::Workspace, "/$defs/Condition/properties"),
        "property is in starts_with known gte lte since_given all any not"
    );
    assert_eq!(keys(Subject::Case, "/properties"), "about at class settings lead repeat expect");
    assert_eq!(
        keys(Subject::Manifest, "/properties"),
        "name version summary contract language reads writes company pools tables branches"
    );
    for key in ["id", "object", "properties", "owner", "company", "history", "trigger"] {
        assert!(schema(Subject::Lead)["properties"][key].is_object(), "{key}");
    }
    for key in ["decision", "outcome", "reason", "response_due", "plugin", "revision", "fuel", "repeated", "of"] {
        assert!(schema(Subject::Decision)["properties"][key].is_object(), "{key}");
    }
}

#[test]
fn a_schema_refuses_unknown_keys_where_the_reader_does() {
    for subject in [Subject::Workspace, Subject::Lead, Subject::Case, Subject::Manifest] {
        assert_eq!(schema(subject)["additionalProperties"], false, "{subject:?}");
    }
    assert_eq!(schema(Subject::Event)["unevaluatedProperties"], false);
}
