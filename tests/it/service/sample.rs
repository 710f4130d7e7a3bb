//! Requests made from the OpenAPI document, so that a test can walk routes that nobody told
//! it of.

use serde_json::{Map, Value, json};

/// One operation of the document.
pub(crate) struct Operation {
    pub(crate) method: String,
    /// The path's template.
    pub(crate) path: String,
    /// What the document says of it.
    pub(crate) about: Value,
}

/// Every operation of the document.
pub(crate) fn operations(document: &Value) -> Vec<Operation> {
    let mut all = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, about) in methods.as_object().expect("methods") {
            all.push(Operation { method: method.to_uppercase(), path: path.clone(), about: about.clone() });
        }
    }
    all
}

impl Operation {
    /// The smallest role that may call it.
    pub(crate) fn role(&self) -> Option<&str> {
        self.about["x-rota-role"].as_str()
    }

    /// Its address, with this at every place that is left open, and in every query that has to
    /// be there.
    pub(crate) fn address(&self, name: &str) -> String {
        let escaped = name.replace('/', "%2F");
        let parts = self.path.split('/').map(|part| if part.starts_with('{') { escaped.as_str() } else { part });
        let path = parts.collect::<Vec<_>>().join("/");
        let parameters = self.about["parameters"].as_array().into_iter().flatten();
        let asked = parameters.filter(|parameter| parameter["in"] == "query" && parameter["required"] == true);
        let query: Vec<String> =
            asked.map(|parameter| format!("{}={escaped}", parameter["name"].as_str().expect("a name"))).collect();
        if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) }
    }

    /// Whether one of its places is left open.
    pub(crate) fn names_something(&self) -> bool {
        self.path.contains('{')
    }

    /// A body that it could take, with its media type; texts in it are this one.
    pub(crate) fn body(&self, document: &Value, text: &str) -> Option<(String, Vec<u8>)> {
        let (media, content) = self.about["requestBody"]["content"].as_object()?.iter().next()?;
        let body = match media.as_str() {
            "application/json" => sample(&content["schema"], document, text).to_string().into_bytes(),
            _ => text.as_bytes().to_vec(),
        };
        Some((media.clone(), body))
    }
}

/// A value that fits a schema, with no more in it than has to be.
fn sample(schema: &Value, document: &Value, text: &str) -> Value {
    if let Some(path) = schema["$ref"].as_str() {
        return sample(document.pointer(&path[1..]).expect("what $ref names"), document, text);
    }
    if let Some(value) = schema.get("const") {
        return value.clone();
    }
    for several in ["enum", "anyOf", "oneOf", "allOf"] {
        if let Some(first) = schema[several].get(0) {
            return if several == "enum" { first.clone() } else { sample(first, document, text) };
        }
    }
    let kind = schema["type"].as_str().or_else(|| schema["type"][0].as_str());
    match kind.unwrap_or("object") {
        "string" => text.into(),
        "integer" | "number" => json!(1),
        "boolean" => json!(false),
        "array" => json!([]),
        _ => {
            let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let pairs = required.map(|key| (key.to_owned(), sample(&schema["properties"][key], document, text)));
            Value::Object(pairs.collect::<Map<_, _>>())
        }
    }
}
