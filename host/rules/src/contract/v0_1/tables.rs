//! The interface `tables`: look-up tables of the workspace.

use super::look_ups::Host;
use super::types::Refusal;
use crate::session::Session;

/// Bytes of a key that the host looks at for the price of one call.
const KEY_BYTES: usize = 256;

impl Host for Session {
    fn open(&mut self, name: String) -> wasmtime::Result<Result<u32, Refusal>> {
        self.step("tables.open", (&name,), |session| {
            let desk = session.question.desk.clone();
            match desk.tables.get(&name) {
                Some(table) => session.open_table(table).map(Ok),
                None => Ok(Err(Refusal::Unknown)),
            }
        })
    }

    fn look_up(&mut self, table: u32, key: String) -> wasmtime::Result<Option<String>> {
        self.step("tables.look-up", (table, &key), |session| {
            session.count(key.len() / KEY_BYTES)?;
            Ok(session.table(table)?.look_up(&key).map(str::to_owned))
        })
    }
}
