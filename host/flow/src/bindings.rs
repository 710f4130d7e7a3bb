//! Which plugin each flow asks, and with which settings.

use std::collections::HashMap;
use std::sync::Arc;

use rota_domain::id::FlowId;

use crate::ports::Plugin;

/// The plugin of a flow, with the settings that it gets.
#[derive(Clone, Debug)]
pub struct Binding {
    /// The plugin.
    pub plugin: Plugin,
    /// The settings, as JSON text.
    pub settings: Arc<str>,
}

/// The plugin of each flow.
pub type Bindings = HashMap<FlowId, Binding>;
