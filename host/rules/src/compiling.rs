//! From a component's bytes to code that fits the contract: the same steps in this process
//! and in a workshop's child.

use std::hash::{Hash as _, Hasher};

use rota_domain::rule::ErrorCode;
use sha2::{Digest as _, Sha256};
use wasmtime::Engine;
use wasmtime::component::{Component, Linker};

use crate::contract::v0_1::{self, RouterPre};
use crate::engine::EngineError;
use crate::intake::{Intake, Refusal, not_compiled};
use crate::session::Session;

/// What was found at an intake is kept under this number too: count it up whenever `intake`
/// begins to refuse more, or finds more.
const INTAKE: u32 = 3;

/// Compiles, and joins what was compiled to the contract.
pub(crate) struct Compiling {
    pub(crate) engine: Engine,
    linker: Linker<Session>,
}

impl Compiling {
    pub(crate) fn new(engine: Engine) -> Result<Self, EngineError> {
        let linker = v0_1::linker(&engine).map_err(|error| EngineError::from_linker(&error))?;
        Ok(Self { engine, linker })
    }

    /// Compiles a component that has been judged.
    pub(crate) fn compile(&self, component: &[u8], intake: &Intake) -> Result<Component, Refusal> {
        Component::new(&self.engine, component).map_err(|error| not_compiled(&intake.manifest.name, &error))
    }

    /// The component, checked against the contract and ready to be instantiated.
    pub(crate) fn fit(&self, compiled: &Component, name: &str) -> Result<RouterPre<Session>, Refusal> {
        let refuse = |error: wasmtime::Error| {
            let detail = format!(
                "`{name}` does not fit the world `router` of rota:routing 0.1: {error:#}; build it against the published WIT"
            );
            Refusal::new(ErrorCode::Contract, detail)
        };
        let instance = self.linker.instantiate_pre(compiled).map_err(refuse)?;
        v0_1::decide_fits(&self.engine, compiled).map_err(|wrong| {
            let detail =
                format!("`{name}` exports `rota:routing/rule`, but {wrong}: build it against the published WIT");
            Refusal::new(ErrorCode::Export, detail)
        })?;
        RouterPre::new(instance).map_err(refuse)
    }

    /// What compiled code and intakes of this build have in common, and those of another
    /// wasmtime, configuration or release do not.
    pub(crate) fn mark(&self) -> String {
        let mut hasher = Sha(Sha256::new());
        (env!("CARGO_PKG_VERSION"), INTAKE).hash(&mut hasher);
        self.engine.precompile_compatibility_hash().hash(&mut hasher);
        hasher.0.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }
}

/// SHA-256 where the standard library wants its own kind of hash: the same in every process.
struct Sha(Sha256);

impl Hasher for Sha {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        self.0.clone().finalize().iter().take(8).fold(0, |all, byte| all << 8 | u64::from(*byte))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{compiling_engine, engine};

    #[test]
    fn what_the_compiling_engine_makes_is_for_the_engine_that_runs() {
        let mark = |engine| Compiling::new(engine).expect("a linker").mark();
        assert_eq!(mark(engine().expect("an engine")), mark(compiling_engine().expect("an engine")));
    }
}
