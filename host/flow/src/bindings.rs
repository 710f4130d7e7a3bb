//! What a workspace names and does not hold itself: the plugin of each flow, tables and calendar files.

use std::collections::HashMap;

use rota_domain::icalendar::CalendarFiles;
use rota_domain::id::FlowId;
use rota_domain::limits::Limits;
use rota_domain::rule::Settings;
use rota_domain::table::Tables;

use crate::ports::Plugin;

/// The plugin of a flow, with the settings that it gets.
#[derive(Clone, Debug)]
pub struct Binding {
    /// The plugin.
    pub plugin: Plugin,
    /// The settings.
    pub settings: Settings,
    /// How much it may use.
    pub limits: Limits,
}

/// What a workspace names, found.
#[derive(Clone, Debug, Default)]
pub struct Bindings {
    /// The plugin of each flow.
    pub flows: HashMap<FlowId, Binding>,
    /// The tables, by name.
    pub tables: Tables,
    /// The calendar files, by the digests that the workspace has of them.
    pub calendar_files: CalendarFiles,
}
