//! Where deciding happens. Rules that take little run at once, at the usual priority, and the
//! system shares the processor between them; those that take next to nothing run where they are
//! asked for, since the way to another thread and back takes as long as they do. A tenant whose rules took more than their share
//! goes to the slow track: threads of lower priority, one fewer than there are cores, where who
//! used least lately is next. So do many whose decisions are long, when each keeps to its share
//! and all together would have every core. So a tenant whose rules burn all their fuel slows
//! down itself and others like it, and nobody else.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use rota_domain::id::TenantId;
use rustix::time::{ClockId, clock_gettime};
use tokio::sync::oneshot;

use super::account::{Account, LONG_BURST_US};

/// How much lower the priority of the slow track is: a third of the usual weight. The lowest
/// would keep others waiting, for a thread of it can be put aside while it holds what they
/// need, such as the allocator's lock, and on a full machine it would not soon come back.
const NICE: i32 = 5;

/// The tracks of a host, for all its tenants.
#[derive(Debug)]
pub struct Tracks {
    shared: Arc<Shared>,
    /// Whether work is done where it is asked for.
    here: bool,
}

/// Work came to nothing, for a defect of the host: the thread's panic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the work ended in a panic")]
pub struct Defect;

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    came: Condvar,
}

#[derive(Default)]
struct State {
    accounts: HashMap<TenantId, Account>,
    /// What waits in the slow track, oldest first.
    waiting: Vec<(TenantId, Work)>,
    threads: usize,
    closed: bool,
}

type Work = Box<dyn FnOnce() + Send>;

/// Where work is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Track {
    /// In the thread that asks for it.
    Here,
    /// In a thread for work that keeps it busy.
    Quick,
    /// In a thread of lower priority, where others may be first.
    Slow,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").field("accounts", &self.accounts).finish_non_exhaustive()
    }
}

impl Default for Tracks {
    fn default() -> Self {
        Self::new()
    }
}

impl Tracks {
    /// Tracks in which nobody has used anything.
    #[must_use]
    pub fn new() -> Self {
        Self { shared: Arc::default(), here: false }
    }

    /// No tracks at all: work is done at once by whoever asks for it, so that what happens next
    /// follows from nothing outside. A simulation wants that; a host would hold others up.
    #[must_use]
    pub fn here() -> Self {
        Self { shared: Arc::default(), here: true }
    }

    /// Does a tenant's work, which is about at most so many leads, in the track that is the
    /// tenant's now. The work says how many leads it decided.
    ///
    /// # Errors
    /// When it panics.
    pub async fn run<T: Send + 'static>(
        &self,
        tenant: &TenantId,
        leads: u64,
        work: impl FnOnce() -> (T, u64) + Send + 'static,
    ) -> Result<T, Defect> {
        if self.here {
            return catch_unwind(AssertUnwindSafe(work)).map(|(done, _)| done).map_err(|_| Defect);
        }
        let track = self.shared.track(tenant, leads);
        let (shared, whose) = (self.shared.clone(), tenant.clone());
        let timed = move || {
            let began = micros(ClockId::ThreadCPUTime);
            // Nothing of what the work held is looked at after a panic.
            let done = catch_unwind(AssertUnwindSafe(work));
            let leads = done.as_ref().map_or(1, |(_, leads)| *leads);
            shared.charge(&whose, micros(ClockId::ThreadCPUTime).saturating_sub(began), leads);
            done.map(|(done, _)| done).map_err(|_| Defect)
        };
        if track == Track::Here {
            return timed();
        }
        let (reply, answer) = oneshot::channel();
        // Whoever does not wait any more wants no answer.
        let told = move || drop(reply.send(timed()));
        if track == Track::Slow && self.shared.has_threads() {
            self.shared.lock().waiting.push((tenant.clone(), Box::new(told)));
            self.shared.came.notify_one();
        } else {
            drop(tokio::task::spawn_blocking(told));
        }
        answer.await.unwrap_or(Err(Defect))
    }
}

impl Drop for Tracks {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.came.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn charge(&self, tenant: &TenantId, cpu_us: u64, leads: u64) {
        let now = micros(ClockId::Monotonic);
        self.lock().accounts.entry(tenant.clone()).or_default().charge(cpu_us, leads, now);
    }

    /// Where the tenant's next work is done, which is about at most so many leads.
    fn track(&self, tenant: &TenantId, leads: u64) -> Track {
        let now = micros(ClockId::Monotonic);
        let State { accounts, .. } = &mut *self.lock();
        let Some(account) = accounts.get_mut(tenant) else { return Track::Quick };
        if account.is_over(now) {
            return Track::Slow;
        }
        if account.is_brief(leads, now) {
            return Track::Here;
        }
        // Who is over its own share is in the slow track already, and sends nobody else there.
        let counts = |one: &mut Account| one.is_long() && !one.is_over(now);
        let held = |accounts: &mut HashMap<TenantId, Account>| {
            let held = accounts.values_mut().map(|one| if counts(one) { one.used(now) } else { 0 });
            held.sum::<u64>()
        };
        if counts(account) && held(accounts) > LONG_BURST_US { Track::Slow } else { Track::Quick }
    }

    /// Starts the slow track's threads when they are wanted first. False where the machine
    /// grants none: then everything is done in the other track.
    fn has_threads(self: &Arc<Self>) -> bool {
        let mut state = self.lock();
        if state.threads > 0 {
            return true;
        }
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        for _ in 0..cores.saturating_sub(1).max(1) {
            let shared = self.clone();
            let name = "rota-slow-track".to_owned();
            if let Err(error) = std::thread::Builder::new().name(name).spawn(move || shared.carry()) {
                tracing::warn!(%error, "No thread for the slow track");
                break;
            }
            state.threads += 1;
        }
        state.threads > 0
    }

    /// The life of a thread of the slow track.
    fn carry(&self) {
        // Where a thread has no priority of its own, the turns still hold.
        if let Err(error) = rustix::process::nice(NICE) {
            tracing::debug!(%error, "The slow track has the usual priority");
        }
        while let Some(work) = self.next() {
            work();
        }
    }

    /// Waits for work: of those who wait, theirs who used least; of equals, theirs who came
    /// first.
    fn next(&self) -> Option<Work> {
        let state = self.lock();
        let nothing = |state: &mut State| state.waiting.is_empty() && !state.closed;
        let mut state = self.came.wait_while(state, nothing).unwrap_or_else(PoisonError::into_inner);
        let now = micros(ClockId::Monotonic);
        let State { accounts, waiting, .. } = &mut *state;
        let used = |tenant: &TenantId| accounts.get(tenant).map_or(0, |account| { *account }.used(now));
        let next = (0..waiting.len()).min_by_key(|n| used(&waiting[*n].0))?;
        Some(waiting.remove(next).1)
    }
}

fn micros(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    u64::try_from(i128::from(time.tv_sec) * 1_000_000 + i128::from(time.tv_nsec) / 1000).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_that_panics_is_a_defect_and_the_track_works_on() {
        let tracks = Tracks::new();
        let tenant = "acme".into();
        assert_eq!(tracks.run::<()>(&tenant, 1, || panic!("on purpose")).await, Err(Defect));
        assert_eq!(tracks.run(&tenant, 1, || (7, 1)).await, Ok(7));
    }

    #[tokio::test]
    async fn work_that_is_done_here_stays_in_its_thread_and_a_panic_in_it_is_a_defect() {
        let tracks = Tracks::here();
        let tenant = "acme".into();
        let thread = std::thread::current().id();
        assert_eq!(tracks.run(&tenant, 1, || (std::thread::current().id(), 1)).await, Ok(thread));
        assert_eq!(tracks.run::<()>(&tenant, 1, || panic!("on purpose")).await, Err(Defect));
    }

    #[tokio::test]
    async fn who_used_more_than_its_share_works_in_the_slow_track_and_the_others_do_not() {
        let tracks = Tracks::new();
        let thread = || (std::thread::current().name().map(str::to_owned), 1);
        tracks.shared.charge(&"busy".into(), 1_000_000, 10);
        let (busy, calm) = ("busy".into(), "calm".into());
        let (busy, calm) = tokio::join!(tracks.run(&busy, 1, thread), tracks.run(&calm, 1, thread));
        assert_eq!(busy, Ok(Some("rota-slow-track".to_owned())));
        assert_ne!(calm, Ok(Some("rota-slow-track".to_owned())));
    }

    #[tokio::test]
    async fn who_was_brief_for_a_while_works_where_it_asks_until_it_is_not() {
        let tracks = Tracks::new();
        let brief: TenantId = "brief".into();
        let mut account = Account::default();
        account.charge(100, 1, 0);
        tracks.shared.lock().accounts.insert(brief.clone(), account);
        let asks = std::thread::current().id();
        let thread = || (std::thread::current().id(), 1);
        assert_eq!(tracks.run(&brief, 1, thread).await, Ok(asks));
        assert_eq!(tracks.run::<()>(&brief, 1, || panic!("on purpose")).await, Err(Defect));
        tracks.shared.charge(&brief, 20_000, 1);
        assert_ne!(tracks.run(&brief, 1, thread).await, Ok(asks));
    }

    #[test]
    fn many_who_each_keep_to_their_share_with_long_decisions_are_over_it_together() {
        let shared = Shared::default();
        let name = |n: u32| TenantId::from(format!("long-{n}").as_str());
        shared.charge(&name(0), 20_000, 1);
        assert!(shared.track(&name(0), 1) == Track::Quick, "alone it is within its share");
        (1..40).for_each(|n| shared.charge(&name(n), 20_000, 1));
        shared.charge(&"quick".into(), 20_000, 1_000);
        assert!((0..40).all(|n| shared.track(&name(n), 1) == Track::Slow));
        assert_eq!(shared.track(&"quick".into(), 1), Track::Quick, "those who decide quickly go on");
    }

    #[test]
    fn one_who_loops_sends_no_other_with_long_decisions_to_the_slow_track() {
        let shared = Shared::default();
        shared.charge(&"loops".into(), 2_000_000, 100);
        shared.charge(&"slow-language".into(), 5_000, 1);
        assert_eq!(shared.track(&"loops".into(), 1), Track::Slow);
        assert_eq!(shared.track(&"slow-language".into(), 1), Track::Quick);
    }

    #[test]
    fn in_the_slow_track_who_used_least_is_next_and_of_equals_who_came_first() {
        let shared = Shared::default();
        let order = Arc::new(Mutex::new(Vec::new()));
        for (tenant, used) in [("most", 900_000), ("least", 300_000), ("mid-1", 600_000), ("mid-2", 600_000)] {
            let now = micros(ClockId::Monotonic);
            let mut account = Account::default();
            // Its clock is ahead, so that nothing is forgiven while the test runs.
            account.charge(used, 1, now + 3_600_000_000);
            shared.lock().accounts.insert(tenant.into(), account);
            let order = order.clone();
            let work = move || order.lock().expect("no panic").push(tenant);
            shared.lock().waiting.push((tenant.into(), Box::new(work)));
        }
        for _ in 0..4 {
            shared.next().expect("work")();
        }
        assert_eq!(*order.lock().expect("no panic"), ["least", "mid-1", "mid-2", "most"]);
    }
}
