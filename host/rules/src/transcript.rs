//! What a guest asked and what it was answered, written as it happens: one section of the
//! decision's transcript, in the format of `rota_domain::transcript`.

use rota_domain::rule::{ErrorCode, Failure};
use rota_domain::transcript::{FAILED, Opening, RETURNED, Seal};
use serde::Serialize;

use crate::asking::Ending;
use crate::failure::Stop;

/// What runs guests, and how it counts: the version of wasmtime, which decides what an
/// instruction costs, and a number of our own for everything else that uses fuel or ends a
/// guest. Whoever changes the one or the other changes this; a test compares the version.
pub const ENGINE: &str = "wasmtime 48.0.8, schedule 1";

/// A section on its way.
#[derive(Debug, Default)]
pub(crate) struct Transcript {
    bytes: Vec<u8>,
    seal: Seal,
    /// Where the calls begin, behind the heading.
    calls: usize,
}

impl Transcript {
    /// A section that begins with this heading.
    pub(crate) fn new(heading: &Opening<'_>) -> Self {
        let mut transcript = Self { bytes: Vec::with_capacity(2048), ..Self::default() };
        if heading.write(&mut transcript.bytes).is_err() {
            // Writing plain data into memory does not fail; nothing half-written stays.
            transcript.bytes.clear();
        }
        transcript.finish_line(0);
        transcript.calls = transcript.bytes.len();
        transcript
    }

    /// Adds a call. It fails when the calls came to more than `limit` bytes: then this one
    /// stands there as the one that ended the guest.
    pub(crate) fn enter(
        &mut self,
        function: &str,
        arguments: &impl Serialize,
        answer: &impl Serialize,
        limit: usize,
    ) -> wasmtime::Result<()> {
        let from = self.bytes.len();
        serde_json::to_writer(&mut self.bytes, &(function, arguments, answer))?;
        if self.bytes.len() - self.calls >= limit {
            self.bytes.truncate(from);
            let detail = format!("its questions and answers came to more than {} KiB", limit >> 10);
            let failure = Failure { code: ErrorCode::Output, detail };
            self.stop(function, arguments, &failure)?;
            return Err(Stop::new(failure.code, failure.detail).into());
        }
        self.finish_line(from);
        Ok(())
    }

    /// Adds a call that ended the guest.
    pub(crate) fn stop(
        &mut self,
        function: &str,
        arguments: &impl Serialize,
        failure: &Failure,
    ) -> wasmtime::Result<()> {
        let from = self.bytes.len();
        serde_json::to_writer(&mut self.bytes, &(function, arguments, (), failure))?;
        self.finish_line(from);
        Ok(())
    }

    /// The section with its end and its seal.
    pub(crate) fn close(mut self, ending: &Ending, fuel: u64) -> Vec<u8> {
        self.bytes.extend_from_slice(self.seal.close(&words(ending, fuel)).as_bytes());
        self.bytes.push(b'\n');
        self.bytes
    }

    fn finish_line(&mut self, from: usize) {
        self.seal.add(&self.bytes[from..]);
        self.bytes.push(b'\n');
    }
}

/// What the end of a section says, without the seal: `["returned",[fuel],{"Ok":…}`.
pub(crate) fn words(ending: &Ending, fuel: u64) -> String {
    #[derive(Serialize)]
    struct Failed<'a> {
        #[serde(flatten)]
        failure: &'a Failure,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        machine: bool,
    }
    let line = match ending {
        Ending::Returned(returned) => serde_json::to_string(&(RETURNED, [fuel], returned)),
        Ending::Failed { failure, machine } => {
            serde_json::to_string(&(FAILED, [fuel], Failed { failure, machine: *machine }))
        }
    };
    // Plain data always becomes JSON.
    let mut line = line.unwrap_or_default();
    line.pop();
    line
}
