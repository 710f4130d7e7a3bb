//! Events as JSON lines, in the order of time: what `rota simulate --leads FILE` reads.

use rota_domain::event::Event;
use rota_domain::lead::Lead;
use rota_domain::table::Amount;
use rota_domain::workspace::{Match, Workspace};
use serde::Deserialize as _;
use serde_json::{Map, Value};

use super::ConfigError;
use super::mend::{either, nearest, plainly, ticked, unknown_key};
use super::workspace::said;

/// The kinds of this release, with the keys that each must have besides `at` and `kind`, and
/// those that it may have. A weight is never left out: null would take the rep out of the pool.
const KINDS: [(&str, &[&str], &[&str]); 9] = [
    ("lead", &["lead"], &["flow"]),
    ("rep", &["rep", "status"], &[]),
    ("member", &["pool", "rep", "weight"], &[]),
    ("closed", &["lead"], &[]),
    ("responded", &["lead"], &[]),
    ("offer", &["lead", "rep", "answer"], &[]),
    ("metric", &["name", "values"], &[]),
    ("owner", &["lead", "rep"], &["by"]),
    ("tick", &[], &[]),
];

/// What a line looks like.
const EXAMPLE: &str = r#"{"at":"2026-03-02T09:00:00Z","kind":"lead","lead":{"id":"1","properties":{"country":"US"}}}"#;

/// Reads events, each with the number of its line. Empty lines are passed over.
///
/// # Errors
/// The first line that cannot be used, and why.
pub fn read(file: &str, bytes: &[u8], workspace: &Workspace) -> Result<Vec<(usize, Event)>, ConfigError> {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let mut events: Vec<(usize, Event)> = Vec::new();
    for (number, line) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
        let wrong = |what: String| ConfigError::at(file, number, what);
        let text =
            std::str::from_utf8(line).map_err(|_| wrong("this is not UTF-8 text; save the file as UTF-8".into()))?;
        if text.trim().is_empty() {
            continue;
        }
        let event = event(text, workspace).map_err(wrong)?;
        if let Some((earlier, before)) = events.last().filter(|(_, before)| before.at > event.at) {
            return Err(wrong(format!(
                "time goes backwards: {} comes after {} in line {earlier}; sort the lines by `at`",
                event.at, before.at
            )));
        }
        events.push((number, event));
    }
    if events.is_empty() {
        return Err(ConfigError::whole(file, format!("there are no events in this file; a line looks like {EXAMPLE}")));
    }
    Ok(events)
}

fn event(text: &str, workspace: &Workspace) -> Result<Event, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| format!("this is not JSON: {}", said(&error)))?;
    let Value::Object(map) = &value else {
        return Err(format!("an event is one JSON object a line, such as {EXAMPLE}"));
    };
    let Some(kind) = map.get("kind").and_then(Value::as_str) else {
        return Err(match map.contains_key("id") {
            true => format!("this is a bare lead; put it into an event, as in {EXAMPLE}"),
            false => format!("this event has no `kind`; a line looks like {EXAMPLE}"),
        });
    };
    check_keys(kind, map)?;
    let at = map.get("at").and_then(Value::as_str).unwrap_or_default();
    if at.parse::<jiff::Timestamp>().is_err() {
        return Err("`at` is missing or is no time; write it as in \"2026-03-02T09:00:00Z\"".into());
    }
    if kind == "lead" {
        check_lead(map.get("lead").unwrap_or(&Value::Null))?;
    }
    check_types(map)?;
    check_names(map, workspace)?;
    check_metric(map, workspace)?;
    serde_json::from_value(value).map_err(|error| in_words(&said(&error), ""))
}

fn check_keys(kind: &str, map: &Map<String, Value>) -> Result<(), String> {
    let Some((_, must, may)) = KINDS.iter().find(|(known, _, _)| *known == kind) else {
        let known = KINDS.map(|(kind, _, _)| kind);
        return Err(match nearest(kind, &known) {
            Some(near) => format!("there is no event of the kind `{kind}`; did you mean `{near}`?"),
            None => format!("there is no event of the kind `{kind}`; use {}", either(&known)),
        });
    };
    let known: Vec<&str> = ["at", "kind"].iter().chain(*must).chain(*may).copied().collect();
    if let Some(key) = map.keys().find(|key| !known.contains(&key.as_str())) {
        return Err(unknown_key(key, &known, &format!(" in an event of the kind `{kind}`")));
    }
    match must.iter().find(|key| !map.contains_key(**key)) {
        Some(missing) => Err(format!("an event of the kind `{kind}` must have the key `{missing}`; add it")),
        None => Ok(()),
    }
}

/// Whether this is a lead; else what is wrong with it, and what to do.
pub(crate) fn check_lead(lead: &Value) -> Result<(), String> {
    if !lead.is_object() {
        return Err(format!("`lead` is no JSON object; a line looks like {EXAMPLE}"));
    }
    let texts = |of: &Value, way: &str| {
        let properties = of.get("properties").and_then(Value::as_object)?;
        let (name, value) = properties.iter().find(|(_, value)| !value.is_string() && !value.is_null())?;
        let advice = match value {
            Value::Number(_) | Value::Bool(_) => format!("write \"{value}\""),
            _ => "write it as one text".into(),
        };
        Some(format!("`{way}properties.{name}` is no text; properties arrive as text from CRMs: {advice}"))
    };
    let company = lead.get("company").unwrap_or(&Value::Null);
    if let Some(wrong) = texts(lead, "lead.").or_else(|| texts(company, "lead.company.")) {
        return Err(wrong);
    }
    match Lead::deserialize(lead) {
        Ok(lead) if lead.id.as_str().is_empty() => Err("the lead's `id` is empty; give it one, such as \"1\"".into()),
        Ok(_) => Ok(()),
        Err(error) => Err(in_words(&said(&error), " in `lead`")),
    }
}

/// What stands beside the lead is text, but for a weight and for the numbers of a metric.
fn check_types(map: &Map<String, Value>) -> Result<(), String> {
    for (key, value) in map {
        let (fits, wanted) = match key.as_str() {
            "lead" => continue,
            "values" => (value.is_object(), "the number of each rep, as in {\"ana\": 120000}"),
            "weight" => {
                let number = value.as_u64().is_some_and(|weight| weight <= 1_000_000);
                (number || value.is_null(), "a whole number from 0 to 1000000, or null to take the rep out")
            }
            "flow" => (value.is_string() || value.is_null(), "a flow's id"),
            _ => (value.is_string(), "text, in quotes"),
        };
        if !fits {
            return Err(format!("`{key}` cannot be {value}; write {wanted}"));
        }
    }
    Ok(())
}

/// Names in an event must be names of the workspace.
fn check_names(map: &Map<String, Value>, workspace: &Workspace) -> Result<(), String> {
    let reps: Vec<&str> = workspace.reps.iter().map(|rep| rep.id.as_str()).collect();
    let pools: Vec<&str> = workspace.pools.iter().map(|pool| pool.id.as_str()).collect();
    let flows: Vec<&str> = workspace.flows.iter().map(|flow| flow.id.as_str()).collect();
    for (key, known) in [("rep", reps), ("pool", pools), ("flow", flows)] {
        if let Some(name) = map.get(key).and_then(Value::as_str) {
            check_name(key, name, &known)?;
        }
    }
    Ok(())
}

fn check_name(key: &str, name: &str, known: &[&str]) -> Result<(), String> {
    if known.contains(&name) {
        return Ok(());
    }
    let advice = match nearest(name, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => format!("it has no [[{key}s]]"),
        None => format!("it has {}", either(&known[..known.len().min(8)])),
    };
    Err(format!("the workspace has no {key} `{name}`; {advice}"))
}

/// Numbers are of reps, and for a table that keeps such numbers.
fn check_metric(map: &Map<String, Value>, workspace: &Workspace) -> Result<(), String> {
    let (Some(name), Some(values)) = (map.get("name").and_then(Value::as_str), map.get("values")) else {
        return Ok(());
    };
    let tables: Vec<&str> = workspace.tables.iter().map(|table| table.id.as_str()).collect();
    check_name("table", name, &tables)?;
    if workspace.tables.iter().any(|table| table.id == name && table.matching != Match::Dated) {
        return Err(format!(
            "the table `{name}` keeps no dated numbers; say match = \"dated\" in its [[tables]] entry"
        ));
    }
    let reps: Vec<&str> = workspace.reps.iter().map(|rep| rep.id.as_str()).collect();
    for (rep, value) in values.as_object().into_iter().flatten() {
        check_name("rep", rep, &reps)?;
        if !value.is_number() {
            return Err(format!("the number of `{rep}` cannot be {value}; write it without quotes, as in 120000"));
        }
        Amount::read(&value.to_string()).map_err(|wrong| format!("of `{rep}`: {wrong}"))?;
    }
    Ok(())
}

fn in_words(message: &str, around: &str) -> String {
    let names = ticked(message);
    if let Some((unknown, known)) = names.split_first().filter(|_| message.starts_with("unknown field ")) {
        return unknown_key(unknown, known, around);
    }
    if let Some((wrong, known)) = names.split_first().filter(|_| message.starts_with("unknown variant ")) {
        return format!("`{wrong}` is not known here; use {}", either(known));
    }
    if let Some(missing) = names.first().filter(|_| message.starts_with("missing field ")) {
        return format!("`{missing}` is missing{around}; add it");
    }
    match message.strip_prefix("invalid type: ").and_then(|rest| rest.split_once(", expected ")) {
        Some((found, expected)) => {
            format!("a value{around} is {}; write {}", plainly(found), plainly(expected))
        }
        None => message.into(),
    }
}
