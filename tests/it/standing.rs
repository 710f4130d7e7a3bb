//! The workspace that a tenant decides under, where the store fails or others are first.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use rota_domain::agenda::Wait;
use rota_domain::event::Status;
use rota_domain::id::{ConnectionId, DecisionId, Digest, EffectId, LeadId, RepId, Seed, TenantId};
use rota_flow::orders::{OrderError, Orders, Revision};
use rota_flow::ports::{
    Accepted, Arrival, Before, Claim, Earlier, Entry, EntryBody, Keyed, LogEnd, OutboxRow, Payload, Recalled,
    RecordRef, Repair, Settlement, Snapshot, Store, StoreError, Stored, Waiting,
};
use rota_flow::sequencer::{Desktop, Sequencer};
use rota_flow::statuses;
use rota_store::SqliteStore;
use tokio::sync::{Notify, watch};
use tokio::task::{JoinHandle, JoinSet};

use crate::orders::{LINES, call, desktop, revision, store, works};
use crate::service::until;
use crate::tenant::{Tenant, workspace};

/// What happens once, at a revision after the first.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    /// It is recorded, and the answer does not come.
    AnswerLost,
    /// It is not recorded.
    NotRecorded,
    /// Another process enters a revision before.
    Overtaken,
    /// What nobody carries any more cannot be ended.
    NotStranded,
    /// As many entries come between as the first decisions are, while others stand behind
    /// these: ana is away.
    Between,
    /// Whoever is found to be there for a lead that waits is away when it is decided about, and there again
    /// before anybody looks.
    Moment,
}

/// The real store, but for one fault.
struct Faulty {
    store: Arc<SqliteStore>,
    fault: Fault,
    revisions: AtomicU32,
    strands: AtomicU32,
    stranded: AtomicU32,
    commits: AtomicU32,
    moments: AtomicU32,
    /// Rings when decisions are to be recorded: the first, and those behind them.
    first: Notify,
    behind: Notify,
}

fn lost() -> StoreError {
    StoreError::Unavailable { database: "of the test".into(), detail: "the connection is gone".into() }
}

impl Faulty {
    /// Somebody says that ana is that.
    async fn says(&self, tenant: &TenantId, status: Status) -> Result<(), StoreError> {
        let seq = self.store.progress(tenant).await?.seq;
        let body = EntryBody::Rep { rep: "ana".into(), status };
        self.store.record(tenant, seq, vec![Entry { at: Timestamp::UNIX_EPOCH, inbox: None, body }]).await
    }

    async fn revise(&self, tenant: &TenantId, expected: u64, entries: Vec<Entry>) -> Result<(), StoreError> {
        let now = self.revisions.fetch_add(1, Ordering::SeqCst) == 1;
        match self.fault {
            Fault::AnswerLost if now => {
                self.store.record(tenant, expected, entries).await?;
                Err(lost())
            }
            Fault::NotRecorded if now => Err(lost()),
            Fault::Overtaken if now => {
                let (Revision { workspace, .. }, _) = revision(next("dee").path());
                let body = EntryBody::Workspace { workspace, rotations: Vec::new(), origin: None };
                let theirs = Entry { at: Timestamp::UNIX_EPOCH, inbox: None, body };
                self.store.record(tenant, expected, vec![theirs]).await?;
                self.store.record(tenant, expected, entries).await
            }
            _ => self.store.record(tenant, expected, entries).await,
        }
    }
}

#[async_trait]
impl Store for Faulty {
    async fn record_after(
        &self,
        before: Before,
        tenant: &TenantId,
        expected: u64,
        entries: Vec<Entry>,
    ) -> Result<(), StoreError> {
        if entries.iter().any(|entry| matches!(entry.body, EntryBody::Workspace { .. })) {
            return self.revise(tenant, expected, entries).await;
        }
        let commit = self.commits.fetch_add(1, Ordering::SeqCst);
        if commit == 0 { &self.first } else { &self.behind }.notify_one();
        if self.fault == Fault::Between && commit == 0 {
            self.behind.notified().await;
            let body = EntryBody::Rep { rep: "ana".into(), status: Status::Away };
            let away = Entry { at: Timestamp::UNIX_EPOCH, inbox: None, body };
            self.store.record(tenant, expected, vec![away; entries.len()]).await?;
        }
        let lapsed = entries.iter().any(|entry| matches!(entry.body, EntryBody::Lapsed { .. }));
        self.store.record_after(before, tenant, expected, entries).await?;
        if lapsed && self.fault == Fault::Moment {
            self.says(tenant, Status::Back).await?;
        }
        Ok(())
    }

    async fn owners_on_their_way(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        records: &[RecordRef],
    ) -> Result<Vec<Option<RepId>>, StoreError> {
        self.store.owners_on_their_way(tenant, connection, records).await
    }

    async fn strand(&self, tenant: &TenantId, known: &[ConnectionId], now: Timestamp) -> Result<u64, StoreError> {
        if self.fault == Fault::NotStranded && self.strands.fetch_add(1, Ordering::SeqCst) == 1 {
            return Err(lost());
        }
        self.stranded.fetch_add(1, Ordering::SeqCst);
        self.store.strand(tenant, known, now).await
    }

    async fn open(&self, tenant: &TenantId, seed: Seed) -> Result<(), StoreError> {
        Store::open(&*self.store, tenant, seed).await
    }

    async fn tenants(&self) -> Result<Vec<TenantId>, StoreError> {
        Store::tenants(&*self.store).await
    }

    async fn load(&self, tenant: &TenantId, since: Timestamp) -> Result<Snapshot, StoreError> {
        self.store.load(tenant, since).await
    }

    async fn vouch(&self, tenant: &TenantId, text: &str) -> Result<Vec<u8>, StoreError> {
        self.store.vouch(tenant, text).await
    }

    async fn progress(&self, tenant: &TenantId) -> Result<LogEnd, StoreError> {
        self.store.progress(tenant).await
    }

    async fn agenda(&self, tenant: &TenantId, lead: Option<&LeadId>) -> Result<Vec<(LeadId, Wait)>, StoreError> {
        self.store.agenda(tenant, lead).await
    }

    async fn accept(&self, tenant: &TenantId, all: Vec<Arrival>, now: Timestamp) -> Result<Vec<Accepted>, StoreError> {
        let due = all.iter().any(|arrival| matches!(arrival.payload, Payload::Due { .. }));
        if due && self.fault == Fault::Moment && self.moments.fetch_add(1, Ordering::SeqCst) == 0 {
            self.says(tenant, Status::Away).await?;
        }
        self.store.accept(tenant, all, now).await
    }

    async fn waiting(&self, tenant: &TenantId, after: i64, limit: u32) -> Result<Vec<Waiting>, StoreError> {
        self.store.waiting(tenant, after, limit).await
    }

    async fn answered(&self, tenant: &TenantId, calls: &[Keyed]) -> Result<Vec<Option<Earlier>>, StoreError> {
        self.store.answered(tenant, calls).await
    }

    async fn claim(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        now: Timestamp,
        lease: SignedDuration,
        limit: u32,
    ) -> Result<Vec<Claim>, StoreError> {
        self.store.claim(tenant, connection, now, lease, limit).await
    }

    async fn settle(&self, settlements: Vec<Settlement>) -> Result<Vec<bool>, StoreError> {
        self.store.settle(settlements).await
    }

    async fn keep(&self, tenant: &TenantId, things: Vec<Arc<[u8]>>) -> Result<(), StoreError> {
        self.store.keep(tenant, things).await
    }

    async fn kept(&self, tenant: &TenantId, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        self.store.kept(tenant, digest).await
    }

    async fn decision(&self, tenant: &TenantId, id: &DecisionId) -> Result<Option<Recalled>, StoreError> {
        self.store.decision(tenant, id).await
    }

    async fn decisions_of(&self, tenant: &TenantId, lead: &LeadId) -> Result<Vec<DecisionId>, StoreError> {
        self.store.decisions_of(tenant, lead).await
    }

    async fn log(&self, tenant: &TenantId, after: u64, limit: u32) -> Result<Vec<Stored>, StoreError> {
        self.store.log(tenant, after, limit).await
    }

    async fn log_of(&self, tenant: &TenantId, of: &LeadId, after: u64, limit: u32) -> Result<Vec<Stored>, StoreError> {
        self.store.log_of(tenant, of, after, limit).await
    }

    async fn outbox(&self, tenant: &TenantId, dead: bool, limit: u32) -> Result<Vec<OutboxRow>, StoreError> {
        Store::outbox(&*self.store, tenant, dead, limit).await
    }

    async fn repair(&self, of: &TenantId, id: &EffectId, repair: Repair, now: Timestamp) -> Result<bool, StoreError> {
        self.store.repair(of, id, repair, now).await
    }

    async fn backlog(&self, tenant: &TenantId) -> Result<(u64, u64), StoreError> {
        self.store.backlog(tenant).await
    }
}

/// The workspace with one more rep.
fn next(rep: &str) -> tempfile::TempDir {
    workspace(&format!("{LINES}[[reps]]\nid = \"{rep}\"\n"), &[])
}

/// A sequencer at work on a store with this fault, and the store.
async fn faulty(fault: Fault) -> (Orders, Arc<Faulty>, (JoinHandle<()>, watch::Sender<bool>), tempfile::TempDir) {
    let waits = if fault == Fault::Moment { "nobody = \"wait\"\n" } else { "" };
    let folder = workspace(&format!("{LINES}{waits}"), &[]);
    let real = store(folder.path()).await;
    let (revisions, strands, stranded) = (AtomicU32::new(0), AtomicU32::new(0), AtomicU32::new(0));
    let (commits, moments) = (AtomicU32::new(0), AtomicU32::new(0));
    let (store, first, behind) = (real.clone(), Notify::new(), Notify::new());
    let faulty = Arc::new(Faulty { store, fault, revisions, strands, stranded, commits, moments, first, behind });
    let desktop = Desktop { store: faulty.clone(), ..desktop(folder.path(), real) };
    let (orders, placed) = Orders::new();
    let work = works(Sequencer::open(desktop).await.expect("the log is open"), placed);
    (orders, faulty, work, folder)
}

/// The revision at the end of the log, and how many entries the log has.
async fn stands(store: &Faulty) -> (u64, u64) {
    let snapshot = store.load(&Tenant::id(), Timestamp::UNIX_EPOCH).await.expect("a state");
    (snapshot.workspace.expect("a workspace").0, snapshot.seq)
}

#[tokio::test]
async fn a_revision_whose_answer_was_lost_is_entered_once_and_holds() {
    let (orders, store, _work, _folder) = faulty(Fault::AnswerLost).await;
    let entered = orders.revise(revision(next("cy").path()).0, Some(1)).await;
    assert_eq!(entered.expect("it is entered"), 2);
    assert_eq!(stands(&store).await, (2, 2));
    let answer = orders.route(call(1, false)).await.expect("the tenant decides on");
    assert_eq!(answer.decision.revision, 2);
}

#[tokio::test]
async fn a_revision_that_could_not_be_recorded_leaves_the_one_before() {
    let (orders, store, _work, _folder) = faulty(Fault::NotRecorded).await;
    let refused = orders.revise(revision(next("cy").path()).0, Some(1)).await;
    assert!(matches!(refused, Err(OrderError::Store(_))), "{refused:?}");
    assert_eq!(stands(&store).await, (1, 1));
    let answer = orders.route(call(1, false)).await.expect("the tenant decides on");
    assert_eq!(answer.decision.revision, 1);
}

#[tokio::test]
async fn a_revision_that_another_process_overtook_is_refused_where_it_was_made_for_the_one_before() {
    let (orders, store, _work, _folder) = faulty(Fault::Overtaken).await;
    let refused = orders.revise(revision(next("cy").path()).0, Some(1)).await;
    assert!(matches!(refused, Err(OrderError::Moved { now: 2 })), "{refused:?}");
    assert_eq!(stands(&store).await, (2, 2), "theirs stays");
}

#[tokio::test]
async fn what_follows_from_a_revision_is_done_again_where_it_failed() {
    let (orders, store, _work, _folder) = faulty(Fault::NotStranded).await;
    let before = store.stranded.load(Ordering::SeqCst);
    orders.revise(revision(next("cy").path()).0, Some(1)).await.expect("it is entered all the same");
    until("the second try", async || store.stranded.load(Ordering::SeqCst) > before).await;
}

#[tokio::test]
async fn decisions_that_stand_on_a_commit_that_came_to_nothing_are_decided_again() {
    let (orders, store, _work, _folder) = faulty(Fault::Between).await;
    let first = tokio::spawn({
        let orders = orders.clone();
        async move { orders.route(call(0, true)).await }
    });
    store.first.notified().await;
    let mut all = JoinSet::new();
    for n in 1..=20 {
        let orders = orders.clone();
        all.spawn(async move { orders.route(call(n, true)).await });
    }
    let mut answers = all.join_all().await;
    answers.push(first.await.expect("it ends well"));
    for answer in answers {
        let decision = answer.expect("an answer").decision;
        assert_eq!(decision.rep, Some("bo".into()), "ana was away before any of these was recorded");
    }
    assert_eq!(stands(&store).await, (1, 1 + 1 + 21));
}

#[tokio::test]
async fn a_lead_whose_rep_was_gone_for_a_moment_when_its_turn_came_is_looked_for_again() {
    let (orders, store, _work, _folder) = faulty(Fault::Moment).await;
    let tenant = Tenant::id();
    let now = Timestamp::UNIX_EPOCH;
    for rep in ["ana", "bo"] {
        statuses::set(&*store, &tenant, &rep.into(), Status::Away, now).await.expect("it is entered");
    }
    let answer = orders.route(call(1, false)).await.expect("an answer");
    assert_eq!(answer.decision.queue.as_deref(), Some("all"), "nobody is there");
    statuses::set(&*store, &tenant, &"ana".into(), Status::Back, now).await.expect("it is entered");
    let given = async || {
        let log = store.store.log(&tenant, 0, 100).await.expect("a log");
        log.iter().any(|stored| stored.decision.rep == Some("ana".into()))
    };
    until("ana's lead", given).await;
    assert_eq!(store.moments.load(Ordering::SeqCst), 2, "it was found due, came too late, and was found again");
}
