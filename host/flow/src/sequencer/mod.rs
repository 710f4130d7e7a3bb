//! One tenant's order: what waits is read, decided one after the other against the state
//! that the one before left, and recorded in one commit.
//!
//! While commits are under way, the next is filled: what comes meanwhile is read and decided
//! on the state in memory. Two may be under way at once, so that one is being prepared while
//! the other is written. If another process wrote to the log first, a commit is refused: what
//! was decided since is thrown away, the state is loaded again and everything decided again,
//! which is harmless, since deciding changes nothing. Nobody is answered before the commit.

mod again;
mod commit;
mod elsewhere;
mod intake;
mod meeting;
mod standing;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rota_domain::id::{Seed, TenantId};
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::MissedTickBehavior;

use self::commit::{Pending, UnderWay};
use self::elsewhere::{ANSWERS_EVERY, Awaited};
use self::intake::{Look, Reading, Ready};
use self::meeting::Meeting;
use crate::affinity::Affinity;
use crate::calls::{Line, Placed};
use crate::enrich::{Accounts, Kind, Reads, reads};
use crate::ledger::Ledger;
use crate::orders::{Order, OrderError, Revision};
use crate::ports::{Before, Clock, People, Rules, Store, StoreError};
use crate::share::Share;
use crate::tally::Tally;

/// How long to wait for the bell before looking anyway: another process may have written.
const POLL: Duration = Duration::from_millis(500);
/// How long to wait after trouble with the store or a CRM.
const PAUSE: Duration = Duration::from_secs(1);
/// How often the directories of owners are read anew.
const DIRECTORY_EVERY: Duration = Duration::from_mins(10);
/// How often they are, while one of them could not be read at all: all accounts are asked then.
const LACKING_EVERY: Duration = Duration::from_secs(5);
/// How long calls that wait are still carried out when the tenant is stopped.
const LAST_CALLS: Duration = Duration::from_secs(10);
/// No call that is not decided is as old as this.
const CALLS_LAST: SignedDuration = SignedDuration::from_mins(2);

/// What a tenant's sequencer works with.
#[derive(Clone)]
pub struct Desktop {
    /// The tenant.
    pub tenant: TenantId,
    /// What it decides under.
    pub revision: Revision,
    /// The tenant's randomness, if it is new.
    pub seed: Seed,
    /// Durable state.
    pub store: Arc<dyn Store>,
    /// Who is erased at a CRM's word.
    pub people: Arc<dyn People>,
    /// Who runs rules.
    pub rules: Arc<dyn Rules>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// How much of the host is the tenant's.
    pub share: Share,
}

/// Decides what arrives for one tenant.
pub struct Sequencer {
    desktop: Desktop,
    /// None while it is not certain what the store holds: then it is loaded. It runs ahead of
    /// the store by what is pending and what is under way.
    ledger: Option<Ledger>,
    accounts: Accounts,
    reads: Arc<Reads>,
    /// What could not be read when this was last said.
    down: BTreeSet<Kind>,
    line: Line,
    inbox: Look,
    reading: Option<Reading>,
    /// Whether the directories of owners are to be read anew.
    refresh: bool,
    meeting: Option<Meeting>,
    /// Whether what follows from the workspace could not all be recorded.
    unsettled: bool,
    ready: Vec<Ready>,
    /// Leads of the inbox that are read, and wait for fuel.
    aside: Vec<Ready>,
    pending: Pending,
    /// Oldest first; each stands on the one before.
    under_way: VecDeque<UnderWay>,
    /// The youngest of them, for the next one to wait for.
    last: Before,
    /// Calls of commits that came to nothing. They wait again once nothing is under way.
    thrown: Vec<Placed>,
    /// Rings when a reading or a commit ends.
    stirred: Arc<Notify>,
    /// Is sent to after each commit with effects.
    recorded: watch::Sender<()>,
    tally: Arc<Tally>,
    /// Who else may decide, where there are several hosts.
    affinity: Option<Arc<Affinity>>,
    /// Calls that are in the inbox, and whose callers wait here.
    awaited: Vec<Awaited>,
    /// What is due, and waits in the inbox to be decided about: the entries since which that was waited for.
    raised: BTreeSet<u64>,
    /// Whether what leads wait for is to be looked at.
    look: bool,
    /// How often that was done.
    looks: u32,
    /// Whether the log has a newer workspace, and other hosts decide until it is known here.
    behind: bool,
}

/// How far a turn came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Something was recorded, or has to be decided again.
    More,
    /// Nothing waits.
    Idle,
    /// What waits cannot be read now.
    Blocked,
    /// What waits asks a rule, and the tenant's rules have used the fuel of this minute; there is
    /// some again after this.
    Spent(Duration),
}

impl Sequencer {
    /// Takes the tenant's log up where it stands, and enters the workspace if it changed.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn open(mut desktop: Desktop) -> Result<Self, StoreError> {
        desktop.store.open(&desktop.tenant, desktop.seed).await?;
        // Before the revision that names them: a decision must never name what is not there.
        desktop.store.keep(&desktop.tenant, std::mem::take(&mut desktop.revision.kept)).await?;
        let reads = Arc::new(reads(&desktop.revision.workspace, &desktop.revision.bindings));
        let mut sequencer = Self {
            desktop,
            reads,
            ledger: None,
            accounts: Accounts::new(),
            down: BTreeSet::new(),
            line: Line::default(),
            inbox: Look::default(),
            reading: None,
            refresh: false,
            meeting: None,
            unsettled: false,
            ready: Vec::new(),
            aside: Vec::new(),
            pending: Pending::default(),
            under_way: VecDeque::new(),
            last: Before::nothing(),
            thrown: Vec::new(),
            stirred: Arc::default(),
            recorded: watch::Sender::new(()),
            tally: Arc::default(),
            affinity: None,
            awaited: Vec::new(),
            raised: BTreeSet::new(),
            look: true,
            looks: 0,
            behind: false,
        };
        sequencer.meet_accounts().await;
        sequencer.enter_workspace(None).await?;
        sequencer.settle_in().await?;
        sequencer.forget_departed().await;
        Ok(sequencer)
    }

    /// Leaves the tenant to whichever host has its lease.
    #[must_use]
    pub fn beside(self, affinity: Arc<Affinity>) -> Self {
        Self { affinity: Some(affinity), ..self }
    }

    /// The number of the revision that it decides under.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.ledger.as_ref().map_or(0, |ledger| ledger.desk().revision)
    }

    /// What its decisions come to, for whoever watches.
    #[must_use]
    pub fn tally(&self) -> Arc<Tally> {
        self.tally.clone()
    }

    /// Works until told to stop. `bell` rings when something arrived; `recorded` is sent to
    /// after each commit with effects. Calls that wait when it is told to stop are still carried out.
    pub async fn run(
        mut self,
        mut orders: mpsc::Receiver<Order>,
        bell: Arc<Notify>,
        recorded: watch::Sender<()>,
        mut stop: watch::Receiver<bool>,
    ) {
        self.recorded = recorded;
        self.inbox.begin();
        let mut directories = tokio::time::interval(DIRECTORY_EVERY);
        directories.set_missed_tick_behavior(MissedTickBehavior::Delay);
        directories.tick().await;
        let mut lacking = tokio::time::interval(LACKING_EVERY);
        lacking.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut poll = tokio::time::interval(POLL);
        poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut answers = tokio::time::interval(ANSWERS_EVERY);
        answers.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let stirred = self.stirred.clone();
        let mut busy = true;
        while !*stop.borrow() {
            let order = tokio::select! {
                biased;
                _ = stop.changed() => None,
                () = bell.notified(), if !self.inbox.blocked => { self.inbox.again(); None }
                _ = poll.tick() => { self.inbox.again(); self.look = true; None }
                _ = answers.tick(), if !self.awaited.is_empty() => { self.find_answers().await; None }
                _ = lacking.tick() => { self.refresh |= self.lacks_directory(); None }
                _ = directories.tick() => { self.refresh = true; self.forget_departed().await; None }
                Some(order) = orders.recv(), if !self.line.is_full() => Some(order),
                () = stirred.notified() => None,
                () = std::future::ready(()), if busy => None,
            };
            self.receive(order, &mut orders).await;
            let was_blocked = self.inbox.blocked;
            match self.step().await {
                Ok(worked) => {
                    if self.inbox.blocked && !was_blocked {
                        poll.reset_after(PAUSE);
                    }
                    busy = worked;
                }
                Err(error) => {
                    tracing::warn!(tenant = %self.desktop.tenant, %error, "Nothing was recorded; trying again");
                    tokio::select! {
                        () = tokio::time::sleep(PAUSE) => {}
                        _ = stop.changed() => {}
                    }
                    busy = true;
                }
            }
        }
        self.close(orders).await;
    }

    /// Takes this order, and those that wait behind it as far as there is room.
    async fn receive(&mut self, first: Option<Order>, orders: &mut mpsc::Receiver<Order>) {
        let mut next = first;
        loop {
            match next {
                Some(Order::Route(call, reply)) => self.line.push(Placed::new(call, reply)),
                Some(Order::Revise(revision, base, reply)) => {
                    let _ = reply.send(self.revise(*revision, base).await);
                }
                None => {}
            }
            if self.line.is_full() {
                return;
            }
            let Ok(order) = orders.try_recv() else { return };
            next = Some(order);
        }
    }

    /// Carries out the calls that were placed, for a while, and takes no further ones.
    async fn close(mut self, mut orders: mpsc::Receiver<Order>) {
        orders.close();
        self.inbox.end();
        // Rows of the inbox are decided by the next start; who waits for an answer is not.
        let (called, rows) = std::mem::take(&mut self.ready).into_iter().partition(|ready| ready.call.is_some());
        self.ready = called;
        let rows: Vec<Ready> = rows;
        let aside = std::mem::take(&mut self.aside);
        rows.into_iter().chain(aside).for_each(|row| self.let_go(row, &OrderError::Stopped));
        let stirred = self.stirred.clone();
        let last = async {
            loop {
                while let Some(order) = orders.recv().await {
                    match order {
                        Order::Route(call, reply) => self.line.push(Placed::new(call, reply)),
                        Order::Revise(_, _, reply) => {
                            let _ = reply.send(Err(OrderError::Stopped));
                        }
                    }
                }
                if self.is_done() {
                    return Ok(());
                }
                if !self.step().await? {
                    tokio::select! {
                        () = stirred.notified() => {}
                        () = tokio::time::sleep(ANSWERS_EVERY), if !self.awaited.is_empty() => self.find_answers().await,
                    }
                }
            }
        };
        match tokio::time::timeout(LAST_CALLS, last).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                let error: StoreError = error;
                tracing::warn!(tenant = %self.desktop.tenant, %error, "The last calls were not all recorded");
            }
            Err(_) => tracing::warn!(tenant = %self.desktop.tenant, "The last calls took too long"),
        }
        self.line.refuse();
        self.refuse_awaited();
    }

    /// Whether no call waits any more, and nothing is under way.
    fn is_done(&self) -> bool {
        self.line.len() == 0
            && self.reading.is_none()
            && self.ready.is_empty()
            && self.pending.is_empty()
            && self.under_way.is_empty()
            && self.awaited.is_empty()
    }

    /// Decides about one batch of what waits in the inbox, and waits until it is recorded.
    ///
    /// # Errors
    /// When the store fails. A conflict is not an error: the state is loaded again.
    pub async fn turn(&mut self) -> Result<Progress, StoreError> {
        if self.lacks_directory() {
            self.read_directories().await;
            self.enter_directories().await?;
        }
        self.inbox.begin();
        self.look = true;
        let stirred = self.stirred.clone();
        loop {
            let worked = self.step().await?;
            if !self.pending.is_empty() || !self.under_way.is_empty() {
                self.flush().await?;
                self.inbox.end();
                return Ok(Progress::More);
            }
            if self.reading.is_some() {
                stirred.notified().await;
            } else if !worked {
                return Ok(match self.spent().filter(|_| self.inbox.asking > 0 || !self.aside.is_empty()) {
                    Some(wait) => Progress::Spent(wait),
                    None if self.inbox.blocked => Progress::Blocked,
                    None => Progress::Idle,
                });
            }
        }
    }

    /// Does what can be done now without waiting for a CRM or a commit; false if that was
    /// nothing.
    async fn step(&mut self) -> Result<bool, StoreError> {
        if self.unsettled {
            self.settle_in().await?;
        }
        let landed = self.landed()?;
        // Before anything else, so that the store never waits for what is decided already.
        self.begin_commit();
        self.meet();
        let met = self.met().await?;
        let read = self.read_ended().await?;
        self.raise().await?;
        let taken = self.take_in().await?;
        let decided = self.decide().await?;
        self.begin_commit();
        Ok(landed || met || read || taken || decided)
    }

    /// How long the tenant's rules have to rest, if they have used the fuel of this minute.
    fn spent(&self) -> Option<Duration> {
        let Desktop { share, clock, .. } = &self.desktop;
        share.ready(clock.now()).err().map(SignedDuration::unsigned_abs)
    }

    async fn ledger(&mut self) -> Result<Ledger, StoreError> {
        match self.ledger.take() {
            Some(ledger) => Ok(ledger),
            None => standing::load(&self.desktop).await,
        }
    }

    /// Forgets who was erased, once nothing waits that came before. That is done again later,
    /// should it fail.
    async fn forget_departed(&self) {
        let Desktop { tenant, people, clock, .. } = &self.desktop;
        let before = clock.now().checked_sub(CALLS_LAST).unwrap_or(Timestamp::MIN);
        if let Err(error) = people.forget_departed(tenant, before).await {
            tracing::warn!(%tenant, %error, "Who was erased lately is remembered a while longer");
        }
    }

    /// Says what cannot be read, once for as long as it lasts.
    fn complain(&mut self, down: &BTreeMap<Kind, String>) {
        for ((connection, object), reason) in down.iter().filter(|(kind, _)| !self.down.contains(*kind)) {
            tracing::warn!(tenant = %self.desktop.tenant, %connection, object, reason, "Leads wait: their records cannot be read");
        }
        self.down = down.keys().cloned().collect();
    }
}
