//! How this crate takes a lock: a panic in one request must not poison the double for all others.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// The guard, also after a panic elsewhere.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
