//! How long things take: processor time of the running thread, which is what a guest used
//! whatever else the machine does, and passing time. Reading the first is a call into the
//! kernel, so nothing that happens at every decision does it.

use rustix::time::{ClockId, clock_gettime};

/// Processor time of this thread, in nanoseconds.
pub(crate) fn cpu_nanos() -> u64 {
    read(ClockId::ThreadCPUTime)
}

/// Time that passes, from some beginning, in nanoseconds: for how long a decision took.
pub(crate) fn passing_nanos() -> u64 {
    read(ClockId::Monotonic)
}

fn read(clock: ClockId) -> u64 {
    let spent = clock_gettime(clock);
    let nanos = i128::from(spent.tv_sec) * 1_000_000_000 + i128::from(spent.tv_nsec);
    u64::try_from(nanos).unwrap_or(0)
}
