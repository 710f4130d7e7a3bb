//! Which branches of a rule its cases reach, by the notes that it leaves.

use std::collections::BTreeSet;

use serde::Serialize;

use super::Outcome;

/// How much of a rule its cases reach.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// How many branches the rule is known to have.
    pub branches: usize,
    /// How many of them some case reaches.
    pub reached: usize,
    /// Those that no case reaches.
    pub not_reached: Vec<String>,
    /// What a case noted, and neither the sources nor the manifest name.
    pub unlisted: Vec<String>,
}

impl Coverage {
    /// Compares what the cases noted with the branches that the rule is known to have.
    #[must_use]
    pub fn of(outcomes: &[Outcome], known: &BTreeSet<String>) -> Self {
        let noted: BTreeSet<&String> = outcomes.iter().flat_map(|outcome| &outcome.branches).collect();
        let not_reached: Vec<String> = known.iter().filter(|branch| !noted.contains(branch)).cloned().collect();
        let unlisted = noted.into_iter().filter(|branch| !known.contains(*branch)).cloned();
        Self {
            branches: known.len(),
            reached: known.len() - not_reached.len(),
            not_reached,
            unlisted: unlisted.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn what_no_case_reaches_and_what_nobody_listed_is_told() {
        let outcome = Outcome {
            name: "one.json".into(),
            about: String::new(),
            differences: Vec::new(),
            branches: names(&["small", "odd"]),
        };
        let coverage = Coverage::of(&[outcome], &names(&["small", "large"]));
        assert_eq!((coverage.branches, coverage.reached), (2, 1));
        assert_eq!(coverage.not_reached, ["large"]);
        assert_eq!(coverage.unlisted, ["odd"]);
    }
}
