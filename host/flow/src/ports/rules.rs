//! The port to plugins.

use std::sync::Arc;

use rota_domain::id::Digest;
use rota_domain::library::Makeup;
use rota_domain::manifest::Manifest;
use rota_domain::rule::{Answer, Failure, Question};
use rota_domain::transcript::{Replayed, Section};

/// A plugin that may be asked.
#[derive(Clone, Debug)]
pub struct Plugin {
    /// The digest of its component.
    pub digest: Digest,
    /// What it says of itself.
    pub manifest: Arc<Manifest>,
    /// What it is made of.
    pub makeup: Arc<Makeup>,
    /// The JSON Schema of its settings.
    pub settings_schema: Option<Arc<str>>,
}

/// Runs rules.
pub trait Rules: Send + Sync {
    /// Asks a plugin about one lead. It always answers: what goes wrong is a verdict. The
    /// call keeps the thread busy for as long as the rule runs.
    fn ask(&self, question: Question) -> Answer;

    /// The plugin with this digest, if it was taken in.
    fn plugin(&self, digest: &Digest) -> Option<Plugin>;
}

/// Asks again what was asked before.
pub trait Replays: Send + Sync {
    /// Asks the plugin of a section the same question, answers its calls from the section,
    /// and compares what it asks and what it gives back byte for byte. Of the question only
    /// the settings are new, and have to be those that the section's terms name; what the
    /// terms say of circumstances and limits holds, and nothing else is looked at.
    ///
    /// # Errors
    /// Why it could not be asked: it was not taken in, or its terms were not recorded.
    fn replay(&self, question: Question, section: &Section<'_>) -> Result<Replayed, Failure>;
}
