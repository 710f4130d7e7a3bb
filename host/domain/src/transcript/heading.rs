//! The first line of a section: which plugin was asked, and on which terms.

use serde::{Deserialize, Serialize};

use super::PLUGIN;
use crate::id::{Digest, FlowId};
use crate::limits::Limits;
use crate::rule::Call;

/// The first line of a section.
#[derive(Clone, Debug, PartialEq)]
pub struct Heading {
    /// The flow that asked.
    pub flow: FlowId,
    /// The plugin's name.
    pub name: String,
    /// The plugin's version.
    pub version: String,
    /// The digest of its component.
    pub digest: Digest,
    /// On which terms; none in what was recorded before terms were.
    pub terms: Option<Terms>,
}

/// Everything besides the component, the settings and the host's answers that decides what
/// a guest does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Terms {
    /// What ran it, and how that counts fuel.
    pub engine: String,
    /// The circumstances.
    pub call: Call,
    /// The digest of the settings, which stand in the workspace's revision.
    pub settings: Digest,
    /// How much it was granted.
    pub limits: Limits,
}

impl Heading {
    /// What a line says, if it is a heading.
    #[must_use]
    pub fn read(line: &str) -> Option<Self> {
        type Whole = (String, (FlowId, String, String), Digest, Terms);
        type Short = (String, (FlowId, String, String), Digest);
        let (call, (flow, name, version), digest, terms) = match serde_json::from_str::<Whole>(line) {
            Ok((call, plugin, digest, terms)) => (call, plugin, digest, Some(terms)),
            Err(_) => {
                let (call, plugin, digest) = serde_json::from_str::<Short>(line).ok()?;
                (call, plugin, digest, None)
            }
        };
        (call == PLUGIN).then_some(Self { flow, name, version, digest, terms })
    }
}

/// A heading that is about to be written: what it says, borrowed from where it stands.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Opening<'a> {
    /// The flow that asks, and the plugin's name, version and component.
    #[serde(skip)]
    pub plugin: (&'a FlowId, &'a str, &'a str, &'a Digest),
    /// What runs it, and how that counts fuel.
    pub engine: &'a str,
    /// The circumstances.
    pub call: &'a Call,
    /// The digest of the settings.
    pub settings: &'a Digest,
    /// How much it is granted.
    pub limits: &'a Limits,
}

impl Opening<'_> {
    /// Writes the heading as a line, without the line's end.
    ///
    /// # Errors
    /// When the writer fails.
    pub fn write(&self, to: impl std::io::Write) -> serde_json::Result<()> {
        let (flow, name, version, digest) = self.plugin;
        serde_json::to_writer(to, &(PLUGIN, (flow, name, version), digest, self))
    }
}
