//! The port to plugins.

use std::sync::Arc;

use rota_domain::id::Digest;
use rota_domain::manifest::Manifest;
use rota_domain::rule::{Answer, Question};

/// A plugin that may be asked.
#[derive(Clone, Debug)]
pub struct Plugin {
    /// The digest of its component.
    pub digest: Digest,
    /// What it says of itself.
    pub manifest: Arc<Manifest>,
}

/// Runs rules.
pub trait Rules: Send + Sync {
    /// Asks a plugin about one lead. It always answers: what goes wrong is a verdict. The
    /// call keeps the thread busy for as long as the rule runs.
    fn ask(&self, question: Question) -> Answer;

    /// The plugin with this digest, if it was taken in.
    fn plugin(&self, digest: &Digest) -> Option<Plugin>;
}
