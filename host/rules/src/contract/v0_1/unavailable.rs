//! The interfaces `tables`, `calendar` and `state`: not built yet in this release. Every
//! call answers `unavailable`, so that a rule can take another branch.

use rota_domain::rule::ErrorCode;

use super::types::Refusal;
use super::{calendar, state, tables};
use crate::failure::Stop;
use crate::session::Session;

impl tables::Host for Session {
    fn open(&mut self, name: String) -> wasmtime::Result<Result<u32, Refusal>> {
        self.step("tables.open", (&name,), |_| Ok(Err(Refusal::Unavailable)))
    }

    fn look_up(&mut self, table: u32, key: String) -> wasmtime::Result<Option<String>> {
        self.step("tables.look-up", (table, &key), |_| {
            Err(Stop::new(ErrorCode::Handles, format!("it looked into table {table}, which it has not opened")).into())
        })
    }
}

impl calendar::Host for Session {
    fn is_open(&mut self, name: String, at: f64) -> wasmtime::Result<Result<bool, Refusal>> {
        self.step("calendar.is-open", (&name, at), |_| Ok(Err(Refusal::Unavailable)))
    }

    fn add_business_minutes(
        &mut self,
        name: String,
        start: f64,
        minutes: u32,
    ) -> wasmtime::Result<Result<f64, Refusal>> {
        self.step("calendar.add-business-minutes", (&name, start, minutes), |_| Ok(Err(Refusal::Unavailable)))
    }
}

impl state::Host for Session {
    fn counter(&mut self, name: String) -> wasmtime::Result<Result<i32, Refusal>> {
        self.step("state.counter", (&name,), |_| Ok(Err(Refusal::Unavailable)))
    }

    fn add(&mut self, name: String, amount: i32) -> wasmtime::Result<Result<i32, Refusal>> {
        self.step("state.add", (&name, amount), |_| Ok(Err(Refusal::Unavailable)))
    }
}
