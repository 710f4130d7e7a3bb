//! A workspace read from its files: `workspace.toml`, the settings that it names, and the
//! components beside it.

use std::collections::BTreeMap;
use std::sync::Arc;

use rota_domain::id::FlowId;
use rota_domain::table::{FILE_MAX, Table};
use rota_domain::workspace::{Flow, Settings, Workspace};
use serde_json::{Map, Value};
use toml::de::DeValue;

use super::document::Document;
use super::files::why;
use super::{CalendarFiles, ConfigError, Files, calendars, zones};

/// The most bytes that are read of each kind of file.
const WORKSPACE_MOST: u64 = 1 << 20;
const SETTINGS_MOST: u64 = 256 << 10;
/// Components, tables and calendar files of one workspace together.
pub(crate) const TOGETHER_MOST: u64 = 256 << 20;
/// The most flows, and the most tables, of one workspace.
const COUNT_MOST: usize = 200;
/// What a table has for a file whose rows are a CRM's records.
const NO_ROWS: &[u8] = b"key,at,value\n";
/// Of the largest language class; what a component of its own class may have is judged later.
const COMPONENT_MOST: u64 = 32 << 20;

/// A workspace with all that it names.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What `workspace.toml` says.
    pub workspace: Workspace,
    /// Each flow's settings as JSON text: keys sorted, no white space.
    pub settings: BTreeMap<FlowId, Arc<str>>,
    /// The components of flows whose plugin is a file. Flows of one file share its bytes.
    pub components: BTreeMap<FlowId, Arc<[u8]>>,
    /// The tables, by name.
    pub tables: BTreeMap<String, TableFile>,
    /// The iCalendar files, by digest.
    pub calendar_files: CalendarFiles,
    /// Whether the operator put it there, who may name private addresses.
    pub trusted: bool,
}

/// A table as it was written, and as it is looked into.
#[derive(Clone, Debug)]
pub struct TableFile {
    /// The CSV file.
    pub bytes: Arc<[u8]>,
    /// What it says.
    pub table: Arc<Table>,
}

/// Reads a workspace and everything that it names.
///
/// # Errors
/// The first thing that is wrong, with its file and line.
pub fn load(files: &dyn Files) -> Result<Loaded, ConfigError> {
    let file = files.path("workspace.toml");
    let bytes = files.read("workspace.toml", WORKSPACE_MOST).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => ConfigError::whole(
            if files.name().is_empty() { "." } else { files.name() },
            "there is no workspace.toml here; give the directory that holds it, or begin one with the line `workspace = \"acme\"`",
        ),
        _ => ConfigError::whole(&file, format!("this file {}", why(&error))),
    })?;
    let document = Document::parse(&file, &bytes)?;
    let workspace: Workspace = document.read()?;
    workspace.check().map_err(|wrong| document.error(&wrong.at, wrong.message))?;
    zones::check(&workspace).map_err(|(at, what)| document.error(&at, what))?;

    let mut loaded = Loaded {
        settings: BTreeMap::new(),
        components: BTreeMap::new(),
        tables: BTreeMap::new(),
        calendar_files: BTreeMap::new(),
        trusted: files.trusted(),
        workspace,
    };
    within(&document, "flows", loaded.workspace.flows.len())?;
    within(&document, "tables", loaded.workspace.tables.len())?;
    within(&document, "targets", loaded.workspace.targets.len())?;
    let (mut room, mut read) = (TOGETHER_MOST, BTreeMap::<&str, Arc<[u8]>>::new());
    for (n, flow) in loaded.workspace.flows.iter().enumerate() {
        let settings = settings(files, &document, n, flow)?;
        loaded.settings.insert(flow.id.clone(), canonical(&Value::Object(settings)).into());
        if is_file(&flow.plugin) {
            let component = if let Some(component) = read.get(flow.plugin.as_str()) {
                component.clone()
            } else {
                let component = files.read(&flow.plugin, COMPONENT_MOST.min(room)).map_err(|error| {
                    let what = format!("the plugin `{}` of flow `{}` {}", flow.plugin, flow.id, why(&error));
                    document.error(&format!("/flows/{n}/plugin"), what)
                })?;
                room = room.saturating_sub(component.len() as u64);
                read.insert(&flow.plugin, component.clone());
                component
            };
            loaded.components.insert(flow.id.clone(), component);
        }
    }
    for (n, table) in loaded.workspace.tables.iter().enumerate() {
        let bytes = match &table.file {
            Some(file) => files.read(file, FILE_MAX.min(room)).map_err(|error| {
                let what = format!("the file `{file}` of table `{}` {}", table.id, why(&error));
                document.error(&format!("/tables/{n}/file"), what)
            })?,
            None => NO_ROWS.into(),
        };
        room = room.saturating_sub(bytes.len() as u64);
        let read = Table::read(table.matching, &bytes);
        let path = table.file.as_deref().unwrap_or_default();
        let read = read.map_err(|bad| ConfigError::rows(&files.path(path), &bad))?;
        loaded.tables.insert(table.id.clone(), TableFile { bytes, table: Arc::new(read) });
    }
    loaded.calendar_files = calendars::read(files, &document, &mut loaded.workspace, &mut room)?;
    Ok(loaded)
}

/// So many of one kind, and no more: each is read, and held in memory.
fn within(document: &Document<'_>, kind: &str, count: usize) -> Result<(), ConfigError> {
    if count <= COUNT_MOST {
        return Ok(());
    }
    let what = format!("there are {count} [[{kind}]], and {COUNT_MOST} are the most; make one of several");
    Err(document.error(&format!("/{kind}/{COUNT_MOST}"), what))
}

/// Whether a plugin is named by its file, and not by its name or digest.
fn is_file(plugin: &str) -> bool {
    plugin.starts_with("./") || plugin.ends_with(".wasm")
}

fn settings(
    files: &dyn Files,
    document: &Document<'_>,
    n: usize,
    flow: &Flow,
) -> Result<Map<String, Value>, ConfigError> {
    let pointer = format!("/flows/{n}/settings");
    let name = match &flow.settings {
        Settings::Inline(settings) => {
            let table =
                document.table().get("flows").and_then(|flows| flows.get_ref().get(n)?.get_ref().get("settings"));
            return match table.and_then(|table| not_json(table.get_ref(), &pointer)) {
                Some((at, what)) => Err(document.error(&at, what)),
                None => Ok(settings.clone()),
            };
        }
        Settings::File(name) => name,
    };
    let bytes = files.read(name, SETTINGS_MOST).map_err(|error| {
        let what = format!("the settings file `{name}` of flow `{}` {}", flow.id, why(&error));
        document.error(&pointer, what)
    })?;
    let file = files.path(name);
    match serde_json::from_slice(&bytes) {
        Ok(Value::Object(settings)) => Ok(settings),
        Ok(_) => Err(ConfigError::at(&file, 1, "settings are one JSON object; write { … } around them")),
        Err(error) => Err(ConfigError::at(&file, error.line().max(1), format!("this is not JSON: {}", said(&error)))),
    }
}

/// serde_json's words without the place, which stands before them.
pub(super) fn said(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or(&text).to_owned()
}

/// Where inline settings hold what JSON cannot.
fn not_json(value: &DeValue<'_>, at: &str) -> Option<(String, String)> {
    match value {
        DeValue::Datetime(_) => {
            Some((at.into(), "settings are JSON, which has no dates; write this one in quotes".into()))
        }
        DeValue::Float(number) if number.as_str().contains(['i', 'n']) => {
            Some((at.into(), format!("settings are JSON, which has no `{}`; write a finite number", number.as_str())))
        }
        DeValue::Array(array) => {
            array.iter().enumerate().find_map(|(n, inner)| not_json(inner.get_ref(), &format!("{at}/{n}")))
        }
        DeValue::Table(table) => {
            table.iter().find_map(|(key, inner)| not_json(inner.get_ref(), &format!("{at}/{}", key.get_ref())))
        }
        _ => None,
    }
}

/// The same settings are the same text, however they were written.
fn canonical(value: &Value) -> String {
    fn sorted(value: &Value) -> Value {
        match value {
            Value::Object(map) => {
                let sorted_keys: BTreeMap<&String, &Value> = map.iter().collect();
                Value::Object(sorted_keys.into_iter().map(|(key, value)| (key.clone(), sorted(value))).collect())
            }
            Value::Array(list) => Value::Array(list.iter().map(sorted).collect()),
            other => other.clone(),
        }
    }
    sorted(value).to_string()
}
