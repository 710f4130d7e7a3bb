//! Where something stands in a workspace's files, for what is found wrong after they were
//! read: a plugin that refuses its settings, a connection that another tenant has.

use std::collections::BTreeSet;
use std::ops::Range;

use serde::de::IgnoredAny;
use toml::de::DeValue;

use super::Files;
use super::document::Document;

const WORKSPACE: &str = "workspace.toml";
const MOST: u64 = 1 << 20;

/// The line of `workspace.toml` where this JSON pointer is.
pub(crate) fn at(files: &dyn Files, pointer: &str) -> Option<usize> {
    let bytes = files.read(WORKSPACE, MOST).ok()?;
    Some(Document::parse(WORKSPACE, &bytes).ok()?.line(pointer))
}

/// The file and line where this part of a flow's settings stands, or would have to stand.
pub(crate) fn setting(files: &dyn Files, flow: usize, pointer: &str) -> (String, Option<usize>) {
    let whole = format!("/flows/{flow}/settings");
    let Ok(bytes) = files.read(WORKSPACE, MOST) else { return (WORKSPACE.into(), None) };
    let Ok(document) = Document::parse(WORKSPACE, &bytes) else { return (WORKSPACE.into(), None) };
    let written = document.table().get("flows").and_then(|flows| flows.get_ref().get(flow)?.get_ref().get("settings"));
    let Some(DeValue::String(name)) = written.map(toml::Spanned::get_ref) else {
        return (WORKSPACE.into(), Some(document.line(&format!("{whole}{pointer}"))));
    };
    let text = files.read(name, MOST).map(|text| String::from_utf8_lossy(&text).into_owned()).unwrap_or_default();
    (name.trim_start_matches("./").to_owned(), Some(line_in_json(&text, pointer)))
}

/// Where in the text of `workspace.toml` the value of a flow's `plugin` stands.
pub(crate) fn plugin_span(text: &str, flow: &str) -> Option<Range<usize>> {
    let document = Document::parse(WORKSPACE, text.as_bytes()).ok()?;
    let DeValue::Array(flows) = document.table().get("flows")?.get_ref() else { return None };
    let named = |table: &&toml::Spanned<DeValue<'_>>| matches!(table.get_ref().get("id").map(toml::Spanned::get_ref), Some(DeValue::String(id)) if id == flow);
    Some(flows.iter().find(named)?.get_ref().get("plugin")?.span())
}

/// What the flows in the text of `workspace.toml` say that their plugins are.
pub(crate) fn plugins(text: &str) -> BTreeSet<String> {
    let Ok(document) = Document::parse(WORKSPACE, text.as_bytes()) else { return BTreeSet::new() };
    let flows = document.table().get("flows").map(toml::Spanned::get_ref);
    let Some(DeValue::Array(flows)) = flows else { return BTreeSet::new() };
    let plugin = |flow: &toml::Spanned<DeValue<'_>>| match flow.get_ref().get("plugin")?.get_ref() {
        DeValue::String(plugin) => Some(plugin.to_string()),
        _ => None,
    };
    flows.iter().filter_map(plugin).collect()
}

/// The line, from 1, of this JSON pointer; of the last part of it that exists. The text was
/// read as JSON before.
fn line_in_json(text: &str, pointer: &str) -> usize {
    let mut steps = pointer.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~"));
    let mut rest = text.trim_start();
    while let Some(step) = steps.next().filter(|_| rest.starts_with(['{', '['])) {
        let Some(inner) = member(rest, &step) else { break };
        rest = inner;
    }
    1 + text[..text.len() - rest.len()].bytes().filter(|byte| *byte == b'\n').count()
}

/// What follows the member of this name, or the element of this number.
fn member<'t>(text: &'t str, step: &str) -> Option<&'t str> {
    let is_object = text.starts_with('{');
    let mut rest = text[1..].trim_start();
    for n in 0.. {
        if rest.starts_with(['}', ']']) {
            return None;
        }
        let mut found = step.parse() == Ok(n);
        if is_object {
            let after = skip(rest)?;
            let key: String = serde_json::from_str(&rest[..rest.len() - after.len()]).ok()?;
            found = key == step;
            rest = after.trim_start().strip_prefix(':')?.trim_start();
        }
        if found {
            return Some(rest);
        }
        rest = skip(rest)?.trim_start();
        rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
    }
    None
}

/// What follows the JSON value at the start of this text.
fn skip(text: &str) -> Option<&str> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
    values.next()?.ok()?;
    text.get(values.byte_offset()..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_into_json_is_found_at_its_line() {
        let text = "{\n  \"enterprise\": { \"pool\": \"big\" },\n  \"territories\": [\n    { \"pool\": \"na\" },\n    {\n      \"countries\": [\"US\"],\n      \"pool\": 7\n    }\n  ]\n}\n";
        let lines = [("", 1), ("/enterprise/pool", 2), ("/territories/0/pool", 4), ("/territories/1/pool", 7)];
        for (pointer, line) in lines {
            assert_eq!(line_in_json(text, pointer), line, "{pointer}");
        }
        assert_eq!(line_in_json(text, "/territories/1/none"), 5, "what is missing is missing in its object");
        assert_eq!(line_in_json(text, "/nothing"), 1);
    }

    #[test]
    fn the_plugin_of_a_flow_is_found_in_the_text() {
        let text = "# the flows\n[[flows]]\nid = \"one\"\nplugin = \"a\"\n[[flows]]\nplugin = './b.wasm' # ours\nid = \"two\"\n";
        assert_eq!(plugin_span(text, "two").map(|span| &text[span]), Some("'./b.wasm'"));
        assert_eq!(plugin_span(text, "three"), None);
    }
}
