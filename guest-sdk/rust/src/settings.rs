//! Settings that cannot be used: said to the tenant's admin, not trapped on.

use crate::Refused;

/// The settings cannot be used. The tenant's admin sees both parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsProblem {
    /// Which setting, as a JSON pointer such as `/territories/2/pool`; empty for the whole.
    pub path: String,
    /// What is wrong with it and what would be right.
    pub message: String,
}

impl SettingsProblem {
    /// A problem with the setting at `path`, a JSON pointer.
    pub fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into() }
    }
}

impl From<Refused> for SettingsProblem {
    fn from(refused: Refused) -> Self {
        Self::new("", refused.sentence())
    }
}

/// Says which setting a problem comes from, before `?` hands it on.
pub trait At<T> {
    /// Points at a setting with a JSON pointer such as `/pool`.
    fn at(self, path: impl Into<String>) -> Result<T, SettingsProblem>;
}

impl<T, E: Into<SettingsProblem>> At<T> for Result<T, E> {
    fn at(self, path: impl Into<String>) -> Result<T, SettingsProblem> {
        self.map_err(|problem| SettingsProblem::new(path, problem.into().message))
    }
}
