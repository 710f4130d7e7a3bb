//! What people write, read: workspaces, `rota.toml`, events and plugins' cases. Everything
//! that can be wrong with a file is said here, with its line, the thing and what to do.

mod calendars;
mod case;
mod document;
mod error;
mod events;
mod files;
mod mend;
mod place;
mod plans;
mod server;
mod serving;
mod whose;
mod workspace;
mod zones;

pub use calendars::{CalendarFile, CalendarFiles};
pub use case::{Case, Expect};
pub use error::ConfigError;
pub(crate) use events::check_lead;
pub use events::read as read_events;
pub(crate) use files::within;
pub use files::{Bundle, Directory, Files};
pub(crate) use mend::nearest;
pub(crate) use place::{at, plugin_span, plugins, setting};
pub use server::{App, DEFAULT_LISTEN, Server, Tenant, load as load_server};
pub use serving::Serving;
pub(crate) use whose::whose;
pub(crate) use workspace::TOGETHER_MOST;
pub use workspace::{Loaded, TableFile, load as load_workspace};
