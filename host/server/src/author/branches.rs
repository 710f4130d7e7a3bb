//! The branches that a rule can note, read from its manifest and its sources, so that
//! `rota test` can say which of them no case reaches.
//!
//! A branch's name is a text of the program, and a compiled component does not tell its texts
//! apart. So the sources are looked through for calls that are given one: of the SDK's
//! functions, and of the rule's own that have an argument called `branch`. What the steps of
//! the SDK note is known of each step. A name that is put together otherwise stands in
//! `plugin.toml`: `branches = ["…"]`.

mod calls;
mod sdk;

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
    let own: BTreeSet<_> = sources.iter().flat_map(|source| calls::with_argument(source, "branch")).collect();
    let mut found = BTreeSet::new();
    for source in sources {
        let given = own.iter().flat_map(|&(function, place)| calls::texts(source, function, place));
        found.extend(given.chain(sdk::named(source)).chain(sdk::of_steps(source)).map(str::to_owned));
    }
    found
}

/// The texts that calls of a function begin with.
pub(super) fn calls<'a>(source: &'a str, function: &str) -> impl Iterator<Item = &'a str> {
    calls::texts(source, function, 0)
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
    fn what_a_trail_is_given_is_a_branch() {
        let calls = r#"trail.aside("a", d); trail.nobody("b", pool); trail.end("c", d); trail.place(rep, "d", d)"#;
        assert_eq!(found(&format!("let mut trail = Trail::default(); {calls}")), ["a", "b", "c", "d"]);
        assert!(found(calls).is_empty(), "ends and places of something else are no branches");
    }

    #[test]
    fn a_step_of_the_sdk_notes_its_own_names() {
        assert_eq!(found("steps::employees(trail)"), ["size-absent", "size-malformed", "size-unknown"]);
        let country = ["country-absent", "country-malformed", "country-unknown"];
        assert_eq!(found("Whereabouts::of_lead(trail).country()"), country);
    }

    #[test]
    fn a_function_that_takes_a_branch_notes_it() {
        let source = "fn late(&mut self, detail: String, branch: &str) {}\n trail.late(\n    detail, \"late\");";
        assert_eq!(found(source), ["late"]);
    }

    #[test]
    fn a_note_at_the_record_is_no_branch() {
        assert!(found(r#"effects::note("called twice")"#).is_empty());
    }

    #[test]
    fn what_is_put_together_while_running_cannot_be_told() {
        assert!(found("explain::note(&name, \"\"); explain::note(branch, detail)").is_empty());
    }
}
