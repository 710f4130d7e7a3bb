//! A plugin's folder: the files that it should have, and whether sources and manifest agree on
//! what is read and written.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use rota_domain::manifest::Manifest;

use super::super::branches;
use super::{Finding, papers};

/// The SDK's functions whose first argument is a property, by the table that declares it.
const READS: [&str; 5] = ["lead::text", "lead::number", "lead::flag", "lead::time", "lead::several"];
const COMPANY_READS: [&str; 2] = ["company::text", "company::number"];
const WRITES: [&str; 1] = ["effects::set_property"];
/// What may be read of a company without being declared.
const FREE: [&str; 2] = ["name", "domain"];

pub(super) fn check(folder: &Path) -> Vec<Finding> {
    let mut found = Vec::new();
    let about = "plugin.toml";
    let text = match fs::read_to_string(folder.join("plugin.toml")) {
        Ok(text) => text,
        Err(error) => {
            let mend = "every plugin has one beside its sources: `rota new` writes a folder that has";
            return vec![Finding::problem(about, format!("it cannot be read ({error})"), mend)];
        }
    };
    match toml::from_str::<Manifest>(&text) {
        Ok(manifest) => {
            papers::manifest(&manifest, about, &mut found);
            declarations(folder, &manifest, &mut found);
        }
        Err(error) => {
            let mend = "`rota schema manifest` prints every key";
            found.push(Finding::problem(about, error.to_string().trim().to_owned(), mend));
        }
    }
    match fs::read_to_string(folder.join("settings.schema.json")) {
        Ok(text) => papers::schema(&text, "settings.schema.json", &mut found),
        Err(_) => found.push(papers::no_schema()),
    }
    cases(folder, &mut found);
    found
}

/// One table of the manifest, and the functions that need it.
struct Table<'a> {
    name: &'a str,
    declared: Vec<&'a String>,
    /// What needs no declaration.
    free: &'a [&'a str],
    functions: &'a [&'a str],
}

/// Compares what the sources read and write with what the manifest declares.
fn declarations(folder: &Path, manifest: &Manifest, found: &mut Vec<Finding>) {
    let mut sources = Vec::new();
    if branches::read(&folder.join("src"), &mut sources).is_err() || sources.is_empty() {
        return;
    }
    let (reads, company, writes) = (&manifest.reads, &manifest.company.reads, &manifest.writes);
    for table in [
        Table { name: "reads", declared: reads.keys().collect(), free: &[], functions: &READS },
        Table { name: "company.reads", declared: company.keys().collect(), free: &FREE, functions: &COMPANY_READS },
        Table { name: "writes", declared: writes.keys().collect(), free: &[], functions: &WRITES },
    ] {
        compare(&sources, &table, found);
    }
}

fn compare(sources: &[String], table: &Table<'_>, found: &mut Vec<Finding>) {
    let Table { name: title, declared, free, functions } = table;
    let named: BTreeSet<&str> = sources
        .iter()
        .flat_map(|source| functions.iter().flat_map(|function| branches::calls(source, function)))
        .collect();
    for name in named {
        if !declared.iter().any(|known| *known == name) && !free.contains(&name) {
            let what = format!("the sources name the property `{name}`, which [{title}] does not list");
            let mend = format!("add `{name} = \"text\"`, or the type that it has, under [{title}]");
            found.push(Finding::problem("plugin.toml", what, mend));
        }
    }
    for name in declared {
        let text = format!("\"{name}\"");
        if !sources.iter().any(|source| source.contains(&text)) {
            let what = format!("[{title}] lists `{name}`, and no source names it");
            let mend = "take it out, unless the name is put together while the rule runs";
            found.push(Finding::hint("plugin.toml", what, mend));
        }
    }
}

fn cases(folder: &Path, found: &mut Vec<Finding>) {
    let entries = fs::read_dir(folder.join("cases")).into_iter().flatten().flatten();
    let is_case = |path: &Path| path.extension().is_some_and(|kind| kind == "json");
    if !entries.map(|entry| entry.path()).any(|path| is_case(&path)) {
        let mend = "add cases/workspace.toml and a first case: `rota schema case` describes one";
        found.push(Finding::problem(
            "cases/",
            "there is no case, so nothing shows that the rule does what it should",
            mend,
        ));
    }
}
