//! What came of asking a plugin again.

/// What came of asking a plugin again with the answers that were recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Where it first went otherwise; none where all is the same.
    pub difference: Option<Difference>,
    /// What could not be compared, and why.
    pub remark: Option<String>,
}

/// The first step at which a record and its replay part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The number of the line in the decision's transcript, from 1.
    pub step: usize,
    /// What was recorded there.
    pub recorded: String,
    /// What the replay has there.
    pub replayed: String,
}

impl Difference {
    /// The earlier of two.
    #[must_use]
    pub fn first(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        match (one, other) {
            (Some(one), Some(other)) => Some(if other.step < one.step { other } else { one }),
            (one, other) => one.or(other),
        }
    }
}
