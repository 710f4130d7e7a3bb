//! What a guest asked and what it was answered, written as it happens.

use rota_domain::rule::ErrorCode;
use serde::Serialize;

use crate::failure::Stop;

/// One JSON array a line: the function, its arguments, its answer.
#[derive(Debug, Default)]
pub(crate) struct Transcript {
    bytes: Vec<u8>,
}

impl Transcript {
    /// Adds a call and gives the bytes that it took. It fails when the transcript is larger
    /// than `limit` bytes.
    pub(crate) fn enter(
        &mut self,
        function: &str,
        arguments: &impl Serialize,
        answer: &impl Serialize,
        limit: usize,
    ) -> wasmtime::Result<usize> {
        let before = self.bytes.len();
        serde_json::to_writer(&mut self.bytes, &(function, arguments, answer))?;
        self.bytes.push(b'\n');
        if self.bytes.len() > limit {
            let detail = format!("its questions and answers came to more than {} KiB", limit >> 10);
            return Err(Stop::new(ErrorCode::Output, detail).into());
        }
        Ok(self.bytes.len() - before)
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}
