//! The hostile set: everything that a stranger might upload, under a name, with a way to
//! try it and to say what became of it in one word.

use std::sync::Arc;

use rota_domain::rule::{Answer, Question, Verdict};
use rota_flow::ports::Rules;
use rota_rules::Catalogue;

use crate::calls::{runner, settings};
use crate::guest::{Guest, hostile, question};
use crate::{uploads, wild};

/// One of the hostile set.
#[derive(Clone, Debug)]
pub struct Hostile {
    /// What it is called.
    pub name: String,
    /// Its component.
    pub component: Arc<[u8]>,
    /// Its settings.
    pub settings: Arc<str>,
}

impl Hostile {
    /// A component under a name.
    pub fn new(name: impl Into<String>, component: impl Into<Arc<[u8]>>) -> Self {
        Self { name: name.into(), component: component.into(), settings: "{}".into() }
    }

    /// Takes it in and asks it: the code of its refusal or failure, or what else it came to.
    pub fn attempt(&self, catalogue: &Catalogue) -> &'static str {
        match catalogue.take_in(&self.component) {
            Ok(plugin) => {
                let settings = self.settings.as_ref().into();
                outcome(&catalogue.ask(Question { settings, ..question(plugin.digest) }))
            }
            Err(refusal) => refusal.code.as_str(),
        }
    }
}

/// Everything hostile: guests, uploads, and wild arguments.
#[must_use]
pub fn all() -> Vec<Hostile> {
    let guests = hostile().into_iter().map(|name| Hostile::new(&name, Guest::file(&name).component()));
    let uploads = uploads::all().into_iter().map(|(name, make)| Hostile::new(name, make()));
    let runner: Arc<[u8]> = runner().component().into();
    let wild = wild::programs().into_iter().map(move |(name, program)| Hostile {
        settings: settings(&program).into(),
        ..Hostile::new(name, runner.clone())
    });
    guests.chain(uploads).chain(wild).collect()
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
