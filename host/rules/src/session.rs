//! What the host keeps while one guest decides: the question, what was handed out, and
//! what the guest asked for. It lives as long as the instance.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use rota_domain::fairness::Turn;
use rota_domain::id::{PoolId, RepId};
use rota_domain::limits::Limits;
use rota_domain::manifest::Manifest;
use rota_domain::rule::{ErrorCode, Note, Question, Wish};
use rota_domain::workspace::Rep;
use serde::Serialize;

use crate::failure::Stop;
use crate::limits::Growth;
use crate::transcript::Transcript;

pub(crate) struct Session {
    pub(crate) question: Question,
    pub(crate) manifest: Arc<Manifest>,
    pub(crate) limits: Limits,
    pub(crate) growth: Growth,
    pub(crate) transcript: Transcript,
    pub(crate) turns: Vec<Turn>,
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
    shown: Vec<bool>,
    calls: usize,
    carried: usize,
}

impl Session {
    pub(crate) fn new(question: Question, manifest: Arc<Manifest>) -> Self {
        let limits = question.limits;
        let reps = question.desk.workspace.reps.len();
        Self {
            question,
            manifest,
            limits,
            growth: Growth::new(limits.memory),
            transcript: Transcript::default(),
            turns: Vec::new(),
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
            shown: vec![false; reps],
            calls: 0,
            carried: 0,
        }
    }

    /// Answers one call of the guest: counts it, works out the answer, writes both down.
    pub(crate) fn step<R: Serialize>(
        &mut self,
        function: &'static str,
        arguments: impl Serialize,
        answer: impl FnOnce(&mut Self) -> wasmtime::Result<R>,
    ) -> wasmtime::Result<R> {
        self.count(1)?;
        let answer = answer(self)?;
        let bytes = self.transcript.enter(function, &arguments, &answer, self.limits.transcript)?;
        self.carry(bytes)?;
        Ok(answer)
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
            None if self.pools.len() < self.limits.handles => {
                self.pools.push(pool);
                self.pools.len() - 1
            }
            None => {
                let detail = format!("it opened more than {} pools", self.limits.handles);
                return Err(Stop::new(ErrorCode::Handles, detail).into());
            }
        };
        Ok(u32::try_from(place)?)
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
        self.shown[place] = true;
        u32::try_from(place).ok()
    }

    /// The rep that a number was handed out for.
    pub(crate) fn rep(&self, number: u32) -> wasmtime::Result<&Rep> {
        let place = usize::try_from(number).unwrap_or(usize::MAX);
        if self.shown.get(place) == Some(&true) {
            return Ok(&self.question.desk.workspace.reps[place]);
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
