//! Bare wasmtime: a fresh store and instance for each decision, and host functions that answer
//! the same as ours at once, without a transcript, a check or a limit.

use rota::routing::{calendar, effects, explain, lead, log, rep_pool, state, tables, types};
use wasmtime::component::{Component, HasSelf, Linker};
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store};

use crate::scene::Scene;
use exports::rota::routing::rule::Call;

wasmtime::component::bindgen!({ path: "../../wit", world: "router" });

/// Whether a guest's fuel and time are watched. Both cost it something in every loop.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Meter {
    On,
    Off,
}

/// An engine configured like ours.
pub(crate) struct Bare {
    engine: Engine,
    meter: Meter,
}

/// A component on it.
pub(crate) struct Loaded {
    engine: Engine,
    meter: Meter,
    router: RouterPre<Canned>,
}

/// Answers that stand ready.
pub(crate) struct Canned {
    members: u32,
}

impl Bare {
    pub(crate) fn new(meter: Meter) -> Self {
        let mut pool = PoolingAllocationConfig::new();
        pool.linear_memory_keep_resident(1 << 20).table_keep_resident(128 << 10).max_memory_size(128 << 20);
        pool.total_component_instances(64).total_core_instances(64 * 64).total_memories(256).total_tables(512);
        pool.table_elements(100_000).max_component_instance_size(4 << 20).max_core_instance_size(2 << 20);
        pool.pagemap_scan(wasmtime::Enabled::Auto).max_unused_warm_slots(64);
        let mut config = Config::new();
        config
            .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
            .concurrency_support(false)
            .consume_fuel(meter == Meter::On)
            .epoch_interruption(meter == Meter::On)
            .cranelift_nan_canonicalization(true)
            .native_unwind_info(false);
        Self { engine: Engine::new(&config).expect("an engine"), meter }
    }

    pub(crate) fn load(&self, component: &[u8]) -> Loaded {
        let component = Component::new(&self.engine, component).expect("a component");
        let mut linker = Linker::new(&self.engine);
        Router::add_to_linker::<_, HasSelf<Canned>>(&mut linker, |canned| canned).expect("a linker");
        let router = RouterPre::new(linker.instantiate_pre(&component).expect("imports")).expect("exports");
        Loaded { engine: self.engine.clone(), meter: self.meter, router }
    }
}

impl Loaded {
    pub(crate) fn decide(&self, scene: &Scene) {
        let mut store = Store::new(&self.engine, Canned { members: scene.members });
        if self.meter == Meter::On {
            store.set_fuel(20_000_000).expect("fuel");
            store.set_epoch_deadline(1);
        }
        let call = Call { now: 0.0, seed: 7, trigger: "created".into(), attempt: 1, mode: "test".into() };
        let router = self.router.instantiate(&mut store).expect("an instance");
        let decision =
            router.rota_routing_rule().call_decide(&mut store, &call, scene.settings.text()).expect("an answer");
        std::hint::black_box(decision.expect("a decision"));
    }
}

impl types::Host for Canned {}

impl lead::Host for Canned {
    fn text(&mut self, name: String) -> Result<String, types::Absence> {
        match name.as_str() {
            "country" => Ok("US".into()),
            "zip" => Ok("10001".into()),
            _ => Err(types::Absence::Absent),
        }
    }
    fn number(&mut self, _: String) -> Result<f64, types::Absence> {
        Ok(40.0)
    }
    fn flag(&mut self, _: String) -> Result<bool, types::Absence> {
        Err(types::Absence::Absent)
    }
    fn time(&mut self, _: String) -> Result<f64, types::Absence> {
        Err(types::Absence::Absent)
    }
    fn several(&mut self, _: String) -> Result<Vec<String>, types::Absence> {
        Err(types::Absence::Absent)
    }
    fn source_class(&mut self) -> String {
        "inbound:demo-request".into()
    }
    fn record_owner(&mut self) -> types::Owner {
        types::Owner::Nobody
    }
    fn company_text(&mut self, _: String) -> Result<String, types::Absence> {
        Err(types::Absence::Absent)
    }
    fn company_number(&mut self, _: String) -> Result<f64, types::Absence> {
        Err(types::Absence::Absent)
    }
    fn company_owner(&mut self) -> types::Owner {
        types::Owner::Nobody
    }
    fn history(&mut self, _: u32) -> Vec<lead::PastEvent> {
        Vec::new()
    }
    fn prior_owner(&mut self, _: String) -> types::Owner {
        types::Owner::Nobody
    }
}

impl rep_pool::Host for Canned {
    fn open(&mut self, _: String) -> Result<u32, types::Refusal> {
        Ok(0)
    }
    fn members(&mut self, _: u32) -> Vec<u32> {
        (0..self.members).flat_map(|rep| [rep, 1, 0, u32::MAX, 0]).collect()
    }
    fn next(&mut self, _: u32, _: Vec<u32>, _: Vec<u32>) -> Option<u32> {
        Some(0)
    }
    fn find_by_email(&mut self, _: String) -> Option<u32> {
        None
    }
    fn find_by_owner(&mut self, _: String) -> Option<u32> {
        None
    }
    fn available(&mut self, _: u32) -> rep_pool::Availability {
        rep_pool::Availability::Available
    }
    fn attribute(&mut self, _: u32, _: String) -> Option<String> {
        Some("rep000".into())
    }
    fn tags(&mut self, _: u32) -> Vec<String> {
        Vec::new()
    }
    fn has_tag(&mut self, _: u32, _: String) -> bool {
        false
    }
}

impl tables::Host for Canned {
    fn open(&mut self, _: String) -> Result<u32, types::Refusal> {
        Ok(0)
    }
    fn look_up(&mut self, _: u32, _: String) -> Option<String> {
        Some("na".into())
    }
}

impl calendar::Host for Canned {
    fn is_open(&mut self, _: String, _: f64) -> Result<bool, types::Refusal> {
        Ok(true)
    }
    fn add_business_minutes(&mut self, _: String, start: f64, _: u32) -> Result<f64, types::Refusal> {
        Ok(start)
    }
}

impl state::Host for Canned {
    fn counter(&mut self, _: String) -> Result<i32, types::Refusal> {
        Ok(0)
    }
    fn add(&mut self, _: String, amount: i32) -> Result<i32, types::Refusal> {
        Ok(amount)
    }
}

impl effects::Host for Canned {
    fn set_property(&mut self, _: String, _: String) -> Result<(), types::Refusal> {
        Ok(())
    }
    fn task(&mut self, _: String, _: String, _: Option<f64>) -> Result<(), types::Refusal> {
        Ok(())
    }
    fn note(&mut self, _: String) -> Result<(), types::Refusal> {
        Ok(())
    }
    fn notify(&mut self, _: String, _: String) -> Result<(), types::Refusal> {
        Ok(())
    }
    fn response_target(&mut self, _: u32, _: Option<String>) -> Result<(), types::Refusal> {
        Ok(())
    }
}

impl explain::Host for Canned {
    fn note(&mut self, _: String, _: String) {}
}

impl log::Host for Canned {
    fn line(&mut self, _: log::Level, _: String) {}
}
