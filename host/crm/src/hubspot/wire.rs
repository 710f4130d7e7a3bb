//! HubSpot's JSON as it comes, and nothing of it leaves this folder. Fields that are not
//! known are passed over; fields that are missing, null or of another type become nothing.

use std::collections::BTreeMap;

use rota_domain::lead::Properties;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// The answer to a batch; entries in `errors` matter, not the status.
#[derive(Debug, Deserialize)]
#[serde(bound = "T: Deserialize<'de>")]
pub(super) struct Batch<T> {
    #[serde(default, deserialize_with = "or_empty")]
    pub(super) results: Vec<T>,
    #[serde(default, deserialize_with = "or_empty")]
    pub(super) errors: Vec<Value>,
}

/// A record of any kind.
#[derive(Debug, Deserialize)]
pub(super) struct Record {
    #[serde(deserialize_with = "text")]
    pub(super) id: String,
    #[serde(default, deserialize_with = "properties")]
    pub(super) properties: Properties,
    /// What a batch create was told to call this input.
    #[serde(default, rename = "objectWriteTraceId", deserialize_with = "maybe_text")]
    pub(super) trace: Option<String>,
}

/// The associations of one record.
#[derive(Debug, Deserialize)]
pub(super) struct Associated {
    pub(super) from: Id,
    #[serde(default, deserialize_with = "or_empty")]
    pub(super) to: Vec<Association>,
    #[serde(default)]
    pub(super) paging: Option<Paging>,
}

/// `{"id": …}`.
#[derive(Debug, Deserialize)]
pub(super) struct Id {
    #[serde(deserialize_with = "text")]
    pub(super) id: String,
}

/// One association; its id is a number in some answers and text in others.
#[derive(Debug, Deserialize)]
pub(super) struct Association {
    #[serde(rename = "toObjectId", deserialize_with = "text")]
    pub(super) to: String,
    #[serde(default, rename = "associationTypes", deserialize_with = "or_empty")]
    pub(super) types: Vec<AssociationType>,
}

/// A label of an association.
#[derive(Debug, Deserialize)]
pub(super) struct AssociationType {
    #[serde(default)]
    pub(super) category: Option<String>,
    #[serde(default, rename = "typeId")]
    pub(super) id: Option<u32>,
}

/// A page of a list.
#[derive(Debug, Deserialize)]
#[serde(bound = "T: Deserialize<'de>")]
pub(super) struct Page<T> {
    #[serde(default, deserialize_with = "or_empty")]
    pub(super) results: Vec<T>,
    #[serde(default)]
    pub(super) paging: Option<Paging>,
}

/// Where the next page begins.
#[derive(Debug, Deserialize)]
pub(super) struct Paging {
    #[serde(default)]
    next: Option<Next>,
}

#[derive(Debug, Deserialize)]
struct Next {
    #[serde(default, deserialize_with = "maybe_text")]
    after: Option<String>,
}

impl Paging {
    /// The cursor of the next page.
    pub(super) fn after(paging: Option<Self>) -> Option<String> {
        paging?.next?.after
    }
}

/// An owner. A user who left keeps a user id in the last field only.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Owner {
    #[serde(deserialize_with = "text")]
    pub(super) id: String,
    #[serde(default)]
    pub(super) email: Option<String>,
    #[serde(default)]
    pub(super) first_name: Option<String>,
    #[serde(default)]
    pub(super) last_name: Option<String>,
    #[serde(default, deserialize_with = "maybe_text")]
    pub(super) user_id: Option<String>,
    #[serde(default, deserialize_with = "maybe_text")]
    pub(super) user_id_including_inactive: Option<String>,
    #[serde(default)]
    pub(super) archived: Option<bool>,
}

/// An error, whatever of it there is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) message: String,
    pub(super) category: Option<String>,
    pub(super) policy: Option<String>,
    pub(super) correlation_id: Option<String>,
    /// Scopes that the call needs.
    pub(super) scopes: Vec<String>,
    /// Properties that were refused.
    pub(super) properties: Vec<InvalidProperty>,
    /// The inputs of a batch that it is about, by trace id.
    pub(super) traces: Vec<String>,
}

/// A property that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct InvalidProperty {
    pub(super) name: String,
    code: String,
    message: String,
}

impl InvalidProperty {
    /// Whether any value of this property would have been refused, of any record.
    pub(super) fn always(&self) -> bool {
        ["PROPERTY_DOESNT_EXIST", "READ_ONLY_VALUE"].contains(&self.code.as_str())
    }
}

impl Problem {
    /// Whether the token lacks scopes, which a person can grant; they may not be named.
    pub(super) fn lacks_scopes(&self) -> bool {
        !self.scopes.is_empty() || self.category.as_deref() == Some("MISSING_SCOPES")
    }

    /// An error's body; none where it is no JSON object.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let value: Value = serde_json::from_slice(body).ok()?;
        value.is_object().then(|| Self::of(&value))
    }

    /// An error's body, or an entry of a batch's `errors`.
    pub(super) fn of(value: &Value) -> Self {
        let word = |key: &str| value[key].as_str().map(str::to_owned);
        let message = word("message").unwrap_or_default();
        let details = value["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
        let mut scopes = Vec::new();
        let mut properties = nested(&message);
        for detail in details {
            for key in ["requiredScopes", "requiredGranularScopes"] {
                scopes.extend(words(&detail["context"][key]));
            }
            for key in ["properties", "propertyName"] {
                properties.extend(words(&detail["context"][key]).map(|name| InvalidProperty {
                    name,
                    code: detail["code"].as_str().unwrap_or_default().to_owned(),
                    message: detail["message"].as_str().unwrap_or_default().to_owned(),
                }));
            }
        }
        scopes.dedup();
        Self {
            category: word("category"),
            policy: word("policyName"),
            correlation_id: word("correlationId"),
            scopes,
            properties,
            traces: words(&value["context"]["objectWriteTraceId"]).collect(),
            message,
        }
    }

    /// The message for people: of refused properties what each was refused for, without the
    /// JSON around it.
    pub(super) fn said(&self) -> String {
        let each: Vec<&str> =
            self.properties.iter().map(|bad| bad.message.as_str()).filter(|text| !text.is_empty()).collect();
        if each.is_empty() { self.message.clone() } else { each.join("; ") }
    }
}

/// The refused properties that stand as a JSON array within a message.
fn nested(message: &str) -> Vec<InvalidProperty> {
    let array = message.find('[').and_then(|at| serde_json::from_str::<Vec<Value>>(&message[at..]).ok());
    let property = |value: &Value| {
        let word = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
        Some(InvalidProperty {
            name: value["name"].as_str()?.to_owned(),
            code: word("error"),
            message: word("message"),
        })
    };
    array.unwrap_or_default().iter().filter_map(property).collect()
}

/// The texts in an array, or a single text.
fn words(value: &Value) -> impl Iterator<Item = String> {
    let many = value.as_array().into_iter().flatten();
    many.chain(value.is_string().then_some(value)).filter_map(Value::as_str).map(str::to_owned)
}

/// A number or text, as text.
pub(super) fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

fn text<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let value = Value::deserialize(from)?;
    as_text(&value).ok_or_else(|| serde::de::Error::custom(format!("{value} is no id")))
}

fn maybe_text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(as_text(&Value::deserialize(from)?))
}

fn properties<'de, D: Deserializer<'de>>(from: D) -> Result<Properties, D::Error> {
    let values = Option::<BTreeMap<String, Value>>::deserialize(from)?.unwrap_or_default();
    Ok(values.into_iter().map(|(name, value)| (name, as_text(&value))).collect())
}

fn or_empty<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Vec<T>, D::Error> {
    Ok(Option::<Vec<T>>::deserialize(from)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_associated_id_reads_from_a_number_and_from_text() {
        for id in ["267448862446", "\"267448862446\""] {
            let json =
                format!(r#"{{"from":{{"id":"1"}},"to":[{{"toObjectId":{id},"associationTypes":[{{"typeId":1}}]}}]}}"#);
            let associated: Associated = serde_json::from_str(&json).unwrap();
            assert_eq!(associated.to[0].to, "267448862446");
        }
    }

    #[test]
    fn a_batch_with_nulls_and_unknown_fields_reads() {
        let batch: Batch<Record> = serde_json::from_str(
            r#"{"status":"COMPLETE","results":[{"id":7,"properties":{"a":null,"b":2},"x":1}],"errors":null}"#,
        )
        .unwrap();
        assert_eq!(batch.results[0].id, "7");
        assert_eq!(batch.results[0].properties["a"], None);
        assert_eq!(batch.results[0].properties["b"].as_deref(), Some("2"));
        assert!(batch.errors.is_empty());
    }

    #[test]
    fn an_error_entry_names_its_inputs() {
        let entry = serde_json::json!({"category": "VALIDATION_ERROR", "message": "no", "context": {"objectWriteTraceId": ["t1"]}});
        assert_eq!(Problem::of(&entry).traces, ["t1"]);
    }
}
