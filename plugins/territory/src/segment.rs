//! Which part of the business a lead belongs to, and who got it there.

use rota_sdk::Rep;

/// The step that placed a lead. The CRM gets it as the property `rota_segment`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Segment {
    /// The company has an owner.
    Account,
    /// The company is large.
    Enterprise,
    /// The place has a pool.
    Territory,
}

impl Segment {
    /// The code of the decision's reason, and the name of the branch.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Account => "account-owner",
            other => other.value(),
        }
    }

    /// The value of `rota_segment`.
    pub(crate) fn value(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Enterprise => "enterprise",
            Self::Territory => "territory",
        }
    }
}

/// A lead that has found its rep.
#[derive(Debug)]
pub(crate) struct Placed {
    pub(crate) rep: Rep,
    pub(crate) segment: Segment,
    /// What was particular, such as `US → na`.
    pub(crate) detail: String,
}
