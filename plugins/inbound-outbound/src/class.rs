//! The source classes that have an order of their own.

/// A source class, as far as the order of steps goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// Somebody whom outbound worked before comes back.
    ReEngagement,
    /// An answer to an outbound sequence.
    SequenceReply,
    /// No source of the workspace matches.
    Unclassified,
    /// Every other class, also those that only this workspace knows.
    Other,
}

impl Class {
    pub(crate) fn of(name: &str) -> Self {
        match name {
            "re-engagement" => Self::ReEngagement,
            "outbound:sequence-reply" => Self::SequenceReply,
            "unclassified" => Self::Unclassified,
            _ => Self::Other,
        }
    }
}
