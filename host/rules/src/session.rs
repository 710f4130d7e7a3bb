//! What the host keeps while one guest decides: the question, what was handed out, and
//! what the guest asked for. It lives as long as the instance.
//!
//! A session is live, and then works answers out and writes them down; or it plays a record,
//! and then takes them from there. Whatever depends on the question or on what was handed
//! out has to stand inside the closure that `step` gets: in replay it is not run.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use rota_domain::agenda::Line;
use rota_domain::desk::Hindrance;
use rota_domain::fairness::Turn;
use rota_domain::id::{PoolId, RepId};
use rota_domain::limits::Limits;
use rota_domain::manifest::Manifest;
use rota_domain::rule::{ErrorCode, Note, Question, Wish};
use rota_domain::table::Table;
use rota_domain::workspace::Rep;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::failure::{self, Stop};
use crate::limits::Growth;
use crate::tape::Tape;
use crate::transcript::Transcript;

pub(crate) struct Session {
    pub(crate) question: Question,
    pub(crate) manifest: Arc<Manifest>,
    pub(crate) limits: Limits,
    pub(crate) growth: Growth,
    pub(crate) transcript: Transcript,
    pub(crate) tape: Option<Tape>,
    pub(crate) turns: Vec<Turn>,
    /// The last pool that had nobody for a turn.
    pub(crate) nobody: Option<Line>,
    pub(crate) wishes: Vec<Wish>,
    pub(crate) wish_bytes: usize,
    pub(crate) response_due: Option<Timestamp>,
    pub(crate) counters: BTreeMap<String, i32>,
    pub(crate) notes: Vec<Note>,
    pub(crate) note_bytes: usize,
    pub(crate) explain_truncated: bool,
    pub(crate) log: Vec<String>,
    pub(crate) log_bytes: usize,
    pub(crate) log_truncated: bool,
    pub(crate) undeclared_read: Option<String>,
    pub(crate) undeclared_write: Option<String>,
    /// What the guest said of its panic, before the trap that ends it.
    pub(crate) panic: Option<String>,
    pools: Vec<PoolId>,
    tables: Vec<Arc<Table>>,
    shown: Vec<bool>,
    calls: usize,
    carried: usize,
}

impl Session {
    /// Says what stood against the members of a pool that gave nobody a turn: a note for each hindrance,
    /// under its name.
    pub(crate) fn note_hindered(&mut self, pool: &PoolId, hindered: &BTreeMap<Hindrance, Vec<RepId>>) {
        for (hindrance, reps) in hindered {
            let names: Vec<&str> = reps.iter().map(RepId::as_str).collect();
            let note = Note { branch: hindrance.name().into(), detail: format!("{pool}: {}", names.join(" ")) };
            if !self.notes.contains(&note) && self.notes.len() < self.limits.notes {
                self.notes.push(note);
            }
        }
    }

    pub(crate) fn new(question: Question, manifest: Arc<Manifest>, transcript: Transcript) -> Self {
        let limits = question.limits;
        let reps = question.desk.workspace.reps.len();
        Self {
            question,
            manifest,
            limits,
            growth: Growth::new(limits.memory),
            transcript,
            tape: None,
            turns: Vec::new(),
            nobody: None,
            wishes: Vec::new(),
            wish_bytes: 0,
            response_due: None,
            counters: BTreeMap::new(),
            notes: Vec::new(),
            note_bytes: 0,
            explain_truncated: false,
            log: Vec::new(),
            log_bytes: 0,
            log_truncated: false,
            undeclared_read: None,
            undeclared_write: None,
            panic: None,
            pools: Vec::new(),
            tables: Vec::new(),
            shown: vec![false; reps],
            calls: 0,
            carried: 0,
        }
    }

    /// A session that plays a record.
    pub(crate) fn replaying(question: Question, manifest: Arc<Manifest>, tape: Tape) -> Self {
        Self { tape: Some(tape), ..Self::new(question, manifest, Transcript::default()) }
    }

    /// Answers one call of the guest: counts it, works out the answer, writes both down. In
    /// replay the answer is the recorded one, and nothing else happens.
    pub(crate) fn step<R: Serialize + DeserializeOwned>(
        &mut self,
        function: &'static str,
        arguments: impl Serialize,
        answer: impl FnOnce(&mut Self) -> wasmtime::Result<R>,
    ) -> wasmtime::Result<R> {
        if let Some(tape) = &mut self.tape {
            return tape.answer(function, &arguments);
        }
        match self.count(1).and_then(|()| answer(self)) {
            Ok(answer) => {
                self.transcript.enter(function, &arguments, &answer, self.limits.transcript)?;
                Ok(answer)
            }
            Err(error) => {
                self.transcript.stop(function, &arguments, &failure::readable(&failure::cause(&error)))?;
                Err(error)
            }
        }
    }

    /// The same for calls that only give the host something to keep. That happens in replay,
    /// too, since it decides how later ones stand in the transcript.
    pub(crate) fn keep(
        &mut self,
        function: &'static str,
        arguments: impl Serialize,
        keep: impl FnOnce(&mut Self) -> wasmtime::Result<()>,
    ) -> wasmtime::Result<()> {
        if let Some(tape) = &mut self.tape {
            tape.answer::<()>(function, &arguments)?;
            return keep(self);
        }
        self.step(function, arguments, keep)
    }

    /// Counts host work that fuel does not see: one for a call, more where the host has to
    /// look at many things.
    pub(crate) fn count(&mut self, work: usize) -> wasmtime::Result<()> {
        self.calls = self.calls.saturating_add(work);
        let limit = usize::try_from(self.limits.host_calls).unwrap_or(usize::MAX);
        if self.calls > limit {
            let detail = format!("it asked the host more than {limit} times");
            return Err(Stop::new(ErrorCode::HostCalls, detail).into());
        }
        Ok(())
    }

    /// Counts bytes that crossed between guest and host, in either direction.
    pub(crate) fn carry(&mut self, bytes: usize) -> wasmtime::Result<()> {
        self.carried = self.carried.saturating_add(bytes);
        if self.carried > self.limits.carried {
            let detail = format!("it and the host handed each other more than {} KiB", self.limits.carried >> 10);
            return Err(Stop::new(ErrorCode::Output, detail).into());
        }
        Ok(())
    }

    /// Hands out a pool's number.
    pub(crate) fn open_pool(&mut self, pool: PoolId) -> wasmtime::Result<u32> {
        let place = match self.pools.iter().position(|open| *open == pool) {
            Some(place) => place,
            None => {
                self.another_handle()?;
                self.pools.push(pool);
                self.pools.len() - 1
            }
        };
        Ok(u32::try_from(place)?)
    }

    /// Hands out a table's number.
    pub(crate) fn open_table(&mut self, table: &Arc<Table>) -> wasmtime::Result<u32> {
        let place = match self.tables.iter().position(|open| Arc::ptr_eq(open, table)) {
            Some(place) => place,
            None => {
                self.another_handle()?;
                self.tables.push(table.clone());
                self.tables.len() - 1
            }
        };
        Ok(u32::try_from(place)?)
    }

    /// The table that a number was handed out for.
    pub(crate) fn table(&self, number: u32) -> wasmtime::Result<&Arc<Table>> {
        let table = usize::try_from(number).ok().and_then(|place| self.tables.get(place));
        table.ok_or_else(|| {
            let detail = format!("it looked into table {number}, which it has not opened");
            Stop::new(ErrorCode::Handles, detail).into()
        })
    }

    /// Whether one more pool or table may be opened.
    fn another_handle(&self) -> wasmtime::Result<()> {
        if self.pools.len() + self.tables.len() < self.limits.handles {
            return Ok(());
        }
        let detail = format!("it opened more than {} pools and tables", self.limits.handles);
        Err(Stop::new(ErrorCode::Handles, detail).into())
    }

    /// The pool that a number was handed out for.
    pub(crate) fn pool(&self, number: u32) -> wasmtime::Result<PoolId> {
        let pool = usize::try_from(number).ok().and_then(|place| self.pools.get(place));
        pool.cloned().ok_or_else(|| {
            Stop::new(ErrorCode::Handles, format!("it used pool {number}, which it has not opened")).into()
        })
    }

    /// Hands out a rep's number: its place in the workspace.
    pub(crate) fn show(&mut self, rep: &RepId) -> Option<u32> {
        let place = self.question.desk.place(rep)?;
        self.show_at(place).ok()
    }

    /// The same for the rep at this place.
    pub(crate) fn show_at(&mut self, place: usize) -> wasmtime::Result<u32> {
        self.shown[place] = true;
        Ok(u32::try_from(place)?)
    }

    /// The rep that a number was handed out for.
    pub(crate) fn rep(&self, number: u32) -> wasmtime::Result<&Rep> {
        self.place(number).map(|place| &self.question.desk.workspace.reps[place])
    }

    /// The place of the rep that a number was handed out for.
    pub(crate) fn place(&self, number: u32) -> wasmtime::Result<usize> {
        let place = usize::try_from(number).unwrap_or(usize::MAX);
        if self.shown.get(place) == Some(&true) {
            return Ok(place);
        }
        Err(Stop::new(ErrorCode::BadRep, format!("it named rep {number}, whom it was not shown")).into())
    }

    /// Keeps an effect until the decision is accepted.
    pub(crate) fn wish(&mut self, wish: Wish, bytes: usize) -> wasmtime::Result<()> {
        // An effect costs the host something even when it says nothing.
        self.wish_bytes += bytes + 64;
        if self.wish_bytes > self.limits.decision {
            let detail = format!("its effects have more than {} bytes", self.limits.decision);
            return Err(Stop::new(ErrorCode::Output, detail).into());
        }
        self.wishes.push(wish);
        Ok(())
    }
}
