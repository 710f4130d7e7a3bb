//! The branches that a rule can note, read from its manifest and its sources, so that
//! `rota test` can say which of them no case reaches.
//!
//! A branch's name is a text of the program, and a compiled component does not tell its texts
//! apart. So the sources are looked through for calls that begin with one: of `note` and
//! `assign_next`, and of the rule's own functions whose first argument is called `branch`. A
//! name that is put together otherwise stands in `plugin.toml`: `branches = ["…"]`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::manifest_section::Papers;

/// Every branch that the rule in this folder can note, as far as can be told.
///
/// # Errors
/// If the manifest or a source cannot be read.
pub fn branches(folder: &Path) -> Result<BTreeSet<String>> {
    let mut sources = Vec::new();
    read(&folder.join("src"), &mut sources)?;
    let mut found: BTreeSet<String> = Papers::read(folder)?.branches.into_iter().collect();
    found.extend(in_sources(&sources));
    Ok(found)
}

/// The sources of a rule, without its unit tests and without comments.
pub(super) fn read(folder: &Path, sources: &mut Vec<String>) -> Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default();
        if path.is_dir() && name != "tests" {
            read(&path, sources)?;
        } else if path.extension().is_some_and(|kind| kind == "rs") && name != "tests.rs" {
            let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
            let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
            let lines: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
            sources.push(lines.join("\n"));
        }
    }
    Ok(())
}

fn in_sources(sources: &[String]) -> BTreeSet<String> {
    let mut functions = BTreeSet::from(["note", "assign_next"]);
    functions.extend(sources.iter().flat_map(|source| own_functions(source)));
    let mut found = BTreeSet::new();
    for source in sources {
        for function in &functions {
            found.extend(calls(source, function).map(str::to_owned));
        }
        if source.contains(".assign_next(") {
            // What the SDK notes where the pool has nobody.
            found.insert("nobody-available".into());
        }
    }
    found
}

/// The functions whose first argument, after `self`, is called `branch`.
fn own_functions(source: &str) -> impl Iterator<Item = &str> {
    source.split("fn ").skip(1).filter_map(|text| {
        let (name, arguments) = text.split_once('(')?;
        let first = arguments.trim_start();
        let after_self = first.split_once("self,").filter(|(before, _)| ["", "&", "&mut "].contains(before));
        let first = after_self.map_or(first, |(_, rest)| rest.trim_start());
        (is_name(name) && first.starts_with("branch:")).then_some(name)
    })
}

/// The texts that calls of a function begin with.
pub(super) fn calls<'a>(source: &'a str, function: &str) -> impl Iterator<Item = &'a str> {
    let begins = |place: usize| source[..place].ends_with(|c: char| c.is_alphanumeric() || c == '_');
    source.match_indices(function).filter_map(move |(place, _)| {
        let after = source[place + function.len()..].strip_prefix('(')?;
        let text = after.trim_start().strip_prefix('"')?;
        let text = text.split_once('"')?.0;
        (!begins(place) && !text.contains('\\')).then_some(text)
    })
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(source: &str) -> Vec<String> {
        in_sources(&[source.to_owned()]).into_iter().collect()
    }

    #[test]
    fn a_note_in_the_sources_is_a_branch() {
        assert_eq!(
            found(r#"explain::note("one", ""); trail.note(  "two", &detail); foot_note("three", "")"#),
            ["one", "two"]
        );
    }

    #[test]
    fn assign_next_can_also_end_with_nobody() {
        assert_eq!(found(r#"pool.assign_next("by-size")"#), ["by-size", "nobody-available"]);
    }

    #[test]
    fn a_function_that_takes_a_branch_first_notes_it() {
        let source = "fn aside(&mut self, branch: &str, detail: String) {}\n trail.aside(\n    \"late\", detail);";
        assert_eq!(found(source), ["late"]);
    }

    #[test]
    fn what_is_put_together_while_running_cannot_be_told() {
        assert!(found("explain::note(&name, \"\"); explain::note(branch, detail)").is_empty());
    }
}
