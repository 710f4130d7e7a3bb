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
#[derive(Clone, Copy, Debug)]
pub struct Opening<'a> {
    /// The flow that asks, and the plugin's name, version and component.
    pub plugin: (&'a FlowId, &'a str, &'a str, &'a Digest),
    /// What runs it, and how that counts fuel.
    pub engine: &'a str,
    /// The circumstances.
    pub call: &'a Call,
    /// The digest of the settings.
    pub settings: &'a Digest,
    /// How much it is granted: [`Limits`] as JSON.
    pub limits: &'a str,
}

impl Opening<'_> {
    /// Writes the heading as a line, without the line's end: [`Terms`] in their order, from
    /// parts that are JSON already where that spares writing the same again.
    ///
    /// # Errors
    /// Never; plain data becomes JSON.
    pub fn write(&self, to: &mut Vec<u8>) -> serde_json::Result<()> {
        let (flow, name, version, digest) = self.plugin;
        serde_json::to_writer(&mut *to, &(PLUGIN, (flow, name, version), digest))?;
        to.pop();
        to.extend_from_slice(b",{\"engine\":");
        serde_json::to_writer(&mut *to, self.engine)?;
        to.extend_from_slice(b",\"call\":");
        serde_json::to_writer(&mut *to, self.call)?;
        to.extend_from_slice(b",\"settings\":");
        serde_json::to_writer(&mut *to, self.settings)?;
        to.extend_from_slice(b",\"limits\":");
        to.extend_from_slice(self.limits.as_bytes());
        to.extend_from_slice(b"}]");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Language;
    use crate::rule::Mode;

    #[test]
    fn what_is_written_reads_as_what_it_was_written_from() {
        let call = Call {
            now: jiff::Timestamp::UNIX_EPOCH,
            seed: 7,
            trigger: "\"created\"".into(),
            attempt: 1,
            mode: Mode::Live,
        };
        let (flow, digest, settings) = ("in\\bound".into(), Digest::of(b"component"), Digest::of(b"{}"));
        let limits = Limits::of(Language::Rust);
        let text = serde_json::to_string(&limits).unwrap();
        let plugin = (&flow, "territory", "0.1.0", &digest);
        let opening = Opening { plugin, engine: "e", call: &call, settings: &settings, limits: &text };
        let mut line = Vec::new();
        opening.write(&mut line).unwrap();
        let terms = Terms { engine: "e".into(), call, settings: settings.clone(), limits };
        let whole = (PLUGIN, (&flow, "territory", "0.1.0"), &digest, &terms);
        assert_eq!(String::from_utf8(line.clone()).unwrap(), serde_json::to_string(&whole).unwrap());
        assert_eq!(Heading::read(std::str::from_utf8(&line).unwrap()).unwrap().terms, Some(terms));
    }
}
