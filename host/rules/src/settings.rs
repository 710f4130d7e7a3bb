//! Settings against the JSON Schema that their plugin carries. A schema refers to nothing
//! outside itself, its patterns match in linear time, and how far its references unfold is
//! judged first (`weight`), so that neither a schema nor a text holds the host up.

mod weight;

use boon::{CompileError, Compiler, ErrorKind, SchemaIndex, Schemas, UrlLoader, ValidationError};
use serde_json::Value;

/// What the schema is called while it is compiled.
const NAME: &str = "rota://settings/schema.json";
/// More than these are not told at once.
pub(crate) const PROBLEMS_MOST: usize = 20;

/// A schema that settings can be checked against.
pub struct Schema {
    schemas: Schemas,
    index: SchemaIndex,
}

/// Something in settings that does not fit.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Misfit {
    /// Which setting, as a JSON pointer; empty for the whole.
    pub path: String,
    /// What is wrong with it.
    pub what: String,
}

impl std::fmt::Display for Misfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.path.is_empty() { write!(f, "{}", self.what) } else { write!(f, "{}: {}", self.path, self.what) }
    }
}

impl Schema {
    /// Reads and compiles a schema.
    ///
    /// # Errors
    /// Why it is none, in words for the plugin's author.
    pub fn compile(text: &str) -> Result<Self, String> {
        let value: Value = serde_json::from_str(text).map_err(|error| format!("the schema is not JSON: {error}"))?;
        weight::check(&value)?;
        let mut compiler = Compiler::new();
        compiler.use_loader(Box::new(Nothing));
        let mut schemas = Schemas::new();
        compiler.add_resource(NAME, value).map_err(|error| why(&error))?;
        let index = compiler.compile(NAME, &mut schemas).map_err(|error| why(&error))?;
        Ok(Self { schemas, index })
    }

    /// What does not fit; nothing where all is well.
    #[must_use]
    pub fn misfits(&self, settings: &Value) -> Vec<Misfit> {
        let mut found = Vec::new();
        if let Err(error) = self.schemas.validate(settings, self.index) {
            leaves(&error, &mut found);
        }
        found.dedup();
        found.truncate(PROBLEMS_MOST);
        found
    }
}

impl std::fmt::Debug for Schema {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Schema").finish_non_exhaustive()
    }
}

/// Neither a file nor the network: what a schema needs stands in it.
struct Nothing;

impl UrlLoader for Nothing {
    fn load(&self, url: &str) -> Result<Value, Box<dyn std::error::Error>> {
        Err(format!("{url} lies outside the schema").into())
    }
}

fn why(error: &CompileError) -> String {
    match error {
        CompileError::LoadUrlError { url, .. } | CompileError::UnsupportedUrlScheme { url } => {
            format!("it refers to {url}, and nothing outside it is read: put the definition under `$defs`")
        }
        CompileError::ValidationError { src, .. } => {
            let mut found = Vec::new();
            leaves(src, &mut found);
            let found: Vec<String> = found.iter().take(3).map(ToString::to_string).collect();
            format!("it is no JSON Schema: {}", found.join("; "))
        }
        other => format!("it cannot be used: {other}"),
    }
}

/// The innermost reasons: that a group of them failed says nothing more.
fn leaves(error: &ValidationError<'_, '_>, found: &mut Vec<Misfit>) {
    if error.causes.is_empty() {
        let path = error.instance_location.to_string();
        let mut below = |name: &str, what: &str| {
            let name = name.replace('~', "~0").replace('/', "~1");
            found.push(Misfit { path: format!("{path}/{name}"), what: what.into() });
        };
        match &error.kind {
            ErrorKind::Required { want } => want.iter().for_each(|name| below(name, "is missing")),
            ErrorKind::AdditionalProperties { got } => got.iter().for_each(|name| below(name, "is no setting")),
            ErrorKind::Format { got, want: "regex", .. } => {
                let what = format!("the pattern {got} cannot be used: look-around and back-references are not there");
                found.push(Misfit { path, what });
            }
            kind => found.push(Misfit { path, what: kind.to_string() }),
        }
    }
    for cause in &error.causes {
        leaves(cause, found);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_misfit_is_told_with_its_path() {
        let schema = r#"{"type":"object","required":["pool"],"additionalProperties":false,
            "properties":{"pool":{"type":"string","minLength":1},"territories":{"items":{"required":["pool"]}}}}"#;
        let schema = Schema::compile(schema).unwrap();
        assert_eq!(schema.misfits(&json!({"pool": "na"})), []);
        let told = |settings| schema.misfits(&settings).iter().map(ToString::to_string).collect::<Vec<_>>();
        let wrong = json!({"pool": 7, "territories": [{}], "pol": 1});
        let mut told = told(wrong);
        told.sort();
        assert_eq!(
            told,
            ["/pol: is no setting", "/pool: want string, but got number", "/territories/0/pool: is missing"]
        );
    }

    #[test]
    fn nothing_outside_the_schema_is_read() {
        for reference in ["file:///etc/hostname", "https://example.test/schema.json", "other.json"] {
            let error = Schema::compile(&json!({"$ref": reference}).to_string()).unwrap_err();
            assert!(error.contains("nothing outside it is read"), "{reference}: {error}");
        }
    }

    #[test]
    fn what_is_no_schema_is_said_to_be_none() {
        let error = Schema::compile(r#"{"type":"objekt"}"#).unwrap_err();
        assert!(error.starts_with("it is no JSON Schema: /type"), "{error}");
    }

    #[test]
    fn a_pattern_that_could_take_for_ever_is_refused() {
        let error = Schema::compile(r#"{"pattern":"(?=a)b"}"#).unwrap_err();
        assert!(error.contains("the pattern \"(?=a)b\" cannot be used"), "{error}");
    }
}
