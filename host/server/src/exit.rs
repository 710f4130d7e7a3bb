//! How a command ends.

use std::process::{ExitCode, Termination};

/// The exit codes that scripts may hold on to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All is well.
    Well,
    /// There is a finding: a mismatch, a broken bound, a failed check.
    Finding,
    /// The input cannot be used.
    BadInput,
    /// The server could not be reached.
    Unreachable,
}

impl Termination for Exit {
    fn report(self) -> ExitCode {
        ExitCode::from(match self {
            Self::Well => 0,
            Self::Finding => 1,
            Self::BadInput => 2,
            Self::Unreachable => 3,
        })
    }
}
