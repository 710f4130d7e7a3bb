//! The couriers of a tenant: one at work for each CRM account and each destination, and how its
//! link stands.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use jiff::Timestamp;
use rota_domain::id::{ConnectionId, TenantId};
use rota_flow::courier::Courier;
use rota_flow::link::{Link, Stand};
use rota_flow::ports::Carrier;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::Parts;

/// One courier at work.
struct Carried {
    carrier: Arc<dyn Carrier>,
    link: Arc<Link>,
    end: watch::Sender<bool>,
}

/// A tenant's couriers.
pub(super) struct Couriers {
    tenant: TenantId,
    /// Changes when effects may wait.
    recorded: watch::Sender<()>,
    carried: RwLock<BTreeMap<ConnectionId, Carried>>,
}

impl Couriers {
    /// No courier yet.
    pub(super) fn new(tenant: TenantId, recorded: watch::Sender<()>) -> Self {
        Self { tenant, recorded, carried: RwLock::default() }
    }

    /// Lets a courier work for each of these, and for no other. One whose carrier stays goes on.
    pub(super) fn carry(
        &self,
        wanted: BTreeMap<ConnectionId, Arc<dyn Carrier>>,
        parts: &Parts,
        work: &Mutex<JoinSet<()>>,
    ) {
        let mut carried = self.carried.write().unwrap_or_else(PoisonError::into_inner);
        carried.retain(|id, at_work| {
            let stays = wanted.get(id).is_some_and(|carrier| Arc::ptr_eq(carrier, &at_work.carrier));
            if !stays {
                at_work.end.send_replace(true);
            }
            stays
        });
        for (id, carrier) in wanted {
            if carried.contains_key(&id) {
                continue;
            }
            let (board, of) = (parts.board.clone(), (&self.tenant, &id));
            let link = Arc::new(Link::shared(parts.backoff.fuse, parts.clock.now(), board, of));
            let (end, ended) = watch::channel(false);
            let courier = self.courier(&id, carrier.clone(), link.clone(), parts, ended);
            work.lock().unwrap_or_else(PoisonError::into_inner).spawn(courier);
            carried.insert(id, Carried { carrier, link, end });
        }
    }

    /// How the link of each stands.
    pub(super) fn stand(&self) -> Vec<(ConnectionId, Stand)> {
        let carried = self.carried.read().unwrap_or_else(PoisonError::into_inner);
        carried.iter().map(|(id, at_work)| (id.clone(), at_work.link.stand())).collect()
    }

    /// The links of all of them.
    pub(super) fn links(&self) -> Vec<Arc<Link>> {
        let carried = self.carried.read().unwrap_or_else(PoisonError::into_inner);
        carried.values().map(|at_work| at_work.link.clone()).collect()
    }

    /// Lets one be used again, at once; false if there is none of this name.
    pub(super) fn resume(&self, id: &ConnectionId, now: Timestamp) -> bool {
        let carried = self.carried.read().unwrap_or_else(PoisonError::into_inner);
        let Some(at_work) = carried.get(id) else { return false };
        at_work.link.resume(now);
        true
    }

    fn courier(
        &self,
        connection: &ConnectionId,
        carrier: Arc<dyn Carrier>,
        link: Arc<Link>,
        parts: &Parts,
        mut ended: watch::Receiver<bool>,
    ) -> impl Future<Output = ()> + use<> {
        let courier = Courier {
            tenant: self.tenant.clone(),
            connection: connection.clone(),
            carrier,
            link,
            store: parts.store.clone(),
            clock: parts.clock.clone(),
            backoff: parts.backoff.clone(),
            chance: Arc::new(rand::random),
        };
        let (recorded, arrived) = (self.recorded.subscribe(), parts.inbox.bell(&self.tenant));
        let mut host = parts.stopped.clone();
        let (stop, stopped) = watch::channel(false);
        async move {
            // Its end, or the host's: whichever comes first lets it finish its round.
            let told = async move {
                tokio::select! {
                    _ = ended.wait_for(|end| *end) => {}
                    _ = host.wait_for(|stop| *stop) => {}
                }
                stop.send_replace(true);
            };
            tokio::join!(courier.run(recorded, arrived, stopped), told);
        }
    }
}
