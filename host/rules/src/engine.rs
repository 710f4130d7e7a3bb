//! The wasmtime engine: what guests may be made of, and the pool that their instances
//! come from.

use std::time::Duration;

use rota_domain::limits::MEMORY_MAX;
use wasmtime::{Config, Enabled, Engine, EngineWeak, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::limits::{MEMORIES, MODULES, STACK_MAX, TABLE_MAX, TABLES};

/// How often the epoch moves: how late the processor-time backstop may notice.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// Decisions that may run at the same time.
pub(crate) const INSTANCES: u32 = 64;

/// The engine could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the WebAssembly engine could not start: {0}; Rota needs a 64-bit processor that Cranelift compiles for")]
pub struct EngineError(String);

impl EngineError {
    /// The contract does not fit the engine: a defect of this build.
    pub(crate) fn from_linker(error: &wasmtime::Error) -> Self {
        Self(format!("{error:#}"))
    }
}

/// An engine for rules. The pool makes an instance some microseconds cheaper; where the
/// machine does not grant the address space for it, instances are allocated one by one.
pub(crate) fn engine() -> Result<Engine, EngineError> {
    let engine = Engine::new(&config(InstanceAllocationStrategy::Pooling(pool()))).or_else(|error| {
        tracing::warn!(%error, "No instance pool on this machine: decisions will take longer");
        Engine::new(&config(InstanceAllocationStrategy::OnDemand))
    });
    let engine = engine.map_err(|error| EngineError(format!("{error:#}")))?;
    tick(engine.weak());
    Ok(engine)
}

/// An engine that only compiles: what it makes runs in the other one. It reserves no
/// address space, so that a process with little of it can have one.
pub(crate) fn compiling_engine() -> Result<Engine, EngineError> {
    Engine::new(&config(InstanceAllocationStrategy::OnDemand)).map_err(|error| EngineError(format!("{error:#}")))
}

fn config(strategy: InstanceAllocationStrategy) -> Config {
    let mut config = Config::new();
    config
        .allocation_strategy(strategy)
        // Guests are synchronous; each decision is then some microseconds cheaper.
        .concurrency_support(false)
        .consume_fuel(true)
        .epoch_interruption(true)
        .max_wasm_stack(STACK_MAX)
        // Replay demands that the same inputs give the same bytes on every machine.
        .cranelift_nan_canonicalization(true)
        .wasm_relaxed_simd(false)
        .relaxed_simd_deterministic(true)
        // Neither is needed by a rule, and each is more to get wrong.
        .wasm_memory64(false)
        .wasm_multi_memory(false)
        // Registering unwind tables is quadratic where many components are loaded.
        .native_unwind_info(false);
    config
}

fn pool() -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(INSTANCES)
        .total_core_instances(INSTANCES * MODULES)
        .total_memories(INSTANCES * MEMORIES)
        .total_tables(INSTANCES * TABLES)
        .max_core_instances_per_component(MODULES)
        .max_memories_per_component(MEMORIES)
        .max_tables_per_component(TABLES)
        .max_tables_per_module(TABLES)
        .max_memory_size(MEMORY_MAX)
        .table_elements(TABLE_MAX)
        .max_component_instance_size(4 << 20)
        .max_core_instance_size(2 << 20)
        // Clearing touched pages beats giving them back to the kernel and faulting them in.
        .linear_memory_keep_resident(1 << 20)
        .table_keep_resident(128 << 10)
        .max_unused_warm_slots(INSTANCES)
        .pagemap_scan(Enabled::Auto);
    pool
}

/// Moves the epoch for as long as the engine lives.
fn tick(engine: EngineWeak) {
    let ticker = std::thread::Builder::new().name("rota-epoch".into()).spawn(move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            std::thread::sleep(TICK);
        }
    });
    if let Err(error) = ticker {
        // Fuel still ends every guest; only the backstop is missing.
        tracing::error!(%error, "No thread for the processor-time backstop");
    }
}
