//! The lead that is to be decided about. The host has fetched exactly the properties that
//! `plugin.toml` lists under `[reads]`; each function here serves those of its own type.

use crate::{Absence, Instant, Rep, host};

/// Who owns a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// Nobody.
    Nobody,
    /// A rep of this workspace who may be given leads.
    Active(Rep),
    /// A rep of this workspace who has left or was switched off.
    Inactive(Rep),
    /// Somebody whom this workspace does not know: the CRM's owner id.
    Stranger(String),
}

/// One thing that happened with this person before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastEvent {
    /// `decision` for an earlier decision of Rota, else the kind that the CRM or the caller
    /// gave, such as `outbound`.
    pub kind: String,
    /// Whom it concerned.
    pub who: Owner,
    /// When.
    pub at: Instant,
}

/// A property as text, without white space around it. Serves every declared type.
pub fn text(name: &str) -> Result<String, Absence> {
    host::lead_text(name)
}

/// A property declared `number`. Never NaN or infinite.
pub fn number(name: &str) -> Result<f64, Absence> {
    host::lead_number(name)
}

/// A property declared `flag`.
pub fn flag(name: &str) -> Result<bool, Absence> {
    host::lead_flag(name)
}

/// A property declared `time`.
pub fn time(name: &str) -> Result<Instant, Absence> {
    host::lead_time(name)
}

/// A property declared `several`: the values between semicolons.
pub fn several(name: &str) -> Result<Vec<String>, Absence> {
    host::lead_several(name)
}

/// The source class of this lead, such as `inbound:demo-request`; else `unclassified`.
pub fn source_class() -> String {
    host::source_class()
}

/// Who owns the record now.
pub fn owner() -> Owner {
    host::record_owner()
}

/// What happened before, newest first, at most `limit` entries.
pub fn history(limit: u32) -> Vec<PastEvent> {
    host::history(limit)
}

/// Whom the newest past event of this kind concerned: `outbound` gives the prior outbound
/// owner.
pub fn prior_owner(kind: &str) -> Owner {
    host::prior_owner(kind)
}

/// What to call the person in a sentence: the name, else the e-mail address, else `the lead`.
/// Reads `firstname`, `lastname` and `email`, which have to be declared.
pub fn display_name() -> String {
    match (text("firstname"), text("lastname")) {
        (Ok(first), Ok(last)) => [&first, " ", &last].concat(),
        (Ok(one), Err(_)) | (Err(_), Ok(one)) => one,
        (Err(_), Err(_)) => text("email").unwrap_or_else(|_| "the lead".to_owned()),
    }
}
