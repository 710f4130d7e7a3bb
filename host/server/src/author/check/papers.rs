//! Manifest and settings schema: what they say, whether it can be used, and whether it helps
//! those who have to fill the settings in.

use rota_domain::manifest::Manifest;
use serde_json::Value;

use super::Finding;
use rota_rules::Schema;

/// The release that plugins of this build are written for.
const CONTRACT: &str = "0.1";

pub(super) fn manifest(manifest: &Manifest, about: &str, found: &mut Vec<Finding>) {
    if !is_version(&manifest.version) {
        let what = format!("the version `{}` is none", manifest.version);
        found.push(Finding::problem(about, what, "write three numbers, such as `version = \"0.1.0\"`"));
    }
    if !is_contract(&manifest.contract) {
        let what = format!("it was written for contract `{}`, and this rota speaks {CONTRACT}", manifest.contract);
        found.push(Finding::problem(about, what, format!("write `contract = \"{CONTRACT}\"`")));
    }
    if manifest.summary.trim().is_empty() {
        let mend = "say in one sentence what the rule does: `summary = \"…\"`";
        found.push(Finding::problem(about, "it has no summary, which people see when they choose a plugin", mend));
    }
    let properties = [&manifest.reads, &manifest.writes, &manifest.company.reads];
    for name in properties.into_iter().flat_map(|properties| properties.keys()) {
        if name.trim() != name || name.is_empty() {
            let what = format!("the property `{name}` has blanks around it, or no name");
            found.push(Finding::problem(about, what, "write the CRM's internal name, such as `numberofemployees`"));
        }
    }
}

pub(super) fn schema(text: &str, about: &str, found: &mut Vec<Finding>) {
    if let Err(what) = Schema::compile(text) {
        let mend = "see https://json-schema.org/understanding-json-schema";
        found.push(Finding::problem(about, what, mend));
        return;
    }
    let Ok(schema) = serde_json::from_str::<Value>(text) else { return };
    let properties = schema.get("properties").and_then(Value::as_object);
    let properties = properties.into_iter().flatten();
    let bare: Vec<&str> = properties
        .filter(|(_, property)| property.get("title").is_none() && property.get("description").is_none())
        .map(|(name, _)| name.as_str())
        .collect();
    if !bare.is_empty() {
        let what = format!("nothing says what these settings mean: {}", bare.join(", "));
        found.push(Finding::hint(about, what, "give each a `title` or a `description`"));
    }
    let closed = ["additionalProperties", "unevaluatedProperties"];
    if schema.get("properties").is_some() && closed.iter().all(|key| schema.get(key).is_none()) {
        let mend = "say `\"additionalProperties\": false`";
        found.push(Finding::hint(about, "a misspelt setting would not be noticed", mend));
    }
}

pub(super) fn no_schema() -> Finding {
    let mend = "describe them in settings.schema.json, and embed that too";
    Finding::hint("the settings", "no schema says what they may be, so wrong ones show only when a lead comes", mend)
}

/// Three numbers with dots between, and whatever semantic versioning allows after them.
fn is_version(version: &str) -> bool {
    let core = version.split(['-', '+']).next().unwrap_or_default();
    let number = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()) && (part.len() == 1 || !part.starts_with('0'))
    };
    let rest = &version[core.len()..];
    let rest_is_sound =
        rest.is_empty() || rest.len() > 1 && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b"-+.".contains(&b));
    core.split('.').count() == 3 && core.split('.').all(number) && rest_is_sound
}

fn is_contract(contract: &str) -> bool {
    contract == CONTRACT || contract.strip_prefix(CONTRACT).is_some_and(|rest| rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_semantic() {
        for version in ["0.1.0", "1.2.3", "1.0.0-rc.1", "1.0.0+build.5"] {
            assert!(is_version(version), "{version}");
        }
        for version in ["", "1", "1.2", "1.2.3.4", "v1.2.3", "1.02.3", "1.2.3-", "1.2.x"] {
            assert!(!is_version(version), "{version}");
        }
    }

    #[test]
    fn a_contract_of_this_track_is_ours() {
        assert!(is_contract("0.1") && is_contract("0.1.0"));
        assert!(!is_contract("0.10") && !is_contract("1.0"));
    }
}
