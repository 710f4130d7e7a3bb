//! What the SDK notes for a rule: its functions that take a branch's name, and its steps that
//! have names of their own. A test holds this against the SDK's sources, which the binary
//! carries.

use super::calls;

/// Where functions take the name of a branch.
const NOTE: [(&str, usize); 2] = [("note", 0), ("assign_next", 0)];
/// The same for a `Trail`: these words mean other things to a source that names none.
const TRAIL: [(&str, usize); 4] = [(".aside", 0), (".nobody", 0), (".end", 0), (".place", 1)];

const ACCOUNT: &[&str] = &["account-owner", "account-owner-inactive", "account-owner-unknown", "account-unowned"];
const SIZE: &[&str] = &["size-absent", "size-malformed", "size-unknown"];
const COUNTRY: &[&str] = &["country-absent", "country-malformed", "country-unknown"];
const STATE: &[&str] = &["state-absent", "state-malformed", "state-unknown"];

/// What a source that holds all of these words lets the SDK note.
const STEPS: [(&[&str], &[&str]); 7] = [
    (&["steps::account_owner"], ACCOUNT),
    (&["steps::employees"], SIZE),
    (&["Whereabouts::of_lead"], COUNTRY),
    (&["Whereabouts", ".fits("], STATE),
    (&[".unknown(\"country\")"], COUNTRY),
    (&[".unknown(\"state\")"], STATE),
    (&[".assign_next("], &["nobody-available"]),
];

/// The names in calls of the SDK's functions.
pub(super) fn named(source: &str) -> impl Iterator<Item = &str> {
    let trail = if source.contains("Trail") { TRAIL.as_slice() } else { &[] };
    NOTE.iter().chain(trail).flat_map(|&(function, place)| calls::texts(source, function, place))
}

/// The names that the steps have which a source uses.
pub(super) fn of_steps(source: &str) -> impl Iterator<Item = &str> {
    let used = |words: &[&str]| words.iter().all(|word| source.contains(word));
    STEPS.into_iter().filter(move |(words, _)| used(words)).flat_map(|(_, names)| names.iter().copied())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::author::VENDORED;

    #[test]
    fn the_steps_are_known_to_note_what_the_sdks_sources_say() {
        let mut said = BTreeSet::from(["nobody-available"]);
        for &(path, text) in VENDORED.iter().filter(|(path, _)| path.ends_with(".rs") && !path.ends_with("tests.rs")) {
            if path.contains("/steps/") {
                said.extend(named(text));
            }
            if path.ends_with("/places/mod.rs") {
                said.extend((0..2).flat_map(|place| calls::texts(text, "branch", place)));
            }
        }
        let known: BTreeSet<&str> = STEPS.into_iter().flat_map(|(_, names)| names.iter().copied()).collect();
        assert_eq!(known, said);
    }

    #[test]
    fn the_functions_are_those_that_the_sdk_has() {
        let trail = VENDORED.iter().find(|(path, _)| path.ends_with("src/trail.rs")).unwrap().1;
        let mut takes: BTreeSet<_> =
            ["branch", "code"].into_iter().flat_map(|name| calls::with_argument(trail, name)).collect();
        takes.remove(&("note", 0));
        assert_eq!(takes, TRAIL.map(|(function, place)| (&function[1..], place)).into());
    }
}
