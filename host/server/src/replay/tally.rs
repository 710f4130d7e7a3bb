//! What `rota replay --json` prints.

use rota_domain::id::DecisionId;
use rota_domain::transcript::{Difference, Replayed};
use serde::Serialize;

use super::Outcome;

/// How many decisions were replayed, and what was found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Decisions whose plugins were asked again.
    pub replayed: u64,
    /// Those in which every call and every result was the same.
    pub identical: u64,
    /// Those in which one was not.
    pub different: Vec<Differing>,
    /// Those whose plugins could not be asked again.
    pub skipped: Vec<Skipped>,
    /// What could not be compared in some that were replayed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<Remarked>,
}

/// A decision that did not come out as it was recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Differing {
    /// The decision.
    pub decision: DecisionId,
    /// The first step that differs, numbered as `why` numbers them; 0 where the record as a
    /// whole cannot be read.
    pub step: usize,
    /// What was recorded there.
    pub recorded: String,
    /// What the replay has there.
    pub replayed: String,
}

/// A decision that was not replayed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// The decision.
    pub decision: DecisionId,
    /// Why.
    pub why: String,
}

/// A decision of which not everything could be compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Remarked {
    /// The decision.
    pub decision: DecisionId,
    /// What was not compared, and why.
    pub remark: String,
}

impl Tally {
    /// Counts one decision.
    pub fn count(&mut self, decision: &DecisionId, outcome: Outcome) {
        let decision = decision.clone();
        let Replayed { difference, remark } = match outcome {
            Outcome::Replayed(replayed) => replayed,
            Outcome::Skipped(why) => return self.skipped.push(Skipped { decision, why }),
        };
        self.replayed += 1;
        if let Some(remark) = remark {
            self.remarks.push(Remarked { decision: decision.clone(), remark });
        }
        match difference {
            Some(Difference { step, recorded, replayed }) => {
                self.different.push(Differing { decision, step, recorded, replayed });
            }
            None => self.identical += 1,
        }
    }
}
