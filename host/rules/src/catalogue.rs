//! The plugins that were taken in, by digest. A catalogue that is kept has a shelf, so that
//! nothing is compiled twice, and a workshop, so that strangers' components are compiled
//! elsewhere; one that is not compiles everything itself and forgets it.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use rota_domain::id::{Digest, TenantId};
use rota_domain::rule::{ErrorCode, Failure};
use rota_flow::ports::Plugin;

use crate::artefact::Artefact;
use crate::compiling::Compiling;
use crate::engine::{EngineError, INSTANCES, engine};
use crate::entry::{Code, Entry, Loaded};
use crate::gate::Gate;
use crate::incoming::Incoming;
use crate::intake::{Intake, Refusal, inspect, not_compiled};
use crate::limits::Written;
use crate::shelf::{Key, Shelf, ShelfError};
use crate::workshop::{Made, Workshop};

/// How many plugins' code is mapped at once. Each takes a descriptor, and memory for what is
/// looked at of it; loading one again takes about a millisecond.
const MAPPED: usize = 256;

/// All plugins of this host. A plugin is known by the digest of its component, so that a
/// hundred tenants with the same one share it.
pub struct Catalogue {
    pub(crate) compiling: Compiling,
    pub(crate) gate: Gate,
    pub(crate) written: Written,
    entries: RwLock<HashMap<Digest, Arc<Entry>>>,
    pub(crate) kept: Option<Kept>,
    questions: AtomicU64,
}

/// What a catalogue has that is kept.
pub(crate) struct Kept {
    pub(crate) shelf: Shelf,
    pub(crate) workshop: Arc<Workshop>,
}

/// A catalogue cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The engine could not be made.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The shelf cannot be used.
    #[error(transparent)]
    Shelf(#[from] ShelfError),
}

impl std::fmt::Debug for Catalogue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Catalogue").finish_non_exhaustive()
    }
}

impl Catalogue {
    /// A catalogue without plugins, which compiles in this process and keeps nothing.
    ///
    /// # Errors
    /// When the engine cannot start on this machine.
    pub fn new() -> Result<Self, EngineError> {
        Ok(Self {
            compiling: Compiling::new(engine()?)?,
            gate: Gate::new(INSTANCES),
            written: Written::default(),
            entries: RwLock::default(),
            kept: None,
            questions: AtomicU64::new(0),
        })
    }

    /// A catalogue with what is on the shelf in this folder, under this key, and with what the
    /// workshop makes.
    ///
    /// # Errors
    /// When the engine cannot start on this machine, or the folder cannot be used.
    pub fn kept(folder: &Path, key: Key, workshop: Arc<Workshop>) -> Result<Self, OpenError> {
        let mut catalogue = Self::new()?;
        let shelf = Shelf::open(folder, key, catalogue.compiling.mark())?;
        catalogue.kept = Some(Kept { shelf, workshop });
        Ok(catalogue)
    }

    /// Takes a component of ours in: judges it, compiles it in this process, and checks that
    /// its world fits.
    ///
    /// # Errors
    /// Why it is refused; nothing has changed then.
    pub fn take_in(&self, component: &[u8]) -> Result<Plugin, Refusal> {
        self.take_in_by(Incoming::Bytes(component), || self.make_here(component), |_| Ok(()))
    }

    /// Takes a component of a tenant in: the same, but a child of the workshop judges and
    /// compiles it, where there is a workshop. It keeps the thread waiting for that long.
    ///
    /// # Errors
    /// Why it is refused; nothing has changed then.
    pub fn take_in_from(&self, tenant: &TenantId, component: &[u8]) -> Result<Plugin, Refusal> {
        self.take_in_from_if(tenant, Incoming::Bytes(component), |_| Ok(()))
    }

    /// The same, but what it says of itself is looked at before anything of it is kept.
    ///
    /// # Errors
    /// The same, and why it may not be taken in for all that.
    pub fn take_in_from_if<E: From<Refusal>>(
        &self,
        tenant: &TenantId,
        component: Incoming<'_>,
        may: impl FnOnce(&Plugin) -> Result<(), E>,
    ) -> Result<Plugin, E> {
        let make = || match &self.kept {
            Some(kept) => kept.workshop.make(tenant.as_str(), component, &self.compiling.mark()),
            None => self.make_here(&component.whole()?),
        };
        self.take_in_by(component, make, may)
    }

    fn take_in_by<E: From<Refusal>>(
        &self,
        component: Incoming<'_>,
        make: impl FnOnce() -> Result<Made, Refusal>,
        may: impl FnOnce(&Plugin) -> Result<(), E>,
    ) -> Result<Plugin, E> {
        let digest = component.digest();
        if let Some(known) = self.known(&digest).filter(|entry| !entry.is_missing()) {
            may(&known.plugin)?;
            return Ok(known.plugin.clone());
        }
        let made = make()?;
        let plugin = named(digest.clone(), &made.intake);
        may(&plugin)?;
        let code = self.settle(&plugin, &component.whole()?, made)?;
        let entry = Entry::new(plugin.clone(), code);
        self.entries.write().unwrap_or_else(PoisonError::into_inner).insert(digest, entry);
        self.make_room();
        Ok(plugin)
    }

    /// Judges and compiles in this process.
    fn make_here(&self, component: &[u8]) -> Result<Made, Refusal> {
        let intake = inspect(component)?;
        let compiled = self.compiling.compile(component, &intake)?;
        let artefact = compiled.serialize().map_err(|error| not_compiled(&intake.manifest.name, &error))?;
        Ok(Made { intake, artefact })
    }

    /// Puts what was made onto the shelf, and loads it. Where the shelf cannot take it, such
    /// as for a full disk, it stays in memory.
    fn settle(&self, plugin: &Plugin, component: &[u8], made: Made) -> Result<Code, Refusal> {
        let Made { intake, artefact } = made;
        if let Some(Kept { shelf, .. }) = &self.kept {
            match shelf.keep(component, &intake, &artefact) {
                Ok(()) => {
                    let code = shelf.code(&plugin.digest).map(|(code, _)| self.load(plugin, &code, &intake));
                    match code {
                        Some(Ok(loaded)) => return Ok(Code::Mapped(loaded)),
                        // Such as where the disk may hold no programs: memory may.
                        Some(Err(refusal)) => {
                            tracing::warn!(%refusal, "A compiled plugin cannot be used from the disk; it stays in memory");
                        }
                        None => {}
                    }
                }
                Err(error) => {
                    let (name, digest) = (&plugin.manifest.name, &plugin.digest);
                    tracing::warn!(%name, %digest, %error, "A compiled plugin cannot be kept; it is compiled again at the next start");
                }
            }
        }
        self.load(plugin, &Artefact::Fresh(artefact), &intake).map(Code::Only)
    }

    fn load(&self, plugin: &Plugin, code: &Artefact, intake: &Intake) -> Result<Arc<Loaded>, Refusal> {
        let compiled =
            code.load(&self.compiling.engine).map_err(|error| not_compiled(&intake.manifest.name, &error))?;
        let router = self.compiling.fit(&compiled, &plugin.manifest.name)?;
        Ok(Arc::new(Loaded { plugin: plugin.clone(), router }))
    }

    /// A plugin that was taken in, now or before the last start. One that another build of
    /// Rota took in is compiled again for this one, which takes a while.
    pub(crate) fn entry(&self, digest: &Digest) -> Option<Arc<Entry>> {
        self.known(digest).or_else(|| {
            let (plugin, code) = self.again(digest)?.ok()?;
            Some(self.add(Entry::new(plugin, code)))
        })
    }

    /// The same, but only where this build took it in.
    fn known(&self, digest: &Digest) -> Option<Arc<Entry>> {
        if let Some(known) = self.entries.read().unwrap_or_else(PoisonError::into_inner).get(digest) {
            return Some(known.clone());
        }
        let plugin = named(digest.clone(), &self.kept.as_ref()?.shelf.intake(digest)?);
        Some(self.add(Entry::new(plugin, Code::OnShelf)))
    }

    /// Adds a plugin, unless somebody else has added it meanwhile.
    fn add(&self, entry: Arc<Entry>) -> Arc<Entry> {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        entries.entry(entry.plugin.digest.clone()).or_insert(entry).clone()
    }

    /// A plugin's code, loaded now if it has not been yet.
    pub(crate) fn ready(&self, digest: &Digest) -> Result<Arc<Loaded>, Failure> {
        let not_there = |detail: String| Failure { code: ErrorCode::Compile, detail };
        let Some(entry) = self.entry(digest) else {
            return Err(not_there(format!("the plugin {digest} is not installed here")));
        };
        let now = self.questions.fetch_add(1, Ordering::Relaxed);
        if let Some(there) = entry.at_once(now) {
            return there;
        }
        let fetch = || self.fetch(&entry.plugin).unwrap_or_else(|refusal| Code::Missing(not_there(refusal.detail)));
        // Whoever came first may have had to put it back already, for want of room.
        let loaded = entry.load(fetch).or_else(|| entry.load(fetch));
        self.make_room();
        loaded.unwrap_or_else(|| Err(not_there(format!("the plugin {digest} could not be loaded"))))
    }

    /// A plugin's code from the shelf, or made again from its component.
    fn fetch(&self, plugin: &Plugin) -> Result<Code, Refusal> {
        let name = &plugin.manifest.name;
        if let Some((code, intake)) = self.kept.as_ref().and_then(|kept| kept.shelf.code(&plugin.digest)) {
            match self.load(plugin, &code, &intake) {
                Ok(loaded) => return Ok(Code::Mapped(loaded)),
                Err(refusal) => {
                    tracing::error!(%name, %refusal, "A compiled plugin cannot be loaded; it is compiled again");
                }
            }
        }
        let gone = || {
            let detail = format!("the code of `{name}` is not here any more, nor its component: install it again");
            Refusal::new(ErrorCode::Compile, detail)
        };
        self.again(&plugin.digest).ok_or_else(gone)?.map(|(_, code)| code)
    }

    /// Compiles a component of the shelf again. It was taken in once, but perhaps by a host
    /// that knew less: a child does it.
    fn again(&self, digest: &Digest) -> Option<Result<(Plugin, Code), Refusal>> {
        let Kept { shelf, workshop } = self.kept.as_ref()?;
        let component = shelf.component(digest)?;
        let made = workshop.make(digest.as_str(), Incoming::Bytes(&component), &self.compiling.mark());
        Some(made.and_then(|made| {
            let plugin = named(digest.clone(), &made.intake);
            let code = self.settle(&plugin, &component, made)?;
            Ok((plugin, code))
        }))
    }

    /// Lets go of the code that has not been asked for longest, where there is too much.
    fn make_room(&self) {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        let mut idle: Vec<_> = entries.values().filter_map(|entry| Some((entry.idle_since()?, entry))).collect();
        if idle.len() > MAPPED {
            idle.sort_by_key(|(used, _)| *used);
            let spare = idle.len() - MAPPED;
            idle.iter().take(spare).for_each(|(_, entry)| entry.put_back());
        }
    }
}

/// A plugin as it is known by its digest.
fn named(digest: Digest, intake: &Intake) -> Plugin {
    let settings_schema = intake.settings_schema.as_deref().map(Arc::from);
    Plugin {
        digest,
        manifest: Arc::new(intake.manifest.clone()),
        makeup: Arc::new(intake.makeup.clone()),
        settings_schema,
    }
}
