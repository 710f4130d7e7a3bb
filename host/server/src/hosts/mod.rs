//! The processes that serve one database: who lives, and what of those that died is anybody's
//! again.
//!
//! On a SQLite file all of them are on this machine, and each holds a lock on a file of its own:
//! whose lock is free is dead for certain, however it ended. On PostgreSQL each renews a note on
//! the database's board; whose note has not changed for ten seconds counts as dead. Nothing that
//! has to be right rests on it: a process that lives after all settles no effect whose lane was
//! claimed anew, since the fence is another, and it stops asking CRMs before others take its place.

mod beats;
mod files;
mod sharing;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::SignedDuration;
use rota_crm::hubspot::Paces;
use rota_domain::id::HostId;
use rota_flow::link::is_past;
use rota_flow::ports::{Board, Clock, StoreError, Whose};
use tokio::sync::watch;
use tokio::time::Instant;

use self::beats::Beats;
use self::files::Files;
use crate::database::Database;
use crate::tenants::Tenants;

/// The notes of the board.
pub type Notes = BTreeMap<String, String>;

/// How long after a death that was found at once the claims of the dead are kept from others. A
/// call of theirs may still be on its way to the CRM. That was so, too, where a claim ended by its
/// lease alone, at least 12 s after its last call began; here it is at least this long, which is
/// more than a CRM takes to carry a call out, and on PostgreSQL a death is found after ten. Whatever
/// comes later still does no other harm than then: an owner is state, and the same effect writes the
/// same one again; a task is looked for by its mark before it is sent again.
const GRACE: SignedDuration = SignedDuration::from_secs(5);

/// How often the board is read.
const LOOK: Duration = Duration::from_secs(1);

/// After so long every other host has seen that one lives which it took for dead. Until then it
/// may give away what that one holds.
const KNOWN: Duration = Duration::from_secs(3);

/// How often at most, while callers wait for more of an account.
const SOON: Duration = Duration::from_millis(100);

/// How often it is swept, in looks.
const SWEEP: u32 = 60;

/// For how long the dead are remembered.
const REMEMBERED: Duration = Duration::from_secs(3_600);

/// How this process and the others show that they live.
enum Signs {
    Files(Files),
    Beats(Beats),
}

/// What a look showed.
#[derive(Debug, Default, PartialEq, Eq)]
struct Found {
    alive: BTreeSet<HostId>,
    died: Vec<HostId>,
    /// Others had taken this process for dead: what it read before is not so any more.
    lost: bool,
}

/// What is known of the others.
#[derive(Default)]
struct Known {
    alive: BTreeSet<HostId>,
    /// Since when it is known that they are dead.
    dead: BTreeMap<HostId, Instant>,
    /// When they were looked at last.
    looked: Option<Instant>,
    /// When it was found that others took this process for dead.
    lost: Option<Instant>,
    /// Until when nobody can take this process for dead.
    sure: Option<Instant>,
}

/// The processes of one database, as this one sees them.
pub struct Hosts {
    board: Arc<dyn Board>,
    clock: Arc<dyn Clock>,
    signs: tokio::sync::Mutex<Signs>,
    known: Mutex<Known>,
}

impl Hosts {
    /// Joins them, and lets go what those had claimed that died before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn join(database: &Database, board: Arc<dyn Board>, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let me = board.host().clone();
        let mut alone = false;
        let signs = match database {
            Database::File(path) => {
                let files = Files::join(path, &me);
                alone = files.are_empty();
                Signs::Files(files)
            }
            Database::Server { .. } => Signs::Beats(Beats::new(me)),
        };
        let hosts = Self { board, clock, signs: tokio::sync::Mutex::new(signs), known: Mutex::default() };
        if alone {
            // Whoever had claims is dead, whatever became of their files.
            hosts.free(&Whose::Others, GRACE).await?;
        }
        let notes = hosts.board.notes().await?;
        hosts.look(&notes).await?;
        Ok(hosts)
    }

    /// Shows that this process lives, looks who else does, and lets go what the dead had claimed.
    ///
    /// # Errors
    /// When the database fails; what is left is done at the next look.
    async fn look(&self, notes: &Notes) -> Result<(), StoreError> {
        let mut signs = self.signs.lock().await;
        {
            let mut known = self.known();
            if known.looked.is_some_and(|looked| looked.elapsed() < LOOK * 9 / 10) {
                return Ok(());
            }
            known.looked = Some(Instant::now());
        }
        let (found, sure, grace) = match &mut *signs {
            Signs::Files(files) => (files.look(), None, GRACE),
            Signs::Beats(beats) => {
                let began = Instant::now();
                let found = beats.look(&*self.board, notes, self.clock.now(), began).await?;
                (found, Some(began + beats::SURE), SignedDuration::ZERO)
            }
        };
        {
            let known = &mut *self.known();
            known.dead.retain(|host, since| !found.alive.contains(host) && since.elapsed() < REMEMBERED);
            known.alive = found.alive;
            known.sure = sure;
            if found.lost {
                known.lost = Some(Instant::now());
            }
        }
        for host in found.died {
            self.free(&Whose::Of(host.clone()), grace).await?;
            match &mut *signs {
                Signs::Files(files) => files.bury(&host),
                Signs::Beats(beats) => beats.bury(&*self.board, notes, &host).await?,
            }
            self.known().dead.entry(host).or_insert_with(Instant::now);
        }
        Ok(())
    }

    /// Reads the board until the host has stopped, and does what there is to do for these paces and
    /// tenants' connections.
    pub async fn follow(&self, paces: &Paces, tenants: Option<&Tenants>, mut stopped: watch::Receiver<bool>) {
        let (mut last, mut soon, mut failed) = (Instant::now(), true, false);
        let (mut looks, mut unused) = (0_u32, BTreeSet::new());
        loop {
            let wait = if soon { SOON } else { LOOK };
            tokio::select! {
                () = tokio::time::sleep(wait.saturating_sub(last.elapsed())) => {}
                () = paces.wanted() => tokio::time::sleep(SOON.saturating_sub(last.elapsed())).await,
                // When it is told to, or when nobody is there any more who could tell it.
                _ = stopped.changed() => break,
            }
            last = Instant::now();
            looks = looks.wrapping_add(1);
            let sweep = looks.is_multiple_of(SWEEP).then_some(&mut unused);
            let done = self.round(paces, tenants, sweep).await;
            match &done {
                Err(error) if !failed => {
                    tracing::warn!(%error, "What other hosts say could not be read; CRMs are called as far as was agreed");
                }
                _ => {}
            }
            failed = done.is_err();
            soon = done.unwrap_or(false);
        }
        if let Ok(notes) = self.board.notes().await {
            // What stays is let go by the others when this process is gone.
            let _ = sharing::leave(self, paces, &notes).await;
        }
        self.leave().await;
    }

    /// Reads the board once; says whether it is to be read again soon.
    async fn round(
        &self,
        paces: &Paces,
        tenants: Option<&Tenants>,
        sweep: Option<&mut BTreeSet<String>>,
    ) -> Result<bool, StoreError> {
        let began = Instant::now();
        let notes = self.board.notes().await?;
        self.look(&notes).await?;
        if self.known().lost.is_some_and(|lost| lost.elapsed() < KNOWN) {
            return Ok(true);
        }
        let short = sharing::share(self, paces, &notes).await?;
        // Only now it is certain that what is held was not given to others meanwhile.
        paces.sure_until(self.sure_until());
        if let Some(tenants) = tenants {
            tenants.told(&notes, began).await;
        }
        if let Some(unused) = sweep {
            sharing::sweep(self, paces, &notes, unused).await?;
            for (name, body) in notes.iter().filter(|(name, body)| is_past(name, body, self.clock.now())) {
                self.board.swap(name, Some(body), None).await?;
            }
        }
        Ok(short)
    }

    /// The others that live.
    #[must_use]
    pub fn alive(&self) -> BTreeSet<HostId> {
        self.known().alive.clone()
    }

    /// For how long a process has been known to be dead; none if it lives. One of which nobody
    /// knows anything counts from the first question.
    #[must_use]
    pub fn dead_for(&self, host: &HostId) -> Option<Duration> {
        let mut known = self.known();
        if known.alive.contains(host) {
            return None;
        }
        Some(known.dead.entry(host.clone()).or_insert_with(Instant::now).elapsed())
    }

    /// Until when nobody can take this process for dead; none where nobody ever does.
    #[must_use]
    pub fn sure_until(&self) -> Option<Instant> {
        self.known().sure
    }

    /// Says that this process is gone, at the end of its work.
    async fn leave(&self) {
        match &mut *self.signs.lock().await {
            Signs::Files(files) => files.leave(),
            Signs::Beats(beats) => beats.leave(&*self.board).await,
        }
    }

    async fn free(&self, whose: &Whose, grace: SignedDuration) -> Result<(), StoreError> {
        let now = self.clock.now();
        let freed = self.board.free(whose, now.checked_add(grace).unwrap_or(now)).await?;
        if freed > 0 {
            tracing::info!(freed, "A host of this database ended without a word; what it was sending is tried again");
        }
        Ok(())
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
