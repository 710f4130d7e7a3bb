//! The plugins that were taken in, by digest.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use rota_domain::id::Digest;
use rota_domain::rule::ErrorCode;
use rota_flow::ports::Plugin;
use wasmtime::Engine;
use wasmtime::component::{Component, Linker};

use crate::contract::v0_1;
use crate::engine::{EngineError, INSTANCES, engine};
use crate::gate::Gate;
use crate::intake::{Refusal, inspect, not_compiled};
use crate::session::Session;

/// All plugins of this host. A plugin is known by the digest of its component, so that a
/// hundred tenants with the same one share it.
pub struct Catalogue {
    pub(crate) engine: Engine,
    linker: Linker<Session>,
    pub(crate) gate: Gate,
    loaded: RwLock<HashMap<Digest, Arc<Loaded>>>,
}

pub(crate) struct Loaded {
    pub(crate) plugin: Plugin,
    pub(crate) router: v0_1::RouterPre<Session>,
}

impl std::fmt::Debug for Catalogue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Catalogue").finish_non_exhaustive()
    }
}

impl Catalogue {
    /// A catalogue without plugins.
    ///
    /// # Errors
    /// When the engine cannot start on this machine.
    pub fn new() -> Result<Self, EngineError> {
        let engine = engine()?;
        let linker = v0_1::linker(&engine).map_err(|error| EngineError::from_linker(&error))?;
        Ok(Self { engine, linker, gate: Gate::new(INSTANCES), loaded: RwLock::default() })
    }

    /// Takes a component in: judges it, compiles it, and checks that its world fits.
    ///
    /// # Errors
    /// Why it is refused; nothing has changed then.
    pub fn take_in(&self, component: &[u8]) -> Result<Plugin, Refusal> {
        let digest = Digest::of(component);
        if let Some(known) = self.find(&digest) {
            return Ok(known.plugin.clone());
        }
        let intake = inspect(component)?;
        let compiled =
            Component::new(&self.engine, component).map_err(|error| not_compiled(&intake.manifest.name, &error))?;
        let refuse = |error: wasmtime::Error| {
            let detail = format!(
                "`{}` does not fit the world `router` of rota:routing 0.1: {error:#}; build it against the published WIT",
                intake.manifest.name
            );
            Refusal::new(ErrorCode::Contract, detail)
        };
        let instance = self.linker.instantiate_pre(&compiled).map_err(refuse)?;
        v0_1::decide_fits(&self.engine, &compiled).map_err(|wrong| {
            let detail = format!(
                "`{}` exports `rota:routing/rule`, but {wrong}: build it against the published WIT",
                intake.manifest.name
            );
            Refusal::new(ErrorCode::Export, detail)
        })?;
        let router = v0_1::RouterPre::new(instance).map_err(refuse)?;
        let plugin = Plugin { digest: digest.clone(), manifest: Arc::new(intake.manifest) };
        let loaded = Arc::new(Loaded { plugin: plugin.clone(), router });
        self.loaded.write().unwrap_or_else(PoisonError::into_inner).insert(digest, loaded);
        Ok(plugin)
    }

    pub(crate) fn find(&self, digest: &Digest) -> Option<Arc<Loaded>> {
        self.loaded.read().unwrap_or_else(PoisonError::into_inner).get(digest).cloned()
    }
}
