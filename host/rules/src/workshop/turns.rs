//! Who may compile now: one at a time of a tenant, and two in all.

use std::collections::HashSet;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// How many compile at once, whoever they are for.
const AT_ONCE: usize = 2;

/// Who compiles at the moment.
#[derive(Default)]
pub(crate) struct Turns {
    busy: Mutex<HashSet<String>>,
    ended: Condvar,
}

/// Leave to compile, until it is dropped.
pub(crate) struct Turn<'a> {
    turns: &'a Turns,
    whose: String,
}

impl Turns {
    /// Waits until this one may compile.
    pub(crate) fn take(&self, whose: &str) -> Turn<'_> {
        let wait = |busy: &mut HashSet<String>| busy.len() >= AT_ONCE || busy.contains(whose);
        let mut busy = self.ended.wait_while(self.busy(), wait).unwrap_or_else(PoisonError::into_inner);
        busy.insert(whose.to_owned());
        Turn { turns: self, whose: whose.to_owned() }
    }

    fn busy(&self) -> MutexGuard<'_, HashSet<String>> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.turns.busy().remove(&self.whose);
        self.turns.ended.notify_all();
    }
}
