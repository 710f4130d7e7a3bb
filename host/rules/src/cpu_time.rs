//! Processor time of the running thread: what a guest used, whatever else the machine does.

use rustix::time::{ClockId, clock_gettime};

/// Processor time of this thread, in nanoseconds.
pub(crate) fn nanos() -> u64 {
    let spent = clock_gettime(ClockId::ThreadCPUTime);
    let nanos = i128::from(spent.tv_sec) * 1_000_000_000 + i128::from(spent.tv_nsec);
    u64::try_from(nanos).unwrap_or(0)
}
