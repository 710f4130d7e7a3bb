//! What a rule did in the fake world.

use super::World;
use crate::{Decision, Instant, Outcome, SettingsProblem};

/// What a rule answered and did on the way.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The answer.
    pub answer: Result<Decision, SettingsProblem>,
    /// What the rule explained: branch and detail.
    pub notes: Vec<(String, String)>,
    /// What shall happen besides.
    pub effects: Vec<Effect>,
    /// Properties that the rule read without declaring them.
    pub undeclared: Vec<String>,
    /// The id of the rep to whom the lead goes.
    pub(super) rep: Option<String>,
}

/// One effect of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the functions in `effects`")]
pub enum Effect {
    Property { name: String, value: String },
    Task { subject: String, body: String, due: Option<Instant> },
    Note { body: String },
    Notice { destination: String, message: String },
    ResponseTarget { minutes: u32, calendar: Option<String> },
}

impl Asked {
    pub(super) fn new(answer: Result<Decision, SettingsProblem>, world: &mut World) -> Self {
        let rep = match &answer {
            Ok(Decision { outcome: Outcome::Assign(rep), .. }) => world.take_turn(*rep),
            _ => None,
        };
        Self {
            answer,
            notes: std::mem::take(&mut world.notes),
            effects: std::mem::take(&mut world.effects),
            undeclared: std::mem::take(&mut world.undeclared_reads),
            rep,
        }
    }

    /// The id of the rep to whom the lead goes.
    pub fn rep(&self) -> Option<&str> {
        self.rep.as_deref()
    }

    /// The code of the decision's reason.
    pub fn reason(&self) -> Option<&str> {
        self.answer.as_ref().ok().map(|decision| decision.reason.code.as_str())
    }

    /// The detail of the decision's reason.
    pub fn detail(&self) -> Option<&str> {
        self.answer.as_ref().ok().map(|decision| decision.reason.detail.as_str())
    }

    /// Whether the rule passed the lead on.
    pub fn passed(&self) -> bool {
        matches!(&self.answer, Ok(Decision { outcome: Outcome::Pass, .. }))
    }

    /// Whether the rule explained a branch of this name.
    pub fn noted(&self, branch: &str) -> bool {
        self.notes.iter().any(|(name, _)| name == branch)
    }

    /// The JSON pointer to the setting that the rule could not use.
    pub fn bad_setting(&self) -> Option<&str> {
        self.answer.as_ref().err().map(|problem| problem.path.as_str())
    }
}
