//! How records look in answers. Which properties an answer has is the CRM's oddest habit, so it is
//! decided here and nowhere else.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::catalogue::Catalogue;
use crate::clock::rfc3339;
use crate::kind::Kind;
use crate::state::Record;

/// A record as a read gives it: the properties asked for, null where empty, absent where unknown,
/// and always the three that the CRM adds.
pub(super) fn read(
    catalogue: &Catalogue,
    kind: Kind,
    record: &Record,
    asked: &[String],
    with_history: &[String],
) -> Value {
    let mut names: Vec<&str> = if asked.is_empty() {
        kind.default_properties().to_vec()
    } else {
        asked.iter().chain(with_history).map(String::as_str).collect()
    };
    names.extend([kind.created(), "hs_object_id", kind.modified()]);
    names.sort_unstable();
    names.dedup();
    let known = names.into_iter().filter(|name| catalogue.get(kind, name).is_some());
    let properties = known.map(|name| (name.to_owned(), record.get(name).into())).collect();
    let mut object = object(record, properties);
    if !with_history.is_empty() {
        let histories: Map<String, Value> =
            with_history.iter().map(|name| (name.clone(), history(record, name))).collect();
        object["propertiesWithHistory"] = histories.into();
    }
    object
}

/// A record as a single write gives it: everything that is set, and null for what was cleared.
pub(super) fn written<'a>(record: &Record, sent: impl Iterator<Item = &'a String>) -> Value {
    let mut properties: Map<String, Value> =
        record.properties.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    for name in sent {
        properties.entry(name.clone()).or_insert(Value::Null);
    }
    object(record, properties)
}

/// A record as a batch update gives it: only what was sent and the date of the change.
pub(super) fn batch_updated<'a>(kind: Kind, record: &Record, sent: impl Iterator<Item = &'a String>) -> Value {
    let names = sent.map(String::as_str).chain([kind.modified()]);
    object(record, names.map(|name| (name.to_owned(), record.get(name).into())).collect())
}

/// The body of a batch's answer; errors only where there are any.
pub(super) fn batch(results: Vec<Value>, errors: Vec<Value>, at: Timestamp) -> Value {
    let mut body = json!({"status": "COMPLETE"});
    body["results"] = results.into();
    if !errors.is_empty() {
        body["numErrors"] = errors.len().into();
        body["errors"] = errors.into();
    }
    body["startedAt"] = rfc3339(at).into();
    body["completedAt"] = rfc3339(at).into();
    body
}

fn object(record: &Record, properties: Map<String, Value>) -> Value {
    let mut object = json!({"id": record.id});
    object["properties"] = properties.into();
    object["createdAt"] = rfc3339(record.created_at).into();
    object["updatedAt"] = rfc3339(record.updated_at).into();
    object["archived"] = record.archived_at.is_some().into();
    if let Some(at) = record.archived_at {
        object["archivedAt"] = rfc3339(at).into();
    }
    object
}

/// The values of a property, newest first.
fn history(record: &Record, name: &str) -> Value {
    let versions = record.history.get(name).into_iter().flatten().rev();
    versions
        .map(|version| {
            let mut entry = json!({
                "value": version.value,
                "timestamp": rfc3339(version.at),
                "sourceType": version.actor.source,
                "sourceId": version.actor.source_id,
            });
            if let Some(user_id) = version.actor.user_id {
                entry["updatedByUserId"] = user_id.into();
            }
            entry
        })
        .collect()
}
