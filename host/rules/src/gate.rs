//! How many decisions run at once: as many as there are instances. The next one waits, so
//! that a busy host is slower and never answers otherwise than an idle one.

use std::sync::{Condvar, Mutex, PoisonError};

pub(crate) struct Gate {
    free: Mutex<u32>,
    freed: Condvar,
}

/// Leave to run, until it is dropped.
pub(crate) struct Pass<'a>(&'a Gate);

impl Gate {
    pub(crate) fn new(places: u32) -> Self {
        Self { free: Mutex::new(places), freed: Condvar::new() }
    }

    /// Waits until one more may run.
    pub(crate) fn enter(&self) -> Pass<'_> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free = self.freed.wait_while(free, |free| *free == 0).unwrap_or_else(PoisonError::into_inner);
        *free -= 1;
        Pass(self)
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.freed.notify_one();
    }
}
