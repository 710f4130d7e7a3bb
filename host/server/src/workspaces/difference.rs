//! Two workspaces compared, list by list and thing by thing. Nothing that differs is left
//! out: where only the order of things does, that is told too.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rota_domain::table::{RowChanges, Tables};
use rota_domain::workspace::Workspace;
use serde_json::{Map, Value, json};

use super::{Bundle, Change, Field, Mark};

/// The lists of a workspace, in the order of the format.
const LISTS: [&str; 9] =
    ["reps", "pools", "calendars", "tables", "connections", "destinations", "sources", "targets", "flows"];

/// What is different in the second workspace.
pub(super) fn difference(before: Option<&(Arc<Workspace>, Tables)>, after: (&Workspace, &Tables)) -> Vec<Change> {
    let old = before.and_then(|(workspace, _)| serde_json::to_value(&**workspace).ok()).unwrap_or_else(|| json!({}));
    let new = serde_json::to_value(after.0).unwrap_or_default();
    let mut changes = Vec::new();
    let mut fields = Vec::new();
    compare("/time_zone", &old["time_zone"], &new["time_zone"], &mut fields);
    if !fields.is_empty() {
        let mark = if before.is_some() { Mark::Changed } else { Mark::Added };
        changes.push(Change { kind: "workspace".into(), id: after.0.tenant.to_string(), mark, fields, rows: None });
    }
    for kind in LISTS {
        list(kind, &old[kind], &new[kind], &mut changes);
    }
    let none = Tables::default();
    let tables = before.map_or(&none, |(_, tables)| tables);
    changes.iter_mut().filter(|change| change.kind == "tables").for_each(|change| rows(change, tables, after.1));
    changes
}

/// The files whose bytes differ, and the components.
pub(super) fn files(before: &Bundle, after: &Bundle) -> Vec<String> {
    let names: BTreeSet<&String> =
        [before, after].into_iter().flat_map(|bundle| bundle.files.keys().chain(bundle.components.keys())).collect();
    let differs = |name: &&&String| {
        before.files.get(**name) != after.files.get(**name)
            || before.components.get(**name) != after.components.get(**name)
    };
    names.iter().filter(differs).map(|name| (*name).clone()).collect()
}

/// Compares a list whose things have ids.
fn list(kind: &str, old: &Value, new: &Value, changes: &mut Vec<Change>) {
    let (old, new) = (named(kind, old), named(kind, new));
    let after: BTreeMap<&str, &Value> = new.iter().map(|(id, value)| (id.as_str(), *value)).collect();
    let before: BTreeMap<&str, &Value> = old.iter().map(|(id, value)| (id.as_str(), *value)).collect();
    let mut change = |id: &str, mark, fields| {
        changes.push(Change { kind: kind.into(), id: id.into(), mark, fields, rows: None });
    };
    for (id, value) in &new {
        match before.get(id.as_str()) {
            None => change(id, Mark::Added, whole(&Value::Null, value)),
            Some(was) => {
                let mut fields = Vec::new();
                compare("", was, value, &mut fields);
                if !fields.is_empty() {
                    change(id, Mark::Changed, fields);
                }
            }
        }
    }
    for (id, value) in old.iter().filter(|(id, _)| !after.contains_key(id.as_str())) {
        change(id, Mark::Removed, whole(value, &Value::Null));
    }
    let staying = |of: &[(String, &Value)], other: &BTreeMap<&str, &Value>| -> Vec<Value> {
        of.iter().filter(|(id, _)| other.contains_key(id.as_str())).map(|(id, _)| json!(id)).collect()
    };
    let (from, to) = (staying(&old, &after), staying(&new, &before));
    if from != to {
        change("*", Mark::Changed, vec![Field { path: "/order".into(), from: from.into(), to: to.into() }]);
    }
}

fn whole(from: &Value, to: &Value) -> Vec<Field> {
    vec![Field { path: String::new(), from: from.clone(), to: to.clone() }]
}

/// The things of a list by their ids.
fn named<'v>(kind: &str, list: &'v Value) -> Vec<(String, &'v Value)> {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let key = if ["sources", "targets"].contains(&kind) { "class" } else { "id" };
    let name = |thing: &'v Value| {
        let id = thing[key].as_str().unwrap_or_default();
        let times = seen.entry(id).or_default();
        *times += 1;
        let name = if *times > 1 { format!("{id}#{times}") } else { id.to_owned() };
        (name, thing)
    };
    list.as_array().into_iter().flatten().map(name).collect()
}

/// Compares two values. What is null was never written.
fn compare(path: &str, from: &Value, to: &Value, fields: &mut Vec<Field>) {
    if from == to {
        return;
    }
    match (from, to) {
        (Value::Object(from), Value::Object(to)) => objects(path, from, to, fields),
        (Value::Array(from), Value::Array(to)) if path == "/members" => members(from, to, fields),
        (Value::Array(from), Value::Array(to)) if from.iter().chain(to).any(Value::is_object) => {
            for n in 0..from.len().max(to.len()) {
                let at = |list: &[Value]| list.get(n).cloned().unwrap_or_default();
                compare(&format!("{path}/{n}"), &at(from), &at(to), fields);
            }
        }
        _ => fields.push(Field { path: path.into(), from: from.clone(), to: to.clone() }),
    }
}

fn objects(path: &str, from: &Map<String, Value>, to: &Map<String, Value>, fields: &mut Vec<Field>) {
    let keys = from.keys().chain(to.keys().filter(|key| !from.contains_key(*key)));
    for key in keys {
        let value = |map: &Map<String, Value>| map.get(key).cloned().unwrap_or_default();
        let step = key.replace('~', "~0").replace('/', "~1");
        compare(&format!("{path}/{step}"), &value(from), &value(to), fields);
    }
}

/// A pool's members: whose weight changes, and whether the order does.
fn members(from: &[Value], to: &[Value], fields: &mut Vec<Field>) {
    let weights = |list: &[Value]| -> Map<String, Value> {
        list.iter().filter_map(|one| Some((one["rep"].as_str()?.to_owned(), one["weight"].clone()))).collect()
    };
    let (before, after) = (weights(from), weights(to));
    objects("/members", &before, &after, fields);
    let staying = |of: &Map<String, Value>, other: &Map<String, Value>| -> Vec<Value> {
        of.keys().filter(|rep| other.contains_key(*rep)).map(|rep| json!(rep)).collect()
    };
    let (from, to) = (staying(&before, &after), staying(&after, &before));
    if from != to {
        fields.push(Field { path: "/members/order".into(), from: from.into(), to: to.into() });
    }
}

/// Says of a table what becomes of its rows, instead of its digest.
fn rows(change: &mut Change, before: &Tables, after: &Tables) {
    let count = |table: &rota_domain::table::Table| u64::try_from(table.len()).unwrap_or(u64::MAX);
    let changes = match (before.get(&change.id), after.get(&change.id)) {
        (Some(old), Some(new)) => old.changes_to(new),
        (None, Some(new)) => RowChanges { added: count(new), ..RowChanges::default() },
        (Some(old), None) => RowChanges { removed: count(old), ..RowChanges::default() },
        (None, None) => return,
    };
    if changes != RowChanges::default() {
        change.fields.retain(|field| field.path != "/digest");
        change.rows = Some(changes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(old: &Value, new: &Value) -> Vec<String> {
        let read = |value: &Value| -> Arc<Workspace> { Arc::new(serde_json::from_value(value.clone()).unwrap()) };
        let none = Tables::default();
        let changes = difference(Some(&(read(old), none.clone())), (&read(new), &none));
        let line = |change: &Change, field: &Field| {
            format!("{:?} {}/{}{}: {} -> {}", change.mark, change.kind, change.id, field.path, field.from, field.to)
        };
        changes.iter().flat_map(|change| change.fields.iter().map(move |field| line(change, field))).collect()
    }

    #[test]
    fn what_is_written_otherwise_and_means_the_same_is_no_change() {
        let old = json!({"workspace": "acme", "reps": [{"id": "ana"}]});
        let new = json!({"workspace": "acme", "time_zone": "UTC", "reps": [{"id": "ana", "active": true, "tags": []}]});
        assert_eq!(told(&old, &new), Vec::<String>::new());
    }

    #[test]
    fn settings_are_told_by_their_place_and_members_by_their_rep() {
        let flow = |pool: &str| {
            json!({"id": "f", "plugin": "territory", "fallback": {"queue": "q"},
            "settings": {"territories": [{"pool": "eu"}, {"pool": pool}]}})
        };
        let pool = |members: Value| json!([{"id": "p", "members": members}]);
        let (ana, bo) = (json!({"rep": "ana", "weight": 1}), json!({"rep": "bo", "weight": 2}));
        let old = json!({"workspace": "acme", "flows": [flow("na")], "pools": pool(json!([ana, bo]))});
        let new = json!({"workspace": "acme", "flows": [flow("west")], "pools": pool(json!([{"rep": "cy"}, {"rep": "bo", "weight": 5}]))});
        assert_eq!(
            told(&old, &new),
            [
                "Changed pools/p/members/ana: 1 -> null",
                "Changed pools/p/members/bo: 2 -> 5",
                "Changed pools/p/members/cy: null -> 1",
                "Changed flows/f/settings/territories/1/pool: \"na\" -> \"west\"",
            ]
        );
    }

    #[test]
    fn targets_are_told_by_their_class() {
        let old =
            json!({"workspace": "acme", "targets": [{"class": "*"}, {"class": "re-engagement", "within": "60m"}]});
        let new = json!({"workspace": "acme", "targets": [{"class": "*"}, {"class": "re-engagement", "within": "2h"}]});
        assert_eq!(told(&old, &new), ["Changed targets/re-engagement/within: \"1h\" -> \"2h\""]);
    }

    #[test]
    fn another_order_is_a_change() {
        let old = json!({"workspace": "acme", "reps": [{"id": "ana"}, {"id": "bo"}]});
        let new = json!({"workspace": "acme", "reps": [{"id": "bo"}, {"id": "ana"}]});
        assert_eq!(told(&old, &new), ["Changed reps/*/order: [\"ana\",\"bo\"] -> [\"bo\",\"ana\"]"]);
    }
}
