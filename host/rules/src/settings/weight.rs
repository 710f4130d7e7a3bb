//! How much work a schema can make of settings, judged before it is used: a validator that
//! follows references again and again can be led on for ever by a schema of two kilobytes.

use std::collections::HashMap;

use serde_json::Value;

/// So many parts a schema may have once every reference stands for what it refers to.
const PARTS_MOST: u64 = 10_000;
/// So many patterns, since each is compiled and kept.
const PATTERNS_MOST: u64 = 64;

/// Judges a schema.
///
/// # Errors
/// Why it is too much, in words for the plugin's author.
pub(super) fn check(schema: &Value) -> Result<(), String> {
    let patterns = patterns(schema);
    if patterns > PATTERNS_MOST {
        return Err(format!("it has {patterns} patterns; {PATTERNS_MOST} are granted"));
    }
    let parts = Unfolding { schema, known: HashMap::new() }.parts(schema)?;
    if parts > PARTS_MOST {
        return Err(format!("its references unfold to more than {PARTS_MOST} parts: write it flatter"));
    }
    Ok(())
}

fn patterns(schema: &Value) -> u64 {
    match schema {
        Value::Object(object) => object
            .iter()
            .map(|(key, value)| match (key.as_str(), value) {
                ("pattern", Value::String(_)) => 1,
                ("patternProperties", Value::Object(inner)) => inner.len() as u64 + patterns(value),
                _ => patterns(value),
            })
            .sum(),
        Value::Array(list) => list.iter().map(patterns).sum(),
        _ => 0,
    }
}

/// A schema on its way to being unfolded.
struct Unfolding<'a> {
    schema: &'a Value,
    /// The parts behind each reference; none while they are being counted.
    known: HashMap<String, Option<u64>>,
}

impl Unfolding<'_> {
    fn parts(&mut self, value: &Value) -> Result<u64, String> {
        let mut parts = 1u64;
        match value {
            Value::Object(object) => {
                for (key, inner) in object {
                    let counted = match (key.as_str(), inner) {
                        ("$ref", Value::String(to)) => self.behind(to)?,
                        ("$dynamicRef" | "$recursiveRef", _) => {
                            return Err(format!("it uses `{key}`: refer with `$ref` and `#/$defs/…`"));
                        }
                        _ => self.parts(inner)?,
                    };
                    parts = parts.saturating_add(counted);
                }
            }
            Value::Array(list) => {
                for inner in list {
                    parts = parts.saturating_add(self.parts(inner)?);
                }
            }
            _ => {}
        }
        Ok(parts)
    }

    fn behind(&mut self, reference: &str) -> Result<u64, String> {
        match self.known.get(reference) {
            Some(Some(parts)) => return Ok(*parts),
            Some(None) => {
                return Err(format!("`{reference}` refers to itself, so that settings could be checked for ever"));
            }
            None => {}
        }
        // Whatever is elsewhere is refused when the schema is compiled.
        let Some(target) = reference.strip_prefix('#').and_then(|pointer| self.schema.pointer(pointer)) else {
            return Ok(1);
        };
        self.known.insert(reference.to_owned(), None);
        let parts = self.parts(target)?;
        self.known.insert(reference.to_owned(), Some(parts));
        Ok(parts)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_schema_that_doubles_at_every_reference_is_refused() {
        let mut defs = serde_json::Map::new();
        for n in 0..60 {
            let next = json!({ "$ref": format!("#/$defs/a{}", n + 1) });
            defs.insert(format!("a{n}"), json!({ "allOf": [next, next] }));
        }
        defs.insert("a60".into(), json!({ "type": "object" }));
        let error = check(&json!({ "$ref": "#/$defs/a0", "$defs": defs })).expect_err("it is too much");
        assert!(error.contains("10000 parts"), "{error}");
    }

    #[test]
    fn a_schema_that_refers_to_itself_is_refused() {
        let error = check(&json!({ "properties": { "next": { "$ref": "#" } } })).expect_err("it has no end");
        assert!(error.contains("refers to itself"), "{error}");
    }

    #[test]
    fn many_patterns_are_refused() {
        let many: Vec<Value> = (0..65).map(|n| json!({ "pattern": format!("^{n}$") })).collect();
        let error = check(&json!({ "anyOf": many })).expect_err("they are too many");
        assert!(error.contains("65 patterns"), "{error}");
    }
}
