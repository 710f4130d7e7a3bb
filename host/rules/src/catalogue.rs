//! The plugins that were taken in, by digest, and how one is asked.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError, RwLock};

use rota_domain::id::Digest;
use rota_domain::rule::{Answer, ErrorCode, Failure, Question, Verdict};
use rota_flow::ports::{Plugin, Rules};
use wasmtime::component::{Component, Linker};
use wasmtime::{Engine, Store, UpdateDeadline};

use crate::contract::v0_1;
use crate::cpu_time;
use crate::engine::{EngineError, INSTANCES, engine};
use crate::failure::{self, Stop};
use crate::gate::Gate;
use crate::intake::{Refusal, inspect};
use crate::limits::Limits;
use crate::session::Session;

/// All plugins of this host. A plugin is known by the digest of its component, so that a
/// hundred tenants with the same one share it.
pub struct Catalogue {
    engine: Engine,
    linker: Linker<Session>,
    gate: Gate,
    loaded: RwLock<HashMap<Digest, Arc<Loaded>>>,
}

struct Loaded {
    plugin: Plugin,
    limits: Limits,
    router: v0_1::RouterPre<Session>,
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
        let compiled = Component::new(&self.engine, component).map_err(|error| {
            let detail = format!("`{}` does not compile: {}", intake.manifest.name, error.root_cause());
            Refusal::new(ErrorCode::Compile, detail)
        })?;
        let refuse = |error: wasmtime::Error| {
            let detail = format!(
                "`{}` does not fit the world `router` of rota:routing 0.1: {error:#}; build it against the published WIT",
                intake.manifest.name
            );
            Refusal::new(ErrorCode::Contract, detail)
        };
        let router = self.linker.instantiate_pre(&compiled).and_then(v0_1::RouterPre::new).map_err(refuse)?;
        let limits = Limits::of(intake.manifest.language);
        let plugin = Plugin { digest: digest.clone(), manifest: Arc::new(intake.manifest) };
        let loaded = Arc::new(Loaded { plugin: plugin.clone(), limits, router });
        self.loaded.write().unwrap_or_else(PoisonError::into_inner).insert(digest, loaded);
        Ok(plugin)
    }

    fn find(&self, digest: &Digest) -> Option<Arc<Loaded>> {
        self.loaded.read().unwrap_or_else(PoisonError::into_inner).get(digest).cloned()
    }

    fn store(&self, session: Session) -> wasmtime::Result<Store<Session>> {
        let Limits { fuel, cpu_ms, call_bytes, .. } = session.limits;
        let mut store = Store::new(&self.engine, session);
        store.limiter(|session| &mut session.growth);
        store.set_fuel(fuel)?;
        store.set_hostcall_fuel(call_bytes);
        store.set_max_component_handles(64);
        let began = cpu_time::nanos();
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(move |_| {
            if cpu_time::nanos().saturating_sub(began) > cpu_ms * 1_000_000 {
                let detail = format!("it used more than {cpu_ms} ms of processor time");
                return Err(Stop::new(ErrorCode::Wall, detail).into());
            }
            Ok(UpdateDeadline::Continue(1))
        });
        Ok(store)
    }
}

impl Rules for Catalogue {
    fn ask(&self, question: Question) -> Answer {
        let began = cpu_time::nanos();
        let Some(loaded) = self.find(&question.plugin) else {
            let detail = format!("the plugin {} is not installed here", question.plugin);
            return failed(Failure { code: ErrorCode::Compile, detail });
        };
        if question.settings.len() > loaded.limits.settings {
            let detail =
                format!("the settings have {} bytes; {} are granted", question.settings.len(), loaded.limits.settings);
            return failed(Failure { code: ErrorCode::Settings, detail });
        }
        let _pass = self.gate.enter();
        let session = Session::new(question, loaded.plugin.manifest.clone(), loaded.limits);
        let mut answer = match self.store(session) {
            Ok(mut store) => {
                let verdict = match catch_unwind(AssertUnwindSafe(|| decide(&loaded, &mut store))) {
                    Ok(Verdict::Failed(failure)) => Verdict::Failed(failure::readable(&failure)),
                    Ok(verdict) => verdict,
                    // The lead shall not wait for ever for a host that fails at it every time.
                    Err(_) => Verdict::Failed(failure::of_host()),
                };
                let left = store.get_fuel().unwrap_or(0);
                answer(store.into_data(), verdict, loaded.limits.fuel.saturating_sub(left))
            }
            Err(error) => failed(failure::of(&error)),
        };
        answer.nanos = cpu_time::nanos().saturating_sub(began);
        answer
    }

    fn plugin(&self, digest: &Digest) -> Option<Plugin> {
        self.find(digest).map(|loaded| loaded.plugin.clone())
    }
}

fn decide(loaded: &Loaded, store: &mut Store<Session>) -> Verdict {
    let question = &store.data().question;
    let settings = question.settings.clone();
    let call = v0_1::call(&question.call);
    let returned = loaded
        .router
        .instantiate(&mut *store)
        .and_then(|router| router.rota_routing_rule().call_decide(&mut *store, &call, &settings));
    match returned {
        Ok(returned) => v0_1::accept(store.data_mut(), returned),
        Err(error) => Verdict::Failed(failure::of(&error)),
    }
}

fn answer(session: Session, verdict: Verdict, fuel: u64) -> Answer {
    let mut marks = Vec::new();
    if session.log_truncated {
        marks.push("log-truncated");
    }
    if session.explain_truncated {
        marks.push("explain-truncated");
    }
    Answer {
        verdict,
        transcript: session.transcript.into_bytes(),
        notes: session.notes,
        log: session.log,
        marks,
        fuel,
        nanos: 0,
    }
}

fn failed(failure: Failure) -> Answer {
    Answer {
        verdict: Verdict::Failed(failure),
        transcript: Vec::new(),
        notes: Vec::new(),
        log: Vec::new(),
        marks: Vec::new(),
        fuel: 0,
        nanos: 0,
    }
}
