//! Where a lead came from: its source class, found before any rule runs.

use crate::lead::Lead;
use crate::workspace::Source;

/// The class of a lead that no source matches.
pub const UNCLASSIFIED: &str = "unclassified";

/// The classes that reports and response targets know. A workspace may use others.
pub const KNOWN: [&str; 11] = [
    "inbound:demo-request",
    "inbound:content-download",
    "inbound:chatbot",
    "inbound:pricing-page",
    "inbound:meeting",
    "inbound:newsletter",
    "outbound:sequence-reply",
    "outbound:cold-call",
    "outbound:event",
    "re-engagement",
    UNCLASSIFIED,
];

/// The class of the first source that matches.
#[must_use]
pub fn classify<'a>(sources: &'a [Source], lead: &Lead) -> &'a str {
    sources.iter().find(|source| source.when.holds(lead)).map_or(UNCLASSIFIED, |source| source.class.as_str())
}
