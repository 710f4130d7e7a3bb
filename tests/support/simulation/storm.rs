//! The store as one host reaches it: slowly at times, not at all at others, and sometimes without
//! hearing that what it asked for was done.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use rota_domain::agenda::Wait;
use rota_domain::id::{ConnectionId, DecisionId, Digest, EffectId, LeadId, RepId, Seed, TenantId};
use rota_flow::ports::{
    Accepted, Arrival, Before, Claim, Dossier, Earlier, Entry, Erased, Keyed, LogEnd, OutboxRow, People, Recalled,
    RecordRef, Repair, Settlement, Snapshot, Store, StoreError, Stored, Waiting, Whom,
};

use super::life::Life;
use super::world::World;

/// One host's way to the store.
pub(super) struct Storm {
    pub(super) world: Arc<World>,
    pub(super) host: usize,
    pub(super) life: Life,
}

fn gone(what: &str) -> StoreError {
    StoreError::Unavailable { database: "of the simulation".into(), detail: what.into() }
}

impl Storm {
    /// Asks for something that changes nothing.
    async fn read<T>(&self, work: impl Future<Output = Result<T, StoreError>> + Send) -> Result<T, StoreError> {
        self.life.gate().await;
        self.passes().await;
        self.reaches()?;
        let done = work.await;
        self.life.gate().await;
        done
    }

    /// Asks for a commit. The life may end before it, after it, and before its answer.
    async fn write<T: Debug>(
        &self,
        what: &str,
        work: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        self.life.gate().await;
        self.passes().await;
        self.life.gate().await;
        self.reaches()?;
        let done = work.await;
        self.world.note(format_args!("host {} {what}: {done:?}", self.host));
        self.life.gate().await;
        self.passes().await;
        self.life.gate().await;
        if matches!(done, Err(StoreError::Conflict { .. })) {
            self.world.count(|counts| counts.conflicts += 1);
        }
        if self.world.befalls(self.world.plan.answer_lost) {
            self.world.count(|counts| counts.lost += 1);
            self.world.note(format_args!("host {} does not hear of it", self.host));
            return Err(gone("the answer was lost"));
        }
        done
    }

    /// Time passes on the way, now and then a lot of it.
    async fn passes(&self) {
        if self.world.befalls(self.world.plan.store_slow) {
            // Now and then longer than any lease.
            let most = if self.world.draw(6) == 0 { 50_000 } else { 10_000 };
            tokio::time::sleep(Duration::from_millis(100 + self.world.draw(most))).await;
        } else if self.world.storms() && self.world.draw(3) == 0 {
            tokio::time::sleep(Duration::from_millis(1 + self.world.draw(8))).await;
        }
    }

    fn reaches(&self) -> Result<(), StoreError> {
        if self.world.is_cut_off() || self.world.befalls(self.world.plan.store_fails) {
            return Err(gone("it is out of reach"));
        }
        Ok(())
    }

    fn real(&self) -> &dyn Store {
        &self.world.store
    }
}

#[async_trait]
impl Store for Storm {
    async fn open(&self, tenant: &TenantId, seed: Seed) -> Result<(), StoreError> {
        self.write("opens", self.real().open(tenant, seed)).await
    }

    async fn tenants(&self) -> Result<Vec<TenantId>, StoreError> {
        self.read(self.real().tenants()).await
    }

    async fn load(&self, tenant: &TenantId, since: Timestamp) -> Result<Snapshot, StoreError> {
        self.read(self.real().load(tenant, since)).await
    }

    async fn vouch(&self, tenant: &TenantId, text: &str) -> Result<Vec<u8>, StoreError> {
        self.read(self.real().vouch(tenant, text)).await
    }

    async fn progress(&self, tenant: &TenantId) -> Result<LogEnd, StoreError> {
        self.read(self.real().progress(tenant)).await
    }

    async fn agenda(&self, tenant: &TenantId, lead: Option<&LeadId>) -> Result<Vec<(LeadId, Wait)>, StoreError> {
        self.read(self.real().agenda(tenant, lead)).await
    }

    async fn accept(&self, tenant: &TenantId, all: Vec<Arrival>, now: Timestamp) -> Result<Vec<Accepted>, StoreError> {
        self.write("accepts", self.real().accept(tenant, all, now)).await
    }

    async fn waiting(&self, tenant: &TenantId, after: i64, limit: u32) -> Result<Vec<Waiting>, StoreError> {
        self.read(self.real().waiting(tenant, after, limit)).await
    }

    async fn owners_on_their_way(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        records: &[RecordRef],
    ) -> Result<Vec<Option<RepId>>, StoreError> {
        self.read(self.real().owners_on_their_way(tenant, connection, records)).await
    }

    async fn record_after(
        &self,
        before: Before,
        tenant: &TenantId,
        expected: u64,
        entries: Vec<Entry>,
    ) -> Result<(), StoreError> {
        let what = format!("records {} behind {expected}", entries.len());
        self.write(&what, self.real().record_after(before, tenant, expected, entries)).await
    }

    async fn answered(&self, tenant: &TenantId, calls: &[Keyed]) -> Result<Vec<Option<Earlier>>, StoreError> {
        self.read(self.real().answered(tenant, calls)).await
    }

    async fn claim(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        now: Timestamp,
        lease: SignedDuration,
        limit: u32,
    ) -> Result<Vec<Claim>, StoreError> {
        // Most find nothing, and those do not trouble the real store's writer, either.
        let idle = self.real().backlog(tenant).await.is_ok_and(|(_, effects)| effects == 0);
        if idle {
            self.life.gate().await;
            return self.reaches().map(|()| Vec::new());
        }
        let work = async { self.real().claim(tenant, connection, now, lease, limit).await.map(Claims) };
        self.write("claims", work).await.map(|Claims(claims)| claims)
    }

    async fn settle(&self, settlements: Vec<Settlement>) -> Result<Vec<bool>, StoreError> {
        self.write("settles", self.real().settle(settlements)).await
    }

    async fn keep(&self, tenant: &TenantId, things: Vec<Arc<[u8]>>) -> Result<(), StoreError> {
        self.write("keeps", self.real().keep(tenant, things)).await
    }

    async fn kept(&self, tenant: &TenantId, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(self.real().kept(tenant, digest)).await
    }

    async fn decision(&self, tenant: &TenantId, id: &DecisionId) -> Result<Option<Recalled>, StoreError> {
        self.read(self.real().decision(tenant, id)).await
    }

    async fn decisions_of(&self, tenant: &TenantId, lead: &LeadId) -> Result<Vec<DecisionId>, StoreError> {
        self.read(self.real().decisions_of(tenant, lead)).await
    }

    async fn log(&self, tenant: &TenantId, after: u64, limit: u32) -> Result<Vec<Stored>, StoreError> {
        self.read(self.real().log(tenant, after, limit)).await
    }

    async fn log_of(&self, tenant: &TenantId, of: &LeadId, after: u64, limit: u32) -> Result<Vec<Stored>, StoreError> {
        self.read(self.real().log_of(tenant, of, after, limit)).await
    }

    async fn outbox(&self, tenant: &TenantId, dead: bool, limit: u32) -> Result<Vec<OutboxRow>, StoreError> {
        self.read(self.real().outbox(tenant, dead, limit)).await
    }

    async fn repair(&self, of: &TenantId, id: &EffectId, repair: Repair, now: Timestamp) -> Result<bool, StoreError> {
        self.write("repairs", self.real().repair(of, id, repair, now)).await
    }

    async fn strand(&self, tenant: &TenantId, known: &[ConnectionId], now: Timestamp) -> Result<u64, StoreError> {
        self.write("strands", self.real().strand(tenant, known, now)).await
    }

    async fn backlog(&self, tenant: &TenantId) -> Result<(u64, u64), StoreError> {
        self.read(self.real().backlog(tenant)).await
    }
}

/// Claims, which the trace names by their effects.
struct Claims(Vec<Claim>);

impl Debug for Claims {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let claims = self.0.iter().map(|claim| (claim.effect.id.as_str(), claim.attempt, claim.fence));
        f.debug_list().entries(claims).finish()
    }
}

#[async_trait]
impl People for Storm {
    async fn export(&self, tenant: &TenantId, whom: &Whom) -> Result<Dossier, StoreError> {
        self.world.store.export(tenant, whom).await
    }

    async fn erase(
        &self,
        tenant: &TenantId,
        whom: &Whom,
        who: &str,
        now: Timestamp,
        settles: Option<i64>,
    ) -> Result<Erased, StoreError> {
        self.world.store.erase(tenant, whom, who, now, settles).await
    }

    async fn forget_departed(&self, tenant: &TenantId, before: Timestamp) -> Result<(), StoreError> {
        self.read(self.world.store.forget_departed(tenant, before)).await
    }
}
