//! What an account's properties are: their types, and which of them can be written.

use reqwest::Method;
use rota_domain::property::Kind;
use rota_flow::ports::PropertyInfo;
use serde::Deserialize;

use super::client::{Call, Errand};
use super::errors::{Failure, Intent};
use super::wire::Page;

/// A definition, as far as it matters here.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Definition {
    name: String,
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    field_type: String,
    #[serde(default)]
    options: Vec<Choice>,
    #[serde(default)]
    calculated: bool,
    #[serde(default)]
    modification_metadata: Modification,
    #[serde(default)]
    data_sensitivity: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Choice {
    value: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Modification {
    #[serde(default)]
    read_only_value: bool,
}

/// The properties of one kind of records; HubSpot lists them all at once.
pub(super) async fn all(errand: &Errand<'_>, object: &str) -> Result<Vec<PropertyInfo>, Failure> {
    let about = format!("reading the properties of {object} records");
    let url = errand.properties(object);
    let call = Call { method: Method::GET, url, body: None, intent: Intent::Read, about: &about };
    let page: Page<Definition> = errand.call(call).await?;
    Ok(page.results.into_iter().map(Definition::info).collect())
}

impl Definition {
    fn info(self) -> PropertyInfo {
        let kind = match (self.kind.as_str(), self.field_type.as_str()) {
            ("number", _) => Kind::Number,
            ("bool", _) | ("enumeration", "booleancheckbox") => Kind::Flag,
            ("date" | "datetime", _) => Kind::Time,
            ("enumeration", "checkbox") => Kind::Several,
            // Whatever else there is comes as text: `string`, `phone_number`, one of a list.
            _ => Kind::Text,
        };
        PropertyInfo {
            kind,
            said: self.kind,
            writable: !self.calculated && !self.modification_metadata.read_only_value,
            sensitive: self.data_sensitivity.is_some_and(|how| how != "non_sensitive"),
            options: self.options.into_iter().map(|choice| choice.value).collect(),
            name: self.name,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(json: &str) -> PropertyInfo {
        serde_json::from_str::<Definition>(json).unwrap().info()
    }

    #[test]
    fn a_list_of_which_several_may_be_chosen_is_told_from_one_of_which_one_may() {
        let several = r#"{"name":"a","type":"enumeration","fieldType":"checkbox","options":[{"value":"x"}]}"#;
        let one = r#"{"name":"a","type":"enumeration","fieldType":"select","options":[{"value":"x"}]}"#;
        assert_eq!((info(several).kind, info(one).kind), (Kind::Several, Kind::Text));
        assert_eq!(info(one).options, ["x"]);
    }

    #[test]
    fn what_the_crm_works_out_itself_cannot_be_written() {
        let calculated = r#"{"name":"a","type":"number","calculated":true}"#;
        let fixed = r#"{"name":"a","type":"number","modificationMetadata":{"readOnlyValue":true}}"#;
        assert!(!info(calculated).writable && !info(fixed).writable);
        assert!(info(r#"{"name":"a","type":"number"}"#).writable);
    }
}
