//! The hostile set: everything that a stranger might upload, under a name, with a way to
//! try it and to say what became of it in one word.

use rota_domain::rule::{Answer, Verdict};
use rota_flow::ports::Rules;
use rota_rules::Catalogue;

use crate::guest::{Guest, hostile, question};

/// One of the hostile set.
#[derive(Clone, Debug)]
pub struct Hostile {
    /// What it is called.
    pub name: String,
    /// Its component.
    pub component: Vec<u8>,
}

impl Hostile {
    /// A component under a name.
    pub fn new(name: impl Into<String>, component: Vec<u8>) -> Self {
        Self { name: name.into(), component }
    }

    /// Takes it in and asks it: the code of its refusal or failure, or what else it came to.
    pub fn attempt(&self, catalogue: &Catalogue) -> &'static str {
        match catalogue.take_in(&self.component) {
            Ok(plugin) => outcome(&catalogue.ask(question(plugin.digest))),
            Err(refusal) => refusal.code.as_str(),
        }
    }
}

/// Everything hostile.
#[must_use]
pub fn all() -> Vec<Hostile> {
    let mut names = hostile();
    names.sort();
    names.into_iter().map(|name| Hostile::new(&name, Guest::file(&name).component())).collect()
}

/// What an answer came to, in one word.
#[must_use]
pub fn outcome(answer: &Answer) -> &'static str {
    match &answer.verdict {
        Verdict::Failed(failure) => failure.code.as_str(),
        Verdict::Passed(_) => "passed",
        Verdict::Decided(_) => "decided",
    }
}
