//! The steps of a transcript in words: numbers of reps, pools and tables become their names,
//! and instants become times.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rota_domain::workspace::Workspace;
use serde_json::Value;

use super::Step;
use super::steps::{arg, number};
use crate::show::text::day_and_clock;

/// Reads steps one after the other, since the number of a pool or a table means something
/// only after it was opened.
pub(super) struct Words<'w> {
    workspace: &'w Workspace,
    pools: BTreeMap<usize, String>,
    tables: BTreeMap<usize, String>,
}

impl<'w> Words<'w> {
    pub(super) fn new(workspace: &'w Workspace) -> Self {
        Self { workspace, pools: BTreeMap::new(), tables: BTreeMap::new() }
    }

    /// The question and the answer of a step.
    pub(super) fn of(&mut self, step: &Step) -> (String, String) {
        match step.call.as_str() {
            "plugin" => {
                self.pools.clear();
                self.tables.clear();
                let part = |place| arg(step, place).as_str().unwrap_or_default();
                let digest = step.answer.as_str().unwrap_or_default();
                return (format!("plugin {} {} for flow {}", part(1), part(2), part(0)), digest.to_owned());
            }
            "rep-pool.open" | "tables.open" => {
                if let (Some(name), Some(n)) = (arg(step, 0).as_str(), step.answer.get("Ok").and_then(number)) {
                    let open = if step.call == "tables.open" { &mut self.tables } else { &mut self.pools };
                    open.insert(n, name.into());
                    return (format!("{} {name}", step.call), "opened".into());
                }
            }
            "returned" => return ("it returned".into(), self.returned(&step.answer)),
            "failed" => return ("it failed".into(), failure(&step.answer)),
            _ => {}
        }
        let args = step.args.as_array().into_iter().flatten().enumerate();
        let args: Vec<String> = args.filter_map(|(place, value)| self.argument(&step.call, place, value)).collect();
        let answer = step.stop.as_ref().map(|stop| format!("ended it: {}", failure(stop)));
        let answer = answer.unwrap_or_else(|| self.answer(&step.call, &step.answer));
        (format!("{} {}", step.call, args.join(" ")), answer)
    }

    /// What a rule gave back, before the host judged it.
    fn returned(&self, value: &Value) -> String {
        let Some((kind, decision)) = value.get("Ok").and_then(Value::as_object).and_then(|map| map.iter().next())
        else {
            return format!("settings problem: {}", plainly(value.pointer("/Err/message").unwrap_or(value)));
        };
        let kind = if kind == "PassOn" { "pass".into() } else { kind.to_lowercase() };
        let to = decision.get("rep").map(|rep| self.rep(rep)).or_else(|| decision.get("name").map(plainly));
        to.map_or_else(|| kind.clone(), |to| format!("{kind} {to}"))
    }

    fn argument(&self, call: &str, place: usize, value: &Value) -> Option<String> {
        match (call, place, value) {
            (_, _, Value::Array(list)) if list.is_empty() => None,
            ("rep-pool.members" | "rep-pool.next", 0, _) => number(value).and_then(|n| self.pools.get(&n)).cloned(),
            ("tables.look-up", 0, _) => number(value).and_then(|n| self.tables.get(&n)).cloned(),
            ("calendar.is-open" | "calendar.add-business-minutes", 1, _) => Some(instant(value)),
            ("rep-pool.next", 1, Value::Array(reps)) => {
                Some(format!("among {}", reps.iter().map(|rep| self.rep(rep)).collect::<Vec<_>>().join(", ")))
            }
            ("rep-pool.available" | "rep-pool.attribute" | "rep-pool.tags" | "rep-pool.has-tag", 0, _) => {
                Some(self.rep(value))
            }
            _ => Some(plainly(value)),
        }
    }

    fn answer(&self, call: &str, value: &Value) -> String {
        match (call, value) {
            ("rep-pool.members", Value::Array(numbers)) => format!("{} members", numbers.len() / 5),
            ("rep-pool.next", Value::Null) => "nobody".into(),
            ("rep-pool.next" | "rep-pool.find-by-email" | "rep-pool.find-by-owner", Value::Number(_)) => {
                self.rep(value)
            }
            (_, Value::String(word)) if word == "Nobody" => "nobody".into(),
            (_, Value::Object(map)) if map.len() == 1 => match map.iter().next() {
                Some((key, Value::Null)) if key == "Ok" => "done".into(),
                Some((key, inner)) if key == "Ok" && call == "calendar.add-business-minutes" => instant(inner),
                Some((key, inner)) if key == "Ok" => plainly(inner),
                Some((key, inner)) if key == "Err" => absence(inner),
                Some((key, rep)) if key == "Active" => self.rep(rep),
                Some((key, rep)) if key == "Inactive" => format!("{}, inactive", self.rep(rep)),
                Some((key, owner)) if key == "Stranger" => format!("{}, unknown here", plainly(owner)),
                _ => value.to_string(),
            },
            _ => plainly(value),
        }
    }

    fn rep(&self, value: &Value) -> String {
        let rep = number(value).and_then(|place| self.workspace.reps.get(place));
        rep.map_or_else(|| value.to_string(), |rep| rep.title().to_owned())
    }
}

/// A failure by its code, which is short.
fn failure(value: &Value) -> String {
    value.get("code").map_or_else(|| value.to_string(), plainly)
}

fn absence(value: &Value) -> String {
    match value {
        Value::String(word) => word.to_lowercase(),
        Value::Object(map) => match map.get("Malformed") {
            Some(raw) => format!("malformed: {}", plainly(raw)),
            None => value.to_string(),
        },
        other => other.to_string(),
    }
}

/// The time that an instant is, in whole milliseconds as rules have it.
#[expect(clippy::cast_possible_truncation, reason = "out of range is no time, and shown as it is")]
fn instant(value: &Value) -> String {
    let at = value.as_f64().and_then(|millis| Timestamp::from_millisecond(millis as i64).ok());
    at.map_or_else(|| plainly(value), day_and_clock)
}

fn plainly(value: &Value) -> String {
    match value {
        Value::Null => "nothing".into(),
        Value::String(text) => text.clone(),
        // Numbers arrive as floats, and 1200.0 employees read oddly.
        Value::Number(number) => match number.as_f64() {
            Some(float) if float.fract() == 0.0 && float.abs() < 1e15 => format!("{float:.0}"),
            _ => number.to_string(),
        },
        Value::Array(list) => list.iter().map(plainly).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}
