//! One plugin of the catalogue: what it says of itself, and its code while it is in use.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use rota_domain::rule::Failure;
use rota_flow::ports::Plugin;

use crate::contract::v0_1::RouterPre;
use crate::session::Session;

/// After so many questions a plugin whose code could not be had is tried again.
const AGAIN: u32 = 64;

/// A plugin that can be asked.
pub(crate) struct Loaded {
    pub(crate) plugin: Plugin,
    pub(crate) router: RouterPre<Session>,
}

/// Where a plugin's code is.
pub(crate) enum Code {
    /// On the shelf; it is mapped when it is asked for.
    OnShelf,
    /// Mapped from the shelf; it may go back there.
    Mapped(Arc<Loaded>),
    /// In memory, and nowhere else.
    Only(Arc<Loaded>),
    /// Nowhere.
    Missing(Failure),
}

/// A plugin of the catalogue.
pub(crate) struct Entry {
    pub(crate) plugin: Plugin,
    code: RwLock<Code>,
    used: AtomicU64,
    refused: AtomicU32,
    loads: AtomicU32,
}

impl Entry {
    pub(crate) fn new(plugin: Plugin, code: Code) -> Arc<Self> {
        Arc::new(Self {
            plugin,
            code: RwLock::new(code),
            used: AtomicU64::new(0),
            refused: AtomicU32::new(0),
            loads: AtomicU32::new(0),
        })
    }

    /// The code, if it is there at once: `None` where it has to be loaded. `now` numbers the
    /// questions of the catalogue.
    pub(crate) fn at_once(&self, now: u64) -> Option<Result<Arc<Loaded>, Failure>> {
        self.used.store(now, Ordering::Relaxed);
        match &*self.code.read().unwrap_or_else(PoisonError::into_inner) {
            Code::Mapped(loaded) | Code::Only(loaded) => Some(Ok(loaded.clone())),
            Code::OnShelf => None,
            Code::Missing(failure) => {
                let refused = self.refused.fetch_add(1, Ordering::Relaxed) + 1;
                (!refused.is_multiple_of(AGAIN)).then(|| Err(failure.clone()))
            }
        }
    }

    /// Loads the code. Those who come meanwhile wait, and have what the first one got.
    pub(crate) fn load(&self, fetch: impl FnOnce() -> Code) -> Option<Result<Arc<Loaded>, Failure>> {
        let loads = self.loads.load(Ordering::Acquire);
        let mut code = self.code.write().unwrap_or_else(PoisonError::into_inner);
        let there = matches!(&*code, Code::Mapped(_) | Code::Only(_));
        if !there && loads == self.loads.load(Ordering::Acquire) {
            *code = fetch();
            self.loads.fetch_add(1, Ordering::Release);
        }
        match &*code {
            Code::Mapped(loaded) | Code::Only(loaded) => Some(Ok(loaded.clone())),
            Code::Missing(failure) => Some(Err(failure.clone())),
            Code::OnShelf => None,
        }
    }

    /// Whether the code is nowhere.
    pub(crate) fn is_missing(&self) -> bool {
        matches!(&*self.code.read().unwrap_or_else(PoisonError::into_inner), Code::Missing(_))
    }

    /// When it was last asked, if its code could go back to the shelf now.
    pub(crate) fn idle_since(&self) -> Option<u64> {
        let code = self.code.try_read().ok()?;
        matches!(&*code, Code::Mapped(_)).then(|| self.used.load(Ordering::Relaxed))
    }

    /// Lets go of code that is on the shelf. Decisions that use it go on with it.
    pub(crate) fn put_back(&self) {
        if let Ok(mut code) = self.code.try_write()
            && matches!(&*code, Code::Mapped(_))
        {
            *code = Code::OnShelf;
        }
    }
}
