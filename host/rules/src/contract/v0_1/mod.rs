//! `rota:routing@0.1.x`.

mod calendar;
mod lead;
mod outcome;
mod rep_pool;
mod signature;
mod state;
mod tables;
mod verdict;

use wasmtime::component::{HasSelf, Linker};

use crate::session::Session;

pub(crate) use signature::decide_fits;
pub(crate) use verdict::{accept, call};

mod bindings {
    #![allow(missing_docs, unreachable_pub, clippy::all, clippy::pedantic, reason = "generated")]
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "router",
        imports: { default: trappable },
        additional_derives: [serde::Serialize, serde::Deserialize],
    });
}

pub(crate) use bindings::exports::rota::routing::rule;
use bindings::rota::routing::{calendar as calendars, rep_pool as pools, state as counters, tables as look_ups};
pub(crate) use bindings::rota::routing::{effects, explain, log, types};
pub(crate) use bindings::{Router, RouterPre};

/// A linker that offers everything of this release, and nothing else.
pub(crate) fn linker(engine: &wasmtime::Engine) -> wasmtime::Result<Linker<Session>> {
    let mut linker = Linker::new(engine);
    Router::add_to_linker::<_, HasSelf<Session>>(&mut linker, |session| session)?;
    Ok(linker)
}
