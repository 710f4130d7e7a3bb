//! What the steps of a rule tried before one of them placed the lead, in words for a person.

use crate::{Decision, Outcome, Rep, assign, explain};

/// A lead that has found its rep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Who gets it.
    pub rep: Rep,
    /// The code of the reason: the name of the step's branch.
    pub code: &'static str,
    /// What was particular, such as `US → na`.
    pub detail: String,
}

/// Why earlier steps did not place the lead. Each step either places it or says here why it
/// did not, so that the reason of the decision names everything that was tried.
#[derive(Debug, Default)]
pub struct Trail {
    /// Sentences for the detail of the reason.
    asides: Vec<String>,
    /// Whether some pool fitted and had nobody available.
    nobody_available: bool,
    /// The branch that the last step ended in.
    end: Option<&'static str>,
}

impl Trail {
    /// Explains a branch that only the log needs to know.
    pub fn note(&self, branch: &str, detail: &str) {
        explain::note(branch, detail);
    }

    /// Explains a branch and keeps it for the detail of the reason.
    pub fn aside(&mut self, branch: &str, detail: String) {
        explain::note(branch, &detail);
        self.asides.push(detail);
    }

    /// Explains that a pool fitted and nobody in it can be given a lead.
    pub fn nobody(&mut self, branch: &str, pool: &str) {
        self.nobody_available = true;
        self.aside(branch, ["nobody available in ", pool].concat());
    }

    /// Explains the branch in which a step ended without a place for the lead. The last one
    /// is the reason's code if no step places it.
    pub fn end(&mut self, branch: &'static str, detail: String) {
        self.aside(branch, detail);
        self.end = Some(branch);
    }

    /// Explains that a step placed the lead.
    pub fn place(&self, rep: Rep, code: &'static str, detail: String) -> Placed {
        explain::note(code, &detail);
        Placed { rep, code, detail }
    }

    /// The detail of a reason, with what was tried before in brackets.
    pub fn beside(&self, detail: &str) -> String {
        if self.asides.is_empty() {
            return detail.to_owned();
        }
        [detail, " (", &self.asides.join("; "), ")"].concat()
    }

    /// The decision for a lead that has found its rep.
    pub fn assign(&self, placed: &Placed) -> Decision {
        assign(placed.rep).because(placed.code, self.beside(&placed.detail))
    }

    /// The decision when no step placed the lead: it is passed on, or goes to a queue. That a
    /// fitting pool had nobody matters more than that a later step had no place for it.
    pub fn unplaced(self, outcome: Outcome) -> Decision {
        let code = if self.nobody_available { "nobody-available" } else { self.end.unwrap_or("nothing-fits") };
        outcome.because(code, self.asides.join("; "))
    }
}
