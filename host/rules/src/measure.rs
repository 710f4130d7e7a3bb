//! What one decision costs, part by part: for authors who want to know where the time goes.
//! Nothing here is on the way of a lead.

use rota_domain::rule::{Failure, Question};
use wasmtime::Store;

use crate::asking;
use crate::catalogue::Catalogue;
use crate::contract::v0_1;
use crate::failure;
use crate::session::Session;
use crate::stopwatch;
use crate::transcript::Transcript;

/// The cost of one decision. Times are of the processor, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// A fresh store and a fresh instance.
    pub instantiate_nanos: u64,
    /// The rule itself, with the host's answers to it.
    pub call_nanos: u64,
    /// Clearing the instance away.
    pub clear_nanos: u64,
    /// Fuel used.
    pub fuel: u64,
    /// The most bytes of memory that the rule had.
    pub memory: usize,
}

impl Catalogue {
    /// Asks a plugin as [`Rules::ask`](rota_flow::ports::Rules::ask) does, and takes the time
    /// of each part.
    ///
    /// # Errors
    /// If the plugin is not installed, or stopped.
    pub fn measure(&self, question: Question) -> Result<Cost, Failure> {
        let loaded = self.ready(&question.plugin)?;
        let (granted, settings) = (question.limits.fuel, question.settings.clone());
        let call = v0_1::call(&question.call);
        let _pass = self.gate.enter();
        let session = Session::new(question, loaded.plugin.manifest.clone(), Transcript::default());

        let began = stopwatch::cpu_nanos();
        let mut store: Store<Session> = asking::store(&self.compiling.engine, session);
        let router = store.set_fuel(granted).and_then(|()| loaded.router.instantiate(&mut store));
        let router = router.map_err(|error| fail(&error, &store))?;
        let made = stopwatch::cpu_nanos();
        let returned = router.rota_routing_rule().call_decide(&mut store, &call, settings.text());
        let called = stopwatch::cpu_nanos();
        // Settings that it cannot use are an answer too, and cost what they cost.
        let _answer = returned.map_err(|error| fail(&error, &store))?;
        let fuel = granted.saturating_sub(store.get_fuel().unwrap_or(0));
        let memory = store.data().growth.granted();
        let ending = stopwatch::cpu_nanos();
        drop(store);
        let cleared = stopwatch::cpu_nanos();
        Ok(Cost {
            instantiate_nanos: made.saturating_sub(began),
            call_nanos: called.saturating_sub(made),
            clear_nanos: cleared.saturating_sub(ending),
            fuel,
            memory,
        })
    }
}

fn fail(error: &wasmtime::Error, store: &Store<Session>) -> Failure {
    failure::readable(&failure::of(error, store.data()))
}
