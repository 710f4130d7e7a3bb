//! What people write, read: good files become values, and each way to be wrong is one file in
//! `cases/config/invalid`, whose first line says what a person is told.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rota::compose::Serving;
use rota::config::{self, ConfigError, Directory, Files, Loaded};
use rota::schema::{self, Subject};
use rota_domain::event::{Happening, Status};
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

    fn read(&self, relative: &str, _most: u64) -> io::Result<Vec<u8>> {
        let found = self.0.get(relative.trim_start_matches("./"));
        found.cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
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
fn settings_from_a_file_and_from_a_table_are_the_same_canonical_text() {
    let loaded = everything().load().unwrap();
    let text = |flow: &str| loaded.settings[&flow.into()].to_string();
    assert_eq!(text("inbound"), r#"{"enterprise":{"employees":1000,"pool":"na"},"territories":[]}"#);
    assert_eq!(text("rest"), r#"{"deep":{"a":[true,2.5],"b":1},"pool":"na"}"#);
}

#[test]
fn the_component_beside_a_workspace_is_read_for_the_flow_that_names_it() {
    let components = everything().load().unwrap().components;
    assert_eq!(components.into_iter().collect::<Vec<_>>(), [("rest".into(), b"\0asm".to_vec())]);
}

#[test]
fn what_is_read_and_not_acted_on_is_warned_of_with_its_line() {
    assert_eq!(
        everything().load().unwrap().warnings,
        [
            "acme/workspace.toml:12: warning: `capacity` is read but not acted on yet",
            "acme/workspace.toml:23: warning: `calendar` is read but not acted on yet",
        ]
    );
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
fn a_workspace_without_such_keys_has_no_warnings() {
    let plain = Memory::default().with("workspace.toml", "workspace = \"acme\"\n[[reps]]\nid = \"ana\"\n");
    assert!(plain.load().unwrap().warnings.is_empty());
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

fn server(text: &str) -> Result<config::Server, String> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rota.toml");
    fs::write(&path, text).unwrap();
    let mut server = config::load_server(&path)
        .map_err(|error| error.to_string().replace(&format!("{}/", dir.path().display()), ""))?;
    for workspace in &mut server.workspaces {
        *workspace = workspace.strip_prefix(dir.path()).unwrap().to_path_buf();
    }
    Ok(server)
}

#[test]
fn an_empty_server_file_is_the_default() {
    let server = server("").unwrap();
    assert_eq!(server, config::Server::default());
    assert_eq!(server.public_url("127.0.0.1:4001".parse().unwrap()), "http://127.0.0.1:4001");
}

#[test]
fn a_server_file_says_everything() {
    let server = server(
        "listen = \"0.0.0.0:80\"\npublic_url = \"https://rota.acme.example/\"\ndatabase = \"postgres://db/rota\"\n\
         workspaces = [\"./acme\"]\n[apps.main]\nclient_secret = { env = \"SECRET\" }\nallow_v1 = true\n",
    )
    .unwrap();
    assert_eq!(server.public_url("0.0.0.0:80".parse().unwrap()), "https://rota.acme.example");
    assert_eq!(server.database.as_deref(), Some("postgres://db/rota"));
    assert_eq!(server.workspaces, [Path::new("acme")]);
    assert_eq!(server.apps["main"].client_secret.env, "SECRET");
    assert!(server.apps["main"].allow_v1);
}

#[test]
fn a_tenant_is_lent_variables_and_where_they_may_go() {
    let text = "[tenants.acme]\nenv = [\"TOKEN\"]\nenv_hosts = [\"crm.acme.example:443\"]\n";
    let keeper = server(text).unwrap().keeper().unwrap();
    let lent = &keeper.env[&"acme".into()];
    assert!(lent.names.contains("TOKEN"));
    assert!(lent.places[0].holds("https://crm.acme.example/api") && !lent.places[0].holds("https://acme.example/api"));
}

#[test]
fn how_a_server_serves_is_the_usual_but_for_what_its_file_says() {
    let text = "[serving]\nconnections = 20000\nrequests = 64\nanswer_seconds = 120\n";
    let serving = server(text).unwrap().serving.beside_the_usual();
    let usual = Serving::default();
    assert_eq!((serving.connections, serving.requests, serving.answer), (20_000, 64, Duration::from_secs(120)));
    assert_eq!((serving.connections_per_address, serving.head), (usual.connections_per_address, usual.head));
    assert_eq!((serving.body, serving.stall), (usual.body, usual.stall));
    assert_eq!((serving.idle, serving.drain), (usual.idle, usual.drain));
}

#[test]
fn a_wrong_server_file_is_told_with_its_line() {
    for (text, told) in [
        (
            "\nlisten = \"here\"",
            "rota.toml:2: `listen` cannot be `here`; write an address and a port, as in \"127.0.0.1:8080\"",
        ),
        (
            "public_url = \"rota.acme.example\"",
            "rota.toml:1: `public_url` cannot be `rota.acme.example`; write the whole address, as in \"https://rota.acme.example\"",
        ),
        ("lisen = \"\"", "rota.toml:1: unknown key `lisen`; did you mean `listen`?"),
        (
            "[apps.main]\nallow_v1 = true",
            "rota.toml:1: `main` of [apps] has no `client_secret`; write it as in `client_secret = { env = \"HUBSPOT_CLIENT_SECRET\" }`",
        ),
        (
            "allow_private = [\"127.0.0.1\"]",
            "rota.toml:1: `127.0.0.1` is no host and port; write both, as in \"127.0.0.1:9000\" or \"[::1]:9000\"",
        ),
        (
            "[tenants.acme]\nallow_private = [\"10.0.0.7:9000\", \"10.0.0.7:x\"]",
            "rota.toml:2: `10.0.0.7:x` is no host and port; write both, as in \"127.0.0.1:9000\" or \"[::1]:9000\"",
        ),
        (
            "[tenants.acme]\nenv = [\"TOKEN\"]\nenv_hosts = [\"https://crm.acme.example\"]",
            "rota.toml:3: `https://crm.acme.example` is no host and port; write both, as in \"127.0.0.1:9000\" or \"[::1]:9000\"",
        ),
        (
            "[serving]\nrequests = 0",
            "rota.toml:2: `requests` of [serving] cannot be 0; write a number from 1 to 1000000",
        ),
        (
            "[serving]\nidle_second = 5",
            "rota.toml:2: unknown key `idle_second` in [serving]; did you mean `idle_seconds`?",
        ),
        (
            "[apps.main]\nclient_secret = \"abc\"",
            "rota.toml:2: `client_secret` in `main` of [apps] says where the secret is found, never the secret itself; write it as in `client_secret = { env = \"HUBSPOT_CLIENT_SECRET\" }`",
        ),
    ] {
        assert_eq!(server(text).unwrap_err(), told);
    }
}

fn workspace() -> Workspace {
    toml::from_str(
        "workspace = \"acme\"\nreps = [{ id = \"ana\" }, { id = \"bo\" }]\npools = [{ id = \"na\" }]\n\
         flows = [{ id = \"inbound\", plugin = \"territory\", fallback = { queue = \"triage\" } }]",
    )
    .unwrap()
}

#[test]
fn events_are_read_with_their_lines_and_empty_lines_are_passed_over() {
    let text = "\u{feff}\n{\"at\":\"2026-03-02T09:00:00Z\",\"kind\":\"rep\",\"rep\":\"ana\",\"status\":\"away\"}\r\n\n  \n\
        {\"at\":\"2026-03-02T09:00:00Z\",\"kind\":\"lead\",\"lead\":{\"id\":\"1\",\"properties\":{\"country\":null}},\"flow\":\"inbound\"}";
    let events = config::read_events("leads.jsonl", text.as_bytes(), &workspace()).unwrap();
    assert_eq!(events.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 5]);
    assert_eq!(events[0].1.what, Happening::Rep { rep: "ana".into(), status: Status::Away });
}

#[test]
fn the_lead_of_the_format_reads_as_an_event() {
    let lead = r#"{"id":"hs:contact:101","object":"contact","properties":{"email":"joe@big.example","country":"US","numberofemployees":"1200"},"owner":null,"company":{"id":"hs:company:9","domain":"big.example","name":"Big","owner":"ana","properties":{}},"history":[{"kind":"outbound","rep":"bo","at":"2026-03-01T10:00:00Z"}],"trigger":"created"}"#;
    let line = format!(r#"{{"at":"2026-03-02T09:00:00Z","kind":"lead","lead":{lead}}}"#);
    let events = config::read_events("leads.jsonl", line.as_bytes(), &workspace()).unwrap();
    let Happening::Lead { lead, flow: None } = &events[0].1.what else { panic!("{events:?}") };
    assert_eq!((lead.id.as_str(), lead.history.len()), ("hs:contact:101", 1));
}

/// What is said of a line that follows a good one.
#[track_caller]
fn told(line: &str, expected: &str) {
    let text = format!("{{\"at\":\"2026-03-02T09:00:00Z\",\"kind\":\"tick\"}}\n{line}\n");
    let error = config::read_events("leads.jsonl", text.as_bytes(), &workspace()).unwrap_err();
    assert_eq!(error.to_string(), format!("leads.jsonl:2: {expected}"));
}

#[test]
fn a_line_that_is_no_json_is_told() {
    told("{\"at\"", "this is not JSON: EOF while parsing an object");
}

#[test]
fn a_kind_that_is_not_built_yet_is_told() {
    told(
        r#"{"at":"2026-03-02T10:00:00Z","kind":"closed","lead":"1"}"#,
        "events of the kind `closed` are not built yet in this release; take the line out",
    );
}

#[test]
fn an_unknown_kind_is_told_with_the_nearest() {
    told(
        r#"{"at":"2026-03-02T10:00:00Z","kind":"membr","pool":"na"}"#,
        "there is no event of the kind `membr`; did you mean `member`?",
    );
    told(
        r#"{"at":"2026-03-02T10:00:00Z","kind":"xyz"}"#,
        "there is no event of the kind `xyz`; use `lead`, `rep`, `member` or `tick`",
    );
}

#[test]
fn an_unknown_key_of_an_event_or_a_lead_is_told_with_the_nearest() {
    told(
        r#"{"at":"2026-03-02T10:00:00Z","kind":"rep","rep":"ana","statis":"away"}"#,
        "unknown key `statis` in an event of the kind `rep`; did you mean `status`?",
    );
    told(
        r#"{"at":"2026-03-02T10:00:00Z","kind":"lead","lead":{"id":"1","propertys":{}}}"#,
        "unknown key `propertys` in `lead`; did you mean `properties`?",
    );
}

#[test]
fn a_key_that_an_event_must_have_is_asked_for() {
    told(
        r#"{"at":"2026-03-02T10:00:00Z","kind":"member","pool":"na","rep":"ana"}"#,
        "an event of the kind `member` must have the key `weight`; add it",
    );
}

#[test]
fn a_number_among_properties_is_told_with_its_name_and_what_to_write() {
    told(
        r#"{"at":"2026-03-02T10:00:00Z","kind":"lead","lead":{"id":"1","properties":{"numberofemployees":1200}}}"#,
        "`lead.properties.numberofemployees` is no text; properties arrive as text from CRMs: write \"1200\"",
    );
}

#[test]
fn time_that_goes_backwards_is_told_with_both_times() {
    told(
        r#"{"at":"2026-03-02T08:59:59Z","kind":"tick"}"#,
        "time goes backwards: 2026-03-02T08:59:59Z comes after 2026-03-02T09:00:00Z in line 1; sort the lines by `at`",
    );
}

#[test]
fn names_that_the_workspace_does_not_have_are_told_with_the_nearest() {
    told(
        r#"{"at":"2026-03-02T10:00:00Z","kind":"rep","rep":"anna","status":"away"}"#,
        "the workspace has no rep `anna`; did you mean `ana`?",
    );
    told(
        r#"{"at":"2026-03-02T10:00:00Z","kind":"member","pool":"emea","rep":"ana","weight":null}"#,
        "the workspace has no pool `emea`; it has `na`",
    );
    told(
        r#"{"at":"2026-03-02T10:00:00Z","kind":"lead","lead":{"id":"1"},"flow":"inbond"}"#,
        "the workspace has no flow `inbond`; did you mean `inbound`?",
    );
}

#[test]
fn a_bare_lead_is_told_how_to_become_an_event() {
    told(
        r#"{"id":"1","properties":{}}"#,
        r#"this is a bare lead; put it into an event, as in {"at":"2026-03-02T09:00:00Z","kind":"lead","lead":{"id":"1","properties":{"country":"US"}}}"#,
    );
}

#[test]
fn wrong_values_in_an_event_are_told_in_words() {
    told(r#"{"at":"soon","kind":"tick"}"#, "`at` is missing or is no time; write it as in \"2026-03-02T09:00:00Z\"");
    told(
        r#"{"at":"2026-03-02T10:00:00Z","kind":"rep","rep":"ana","status":"ill"}"#,
        "`ill` is not known here; use `available`, `away`, `back`, `paused` or `left`",
    );
    told(
        r#"{"at":"2026-03-02T10:00:00Z","kind":"member","pool":"na","rep":"ana","weight":"3"}"#,
        "`weight` cannot be \"3\"; write a whole number from 0 to 1000000, or null to take the rep out",
    );
    told(
        r#"{"at":"2026-03-02T10:00:00Z","kind":"lead","lead":{"id":"1","owner":5}}"#,
        "a value in `lead` is the number 5; write text, in quotes",
    );
    told(
        r#"{"at":"2026-03-02T10:00:00Z","kind":"lead","lead":{"object":"contact"}}"#,
        "`id` is missing in `lead`; add it",
    );
}

#[test]
fn an_empty_file_of_events_is_told_what_a_line_looks_like() {
    let error = config::read_events("leads.jsonl", b"\n \n", &workspace()).unwrap_err().to_string();
    assert!(error.starts_with("leads.jsonl: there are no events in this file; a line looks like {\"at\":"), "{error}");
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
        "workspace time_zone reps pools calendars tables connections destinations sources flows"
    );
    assert_eq!(
        keys(Subject::Workspace, "/$defs/Condition/properties"),
        "property is in starts_with known gte lte all any not"
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
