//! The files of a new rule that are its author's own.

use anyhow::Result;

use super::vendored;

macro_rules! template {
    ($($path:literal from $file:literal,)*) => {
        [$(($path, include_str!(concat!("../../../template/", $file))),)*]
    };
}

/// Path in the new folder, and text with `{{name}}` where the name stands.
const FILES: [(&str, &str); 14] = template! {
    "Cargo.toml" from "Cargo.toml",
    "src/lib.rs" from "lib.rs",
    "plugin.toml" from "plugin.toml",
    "settings.schema.json" from "settings.schema.json",
    "cases/everybody-else.json" from "cases/everybody-else.json",
    "cases/large-company.json" from "cases/large-company.json",
    "cases/nobody-available.json" from "cases/nobody-available.json",
    "cases/workspace.toml" from "cases/workspace.toml",
    "workspace/workspace.toml" from "workspace/workspace.toml",
    "workspace/settings.json" from "workspace/settings.json",
    "workspace/lead.json" from "workspace/lead.json",
    "workspace/leads.jsonl" from "workspace/leads.jsonl",
    ".gitignore" from "gitignore",
    "README.md" from "README.md",
};

pub(super) fn files(name: &str) -> Result<Vec<(String, String)>> {
    let serde = vendored::requirement("serde")?.to_string();
    let fill = |text: &str| text.replace("{{name}}", name).replace("{{serde}}", &serde);
    Ok(FILES.iter().map(|(path, text)| ((*path).to_owned(), fill(text))).collect())
}
