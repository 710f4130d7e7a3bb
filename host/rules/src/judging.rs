//! Whether settings fit their plugin's schema: judged here for plugins of ours, and in a child
//! for strangers'. What fitted once is noted on the shelf, so that a start judges nothing again.

use rota_domain::id::{Digest, TenantId};
use rota_domain::rule::ErrorCode;
use rota_flow::ports::Plugin;

use crate::catalogue::Catalogue;
use crate::intake::Refusal;
use crate::settings::{Misfit, Schema};

impl Catalogue {
    /// What of these settings, which are JSON, does not fit a plugin of ours.
    ///
    /// # Errors
    /// When its schema cannot be used.
    pub fn judge(&self, plugin: &Plugin, settings: &str) -> Result<Vec<Misfit>, Refusal> {
        let Some(schema) = &plugin.settings_schema else { return Ok(Vec::new()) };
        let refuse = |why: String| {
            let name = &plugin.manifest.name;
            let detail = format!("the settings cannot be judged by the schema of `{name}`: {why}");
            Refusal::new(ErrorCode::Settings, detail)
        };
        let schema = Schema::compile(schema).map_err(refuse)?;
        let settings = serde_json::from_str(settings).map_err(|error| refuse(error.to_string()))?;
        Ok(schema.misfits(&settings))
    }

    /// The same for a plugin that a tenant sent in: a child of the workshop judges, where there
    /// is a workshop. It keeps the thread waiting for that long.
    ///
    /// # Errors
    /// When its schema cannot be used, or takes more than is granted.
    pub fn judge_from(&self, tenant: &TenantId, plugin: &Plugin, settings: &str) -> Result<Vec<Misfit>, Refusal> {
        let (Some(kept), Some(schema)) = (&self.kept, &plugin.settings_schema) else {
            return self.judge(plugin, settings);
        };
        let both = format!("{}\n{settings}", Digest::of(schema.as_bytes()));
        let both = Digest::of(both.as_bytes());
        if kept.shelf.fitted(&both) {
            return Ok(Vec::new());
        }
        let misfits = kept.workshop.judge(tenant.as_str(), &plugin.manifest.name, schema, settings)?;
        if misfits.is_empty()
            && let Err(error) = kept.shelf.note_fit(&both)
        {
            tracing::warn!(%error, "It cannot be kept that settings fit; they are judged again at the next start");
        }
        Ok(misfits)
    }
}
