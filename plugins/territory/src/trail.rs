//! What the steps tried before one of them placed the lead, in words for a person.

use rota_sdk::{Decision, explain, pass};

/// Why earlier steps did not place the lead.
#[derive(Debug, Default)]
pub(crate) struct Trail {
    /// Sentences for the detail of the reason.
    asides: Vec<String>,
    /// Whether some pool fitted and had nobody available.
    nobody_available: bool,
    /// The branch that the last step ended in.
    end: Option<&'static str>,
}

impl Trail {
    /// Explains a branch that only the log needs to know.
    pub(crate) fn note(&self, branch: &str, detail: &str) {
        explain::note(branch, detail);
    }

    /// Explains a branch and keeps it for the detail of the reason.
    pub(crate) fn aside(&mut self, branch: &str, detail: String) {
        explain::note(branch, &detail);
        self.asides.push(detail);
    }

    /// Explains that a pool fitted and nobody in it can be given a lead.
    pub(crate) fn nobody(&mut self, branch: &str, pool: &str) {
        self.nobody_available = true;
        self.aside(branch, ["nobody available in ", pool].concat());
    }

    /// Explains the branch in which the last step ended without a place for the lead.
    pub(crate) fn end(&mut self, branch: &'static str, detail: String) {
        self.aside(branch, detail);
        self.end = Some(branch);
    }

    /// The detail of a reason, with what was tried before in brackets.
    pub(crate) fn beside(&self, detail: &str) -> String {
        if self.asides.is_empty() {
            return detail.to_owned();
        }
        [detail, " (", &self.asides.join("; "), ")"].concat()
    }

    /// The decision when no step placed the lead. That a fitting pool had nobody matters more
    /// than that a later step had no place for it.
    pub(crate) fn into_pass(self) -> Decision {
        let end = self.end.unwrap_or("no-territory");
        let code = if self.nobody_available { "nobody-available" } else { end };
        pass().because(code, self.asides.join("; "))
    }
}
