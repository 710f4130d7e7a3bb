//! Why a question to the host had no answer.

/// Why a property gave no value. The three are different on purpose: a rule that treats a
/// typing error like an empty field sends leads astray in silence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Absence {
    /// The record has no value here.
    Absent,
    /// There is a value, but it does not read as the type asked for: the raw text.
    Malformed(String),
    /// `plugin.toml` does not list this property under `[reads]` with this type. The host
    /// refuses the decision with the code `undeclared-read`.
    Undeclared,
}

/// Why a named thing could not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The workspace has no such thing.
    Unknown,
    /// `plugin.toml` does not ask for it.
    Undeclared,
    /// This host does not offer it yet.
    Unavailable,
}

/// A named thing that could not be used: which one, and why.
///
/// With `?` it becomes a [`SettingsProblem`](crate::SettingsProblem), because such names
/// mostly come from the settings; say which setting with [`At::at`](crate::At::at).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// What kind of thing, such as `pool`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// Why it could not be used.
    pub why: Refusal,
}

impl Refused {
    pub(crate) fn new(kind: &'static str, name: &str, why: Refusal) -> Self {
        Self { kind, name: name.to_owned(), why }
    }

    /// The sentence that the tenant's admin reads. Joined by hand, which is less code in the
    /// component than a format.
    pub(crate) fn sentence(&self) -> String {
        let (before, after) = match self.why {
            Refusal::Unknown => ("the workspace has no ", "; add it there or correct the name"),
            Refusal::Undeclared => ("plugin.toml does not ask for the ", "; list it there"),
            Refusal::Unavailable if self.kind == "calendar" => ("too little time is open in the ", "; give it hours"),
            Refusal::Unavailable => ("this host does not offer yet: ", "; see its release notes"),
        };
        [before, self.kind, " `", &self.name, "`", after].concat()
    }
}
