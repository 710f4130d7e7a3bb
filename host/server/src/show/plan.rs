//! What applying a workspace would change, for whoever has to say yes to it.

use rota_domain::table::RowChanges;
use serde_json::Value;

use super::palette::{Palette, Tone};
use super::text::{COLUMNS, clean, counted, wrap};
use crate::workspaces::{Change, Field, Mark, Planned};

/// The plan of a workspace. `sent` are the names of secrets that are sent along.
#[must_use]
pub fn plan(planned: &Planned, sent: &[String], palette: Palette) -> String {
    let mut lines = Vec::new();
    let against = match planned.base {
        0 => "which has no revision yet".into(),
        base => format!("against revision {base}"),
    };
    lines.push(palette.heading(&format!("{}, {against}", clean(planned.tenant.as_str()))));
    lines.extend(changes(&planned.changes, palette));
    if planned.changes.is_empty() && planned.errors.is_empty() {
        lines.push(match planned.files.as_slice() {
            [] => "  Nothing changes.".into(),
            files => format!("  Only the words of {} change, such as comments.", clean(&files.join(", "))),
        });
    }
    if !planned.secrets.is_empty() {
        lines.extend([String::new(), palette.heading("secrets")]);
        lines.extend(planned.secrets.iter().map(|need| {
            let (tone, state) = match (sent.contains(&need.name), need.there) {
                (true, _) => (Tone::Good, "sent along from this environment, and tried when it is applied"),
                (false, true) => (Tone::Normal, "is there"),
                (false, false) => (Tone::Bad, "is not there for it: set it in the environment of `rota apply`"),
            };
            let line = match need.connection.strip_prefix("notify:") {
                Some(destination) => format!("destination {destination}"),
                None => need.connection.clone(),
            };
            format!("  {} for {}: {}", clean(&need.name), clean(&line), palette.paint(tone, state))
        }));
    }
    for (title, tone, told) in [
        ("warnings", Tone::Warn, &planned.warnings),
        ("refused", Tone::Bad, &planned.errors.iter().map(ToString::to_string).collect()),
    ] {
        if !told.is_empty() {
            lines.extend([String::new(), palette.paint(tone, title)]);
            lines.extend(told.iter().flat_map(|told| hanging(told, 2, 4)));
        }
    }
    lines.extend([String::new(), summary(planned)]);
    lines.join("\n") + "\n"
}

/// Changes, list by list.
fn changes(changes: &[Change], palette: Palette) -> Vec<String> {
    let mut lines = Vec::new();
    let mut list = "";
    for change in changes {
        if change.kind != list {
            list = &change.kind;
            lines.extend([String::new(), palette.heading(&clean(list))]);
        }
        lines.extend(one(change, palette));
    }
    lines
}

fn one(change: &Change, palette: Palette) -> Vec<String> {
    let (tone, mark) = match change.mark {
        Mark::Added => (Tone::Good, "+"),
        Mark::Removed => (Tone::Bad, "-"),
        Mark::Changed => (Tone::Warn, "~"),
    };
    let title = if change.id == "*" { "all" } else { &change.id };
    let mut head = format!("  {} {}", palette.paint(tone, mark), clean(title));
    if let Some(rows) = change.rows {
        head += &format!("  {}", rows_told(rows));
    }
    let mut lines = vec![head];
    for field in &change.fields {
        match change.mark {
            Mark::Changed => lines.extend(hanging(&changed(field), 6, 8)),
            Mark::Added => {
                let mut told = Vec::new();
                leaves(field.path.trim_start_matches('/'), &field.to, &mut told);
                // What it is called stands before it already.
                told.retain(|told| *told != format!("class: {:?}", change.id));
                lines.extend(told.iter().flat_map(|told| hanging(told, 6, 8)));
            }
            // That it goes says enough.
            Mark::Removed => {}
        }
    }
    lines
}

/// What becomes of a table's rows.
fn rows_told(rows: RowChanges) -> String {
    let parts = [(rows.added, "added"), (rows.removed, "removed"), (rows.changed, "changed")];
    let told: Vec<String> = parts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{} {what}", counted(count, "row", "rows")))
        .collect();
    told.join(", ")
}

fn changed(Field { path, from, to }: &Field) -> String {
    let path = path.trim_start_matches('/');
    match (from, to) {
        (Value::Null, to) => format!("{path}: + {}", value_told(to)),
        (from, Value::Null) => format!("{path}: - {}", value_told(from)),
        (from, to) => format!("{path}: {} -> {}", value_told(from), value_told(to)),
    }
}

/// A value as JSON; of a digest, as much as people compare.
fn value_told(value: &Value) -> String {
    match value.as_str().and_then(|text| text.strip_prefix("sha256:")) {
        Some(digest) => format!("sha256:{}…", digest.chars().take(12).collect::<String>()),
        None => value.to_string(),
    }
}

/// Every value of something new, except its id and what says nothing.
fn leaves(path: &str, value: &Value, told: &mut Vec<String>) {
    let inner = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}/{key}") };
    match value {
        Value::Object(map) => {
            for (key, value) in map.iter().filter(|(key, _)| !path.is_empty() || *key != "id") {
                leaves(&inner(key), value, told);
            }
        }
        Value::Array(list) if path == "members" => {
            let member = |one: &Value| format!("{} {}", one["rep"].as_str().unwrap_or_default(), one["weight"]);
            told.push(format!("{path}: {}", list.iter().map(member).collect::<Vec<_>>().join(", ")));
        }
        Value::Array(list) if list.iter().any(Value::is_object) => {
            list.iter().enumerate().for_each(|(n, value)| leaves(&inner(&n.to_string()), value, told));
        }
        Value::Array(list) if list.is_empty() => {}
        Value::Null => {}
        Value::String(text) if text.is_empty() => {}
        value => told.push(format!("{path}: {}", value_told(value))),
    }
}

/// Text wrapped to the screen, its first line and the others indented by so many columns.
fn hanging(text: &str, first: usize, then: usize) -> Vec<String> {
    let lines = wrap(text, COLUMNS - then).into_iter().enumerate();
    lines.map(|(n, line)| format!("{}{line}", " ".repeat(if n == 0 { first } else { then }))).collect()
}

fn summary(planned: &Planned) -> String {
    if !planned.errors.is_empty() {
        let count = counted(u64::try_from(planned.errors.len()).unwrap_or(0), "reason", "reasons");
        return format!("Refused for {count}; nothing can be applied.");
    }
    let count = |mark: Mark| planned.changes.iter().filter(|change| change.mark == mark).count();
    format!("{} to add, {} to change, {} to remove.", count(Mark::Added), count(Mark::Changed), count(Mark::Removed))
}
