//! A host: its sequencer, its couriers and its door for what arrives. It dies and starts again as
//! often as the plan has it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use rota_domain::circuit::Fuse;
use rota_domain::delivery::Backoff;
use rota_domain::id::{ConnectionId, Seed};
use rota_domain::workspace::{Workspace, connection_of};
use rota_flow::courier::Courier;
use rota_flow::ingest::Inbox;
use rota_flow::link::Link;
use rota_flow::orders::{Orders, Revision};
use rota_flow::ports::{Carrier, Clock, Crm, Store};
use rota_flow::sequencer::{Desktop, Sequencer};
use rota_flow::share::{Share, Tracks};
use tokio::sync::watch;

use super::crm::CrmLine;
use super::life::Life;
use super::message::MessageLine;
use super::rule::{DESTINATION, Native, bindings};
use super::storm::Storm;
use super::world::World;

/// The way into a host.
#[derive(Clone)]
pub(super) struct Door {
    pub(super) inbox: Arc<Inbox>,
    pub(super) orders: Orders,
    crm: Arc<dyn Crm>,
}

impl Door {
    /// A workspace that the host may decide under.
    pub(super) fn revision(&self, workspace: Workspace) -> Revision {
        revision(workspace, self.crm.clone())
    }
}

fn revision(workspace: Workspace, crm: Arc<dyn Crm>) -> Revision {
    Revision {
        workspace: Arc::new(workspace),
        bindings: Arc::new(bindings()),
        kept: Vec::new(),
        crms: BTreeMap::from([(ConnectionId::from("hs"), crm)]),
        origin: None,
    }
}

/// All lives of the host with this number, one after the other.
pub(super) async fn live(world: Arc<World>, number: usize) {
    let off = i64::try_from(world.draw(world.plan.skew_ms.unsigned_abs() + 1)).unwrap_or(0);
    let off = if number.is_multiple_of(2) { off } else { -off };
    loop {
        let dies = world.storms() && world.plan.dies_within > 0;
        let steps = if dies { 1 + world.draw(u64::from(world.plan.dies_within)) } else { 0 };
        let life = Life::of(u32::try_from(steps).unwrap_or(0));
        let (stop, stopped) = watch::channel(false);
        tokio::select! {
            biased;
            () = life.ended() => {
                world.count(|counts| counts.deaths += 1);
                world.note(format_args!("host {number} dies"));
            }
            () = work(&world, number, &life, off, stopped) => {}
            () = stops(&world, &life, &stop) => {}
        }
        world.set_door(number, None);
        tokio::time::sleep(Duration::from_millis(10 + world.draw(3_000))).await;
    }
}

/// When things go wrong no more, nobody dies. Before that, some are stopped in good order.
async fn stops(world: &World, life: &Life, stop: &watch::Sender<bool>) {
    let calm = world.plan.storm.saturating_sub(world.elapsed());
    let early = Duration::from_millis(world.draw(40_000));
    if early < calm && world.draw(2) == 0 {
        tokio::time::sleep(early).await;
        stop.send_replace(true);
    } else {
        tokio::time::sleep(calm).await;
        life.spare();
    }
    std::future::pending::<()>().await;
}

/// One life: until it is stopped, and has stopped.
async fn work(world: &Arc<World>, number: usize, life: &Life, off: i64, stopped: watch::Receiver<bool>) {
    let clock = world.clock(off);
    let storm = Arc::new(Storm { world: world.clone(), host: number, life: life.clone() });
    let crm = Arc::new(CrmLine { world: world.clone(), host: number, life: life.clone() });
    let message = Arc::new(MessageLine { world: world.clone(), life: life.clone() });
    let share = Share::new(world.tenant.clone(), Arc::new(Tracks::here()), world.plan.fuel, clock.now());
    let desktop = Desktop {
        tenant: world.tenant.clone(),
        revision: revision(world.workspace().await, crm.clone()),
        seed: Seed::from_number(1),
        store: storm.clone(),
        people: storm.clone(),
        rules: Arc::new(Native),
        clock: clock.clone(),
        share,
    };
    let sequencer = match Sequencer::open(desktop).await {
        Ok(sequencer) => sequencer,
        Err(error) => {
            world.note(format_args!("host {number} cannot start: {error}"));
            return;
        }
    };
    world.note(format_args!("host {number} is up"));
    let inbox = Arc::new(Inbox::new(storm.clone(), clock.clone()));
    let bell = inbox.bell(&world.tenant);
    let (orders, placed) = Orders::new();
    world.set_door(number, Some(Door { inbox, orders, crm: crm.clone() }));
    let (recorded, seen) = watch::channel(());
    let courier = |connection: ConnectionId, carrier: Arc<dyn Carrier>| {
        let courier = courier(world, connection, carrier, storm.clone(), clock.clone());
        courier.run(seen.clone(), bell.clone(), stopped.clone())
    };
    tokio::join!(
        sequencer.run(placed, bell.clone(), recorded, stopped.clone()),
        courier("hs".into(), crm),
        courier(connection_of(DESTINATION), message),
    );
    world.note(format_args!("host {number} has stopped"));
}

fn courier(
    world: &Arc<World>,
    connection: ConnectionId,
    carrier: Arc<dyn Carrier>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
) -> Courier {
    let seconds = [1, 2, 4, 8, 10, 10, 10, 10, 10, 10, 10, 10];
    let backoff = Backoff {
        waits: seconds.map(SignedDuration::from_secs).to_vec(),
        fuse: Fuse { longest: SignedDuration::from_secs(8), ..Fuse::default() },
        unauthorized: SignedDuration::from_secs(9),
        ..Backoff::default()
    };
    let dice = world.clone();
    Courier {
        tenant: world.tenant.clone(),
        connection,
        carrier,
        link: Arc::new(Link::new(backoff.fuse, clock.now())),
        store,
        clock,
        backoff,
        chance: Arc::new(move || dice.fraction()),
    }
}
