//! Keys that the format names and that this release reads without acting on them.

use toml::de::DeValue;

use super::document::Document;

/// Lists of tables, and the key in each of their entries.
const NOT_ACTED_ON: [(&str, &str); 1] = [("reps", "capacity")];

/// One warning for each such key, at the first place where it stands.
pub(super) fn warnings(file: &str, document: &Document<'_>) -> Vec<String> {
    let mut found: Vec<(usize, String)> = Vec::new();
    for (list, key) in NOT_ACTED_ON {
        let Some(DeValue::Array(entries)) = document.table().get(list).map(toml::Spanned::get_ref) else {
            continue;
        };
        let places: Vec<String> = entries
            .iter()
            .enumerate()
            .filter_map(|(n, entry)| match entry.get_ref() {
                DeValue::Table(table) if table.contains_key(key) => Some(format!("/{list}/{n}/{key}")),
                _ => None,
            })
            .collect();
        if let Some(first) = places.first() {
            let line = document.line(first);
            let more = match places.len() {
                1 => String::new(),
                n => format!(" (here and in {} more)", n - 1),
            };
            found.push((line, format!("{file}:{line}: warning: `{key}` is read but not acted on yet{more}")));
        }
    }
    found.sort();
    found.into_iter().map(|(_, warning)| warning).collect()
}
