//! The schemas of the document. What is asked and what is given are told apart: what a caller
//! may leave out can be there in every answer, and what an answer leaves out can be demanded
//! of a caller. A type whose two schemas differ is called `…Input` in requests.

use std::collections::BTreeSet;

use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde_json::{Map, Value};

/// Where the document keeps schemas.
const HERE: &str = "#/components/schemas/";

/// Where requests seek them, until it is known which differ.
const ASKED: &str = "#/asked/";

/// The schemas of both directions.
pub(super) struct Schemas {
    /// Of what callers send.
    pub(super) asked: SchemaGenerator,
    /// Of what they are answered.
    pub(super) given: SchemaGenerator,
}

impl Schemas {
    pub(super) fn new() -> Self {
        let settings = |at: &str| {
            let mut settings = SchemaSettings::draft2020_12();
            settings.definitions_path = at.trim_start_matches('#').trim_end_matches('/').to_owned().into();
            settings.meta_schema = None;
            settings
        };
        Self {
            asked: settings(ASKED).for_deserialize().into_generator(),
            given: settings(HERE).for_serialize().into_generator(),
        }
    }

    /// All schemas by their names, to which the references in `paths` lead from now on.
    pub(super) fn definitions(mut self, paths: &mut Value) -> Map<String, Value> {
        let mut all = self.given.take_definitions(true);
        let asked = self.asked.take_definitions(true);
        let two = different(&asked, &all);
        let name = |name: &str| if two.contains(name) { format!("{name}Input") } else { name.to_owned() };
        let lead = |value: &mut Value| {
            references(value, &mut |reference| {
                if let Some(asked) = reference.strip_prefix(ASKED) {
                    *reference = format!("{HERE}{}", name(asked));
                }
            });
        };
        lead(paths);
        for (asked, mut schema) in asked {
            lead(&mut schema);
            all.insert(name(&asked), schema);
        }
        all
    }
}

/// The names under which the two sides mean different things: their own schemas differ, or
/// those of what they refer to.
fn different(asked: &Map<String, Value>, given: &Map<String, Value>) -> BTreeSet<String> {
    let mut different = BTreeSet::new();
    loop {
        let before = different.len();
        for (name, schema) in asked.iter().filter(|(name, _)| given.contains_key(*name)) {
            let (mut here, mut refers) = (schema.clone(), false);
            references(&mut here, &mut |reference| {
                let named = reference.strip_prefix(ASKED).unwrap_or_default().to_owned();
                refers |= different.contains(&named);
                *reference = format!("{HERE}{named}");
            });
            if refers || given.get(name) != Some(&here) {
                different.insert(name.clone());
            }
        }
        if different.len() == before {
            return different;
        }
    }
}

/// Lets every reference in a schema be changed.
fn references(value: &mut Value, change: &mut dyn FnMut(&mut String)) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                match value {
                    Value::String(reference) if key == "$ref" => change(reference),
                    value => references(value, change),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| references(item, change)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_one_in_both_directions_is_there_once_and_what_differs_twice() {
        #[derive(schemars::JsonSchema, serde::Serialize, serde::Deserialize)]
        struct Same {
            a: String,
        }
        #[derive(schemars::JsonSchema, serde::Serialize, serde::Deserialize)]
        struct Inner {
            #[serde(default)]
            left_out: bool,
        }
        #[derive(schemars::JsonSchema, serde::Serialize, serde::Deserialize)]
        struct Outer {
            same: Same,
            inner: Inner,
        }
        let mut schemas = Schemas::new();
        let given = schemas.given.subschema_for::<Outer>();
        let mut paths = json!({ "asked": schemas.asked.subschema_for::<Outer>(), "given": given });
        let names: Vec<String> = schemas.definitions(&mut paths).into_iter().map(|(name, _)| name).collect();
        assert_eq!(paths["asked"]["$ref"], "#/components/schemas/OuterInput");
        assert_eq!(paths["given"]["$ref"], "#/components/schemas/Outer");
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), 5, "{names:?}");
    }
}
