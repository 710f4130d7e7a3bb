//! What comes from outside: messages of the CRM, which are sent until they are acknowledged and
//! sometimes again; calls with keys, which are repeated until they are answered; calls without;
//! and people who change owners, statuses and counters meanwhile.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use rota_domain::decision::Apply;
use rota_domain::event::Status;
use rota_domain::id::{DecisionId, Digest, EffectId, LeadId};
use rota_flow::orders::{Call, OrderError};
use rota_flow::ports::{Arrival, Keyed, LaneState, Payload, Repair, Store as _};
use rota_flow::{counters, statuses};
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::rule::{COUNTER, REPS, STRANGER, workspace};
use super::world::World;

/// How long somebody outside waits for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// What was sent, and what was promised for it.
#[derive(Default)]
pub(super) struct Sent {
    /// By lead: events that were acknowledged, and calls that were answered.
    pub(super) accepted: BTreeMap<LeadId, u64>,
    /// By lead: calls that nobody heard of any more, and that nobody repeats.
    pub(super) unheard: BTreeMap<LeadId, u64>,
    /// The decisions that calls were answered with.
    pub(super) answers: Vec<(LeadId, DecisionId)>,
    /// Messages that reached the destination, by their effects.
    pub(super) messages: Vec<EffectId>,
    /// Effects that a person tried again or gave up.
    pub(super) repaired: BTreeSet<EffectId>,
    /// What must not happen, and did.
    pub(super) broken: Vec<String>,
}

/// Begins to send; ends when everything is acknowledged or answered.
pub(super) fn begin(world: &Arc<World>) -> JoinSet<()> {
    let mut senders = JoinSet::new();
    for n in 0..world.plan.webhooks {
        senders.spawn(webhook(world.clone(), n));
    }
    for n in 0..world.plan.calls {
        senders.spawn(call(world.clone(), n));
    }
    for _ in 0..world.plan.people {
        senders.spawn(person(world.clone()));
    }
    senders
}

/// Some time within the storm.
async fn sometime(world: &World) {
    let storm = u64::try_from(world.plan.storm.as_millis()).unwrap_or(0);
    sleep(Duration::from_millis(world.draw(storm))).await;
}

async fn pause(world: &World) {
    sleep(Duration::from_millis(200 + world.draw(4_000))).await;
}

async fn webhook(world: Arc<World>, n: u64) {
    sometime(&world).await;
    let events: Vec<(LeadId, Arrival)> = (0..=world.draw(5)).map(|k| event(&world, &format!("w{n}/{k}"))).collect();
    let arrivals: Vec<Arrival> = events.iter().map(|(_, arrival)| arrival.clone()).collect();
    while !is_accepted(&world, &arrivals).await {
        pause(&world).await;
    }
    for (lead, _) in events {
        *world.sent().accepted.entry(lead).or_default() += 1;
    }
    if world.draw(3) == 0 {
        // The CRM did not hear that it was taken.
        pause(&world).await;
        is_accepted(&world, &arrivals).await;
    }
}

fn event(world: &World, key: &str) -> (LeadId, Arrival) {
    let id = world.draw(world.plan.records).to_string();
    let lead = LeadId::of_record(&"hs".into(), "contact", &id);
    let trigger = if world.draw(2) == 0 { "created" } else { "changed" };
    let payload =
        Payload::Record { connection: "hs".into(), object: "contact".into(), id, trigger: trigger.into(), attempt: 1 };
    (lead, Arrival { dedupe_key: key.into(), occurred: world.now(), payload })
}

async fn is_accepted(world: &World, arrivals: &[Arrival]) -> bool {
    let Some(door) = world.door() else { return false };
    matches!(timeout(PATIENCE, door.inbox.accept(&world.tenant, arrivals.to_vec())).await, Ok(Ok(_)))
}

async fn call(world: Arc<World>, n: u64) {
    sometime(&world).await;
    let kind = world.draw(4);
    let (lead, payload) = match kind {
        0 => {
            let (lead, arrival) = event(&world, "");
            (lead, arrival.payload)
        }
        _ => whole(&world, n),
    };
    let keyed = kind < 3;
    let apply = if world.draw(4) == 0 { Apply::Caller } else { Apply::Host };
    let mut first = None;
    // Who has an answer asks once more now and then, as who lost it would.
    let mut times = 1 + world.draw(2);
    while times > 0 {
        let Some(door) = world.door() else {
            pause(&world).await;
            continue;
        };
        let received = world.now();
        let key = keyed.then(|| Keyed { key: format!("c{n}"), asked: Digest::of(lead.as_str().as_bytes()), received });
        let asked = Call { key, payload: payload.clone(), flow: None, apply, received, parent: None };
        let answer = timeout(PATIENCE, door.orders.route(asked)).await;
        world.note(format_args!("call {n} about {lead}: {}", said(answer.as_ref().ok())));
        match answer {
            Ok(Ok(answer)) if first.as_ref().is_none_or(|id| *id == answer.decision.id) => {
                first = Some(answer.decision.id);
                times -= 1;
            }
            Ok(Ok(answer)) => {
                let other = format!("call {n} was answered with {} after {first:?}", answer.decision.id);
                world.sent().broken.push(other);
                return;
            }
            Ok(Err(error @ (OrderError::OtherQuestion | OrderError::Defect | OrderError::Moved { .. }))) => {
                world.sent().broken.push(format!("call {n} was refused: {error}"));
                return;
            }
            _ => {}
        }
        if !keyed {
            break;
        }
        pause(&world).await;
    }
    let mut sent = world.sent();
    let heard = if first.is_some() { &mut sent.accepted } else { &mut sent.unheard };
    *heard.entry(lead.clone()).or_default() += 1;
    sent.answers.extend(first.map(|id| (lead, id)));
}

fn said<T>(answer: Option<&Result<rota_flow::orders::Answered, T>>) -> String
where
    T: std::fmt::Display,
{
    match answer {
        Some(Ok(answer)) => answer.decision.id.to_string(),
        Some(Err(error)) => error.to_string(),
        None => "no answer".into(),
    }
}

/// A lead that comes with everything, and may be the same person as a record of the CRM.
fn whole(world: &World, n: u64) -> (LeadId, Payload) {
    let id = LeadId::from(format!("web:{n}"));
    let like = world.draw(2 * world.plan.records);
    let kind = if world.draw(2) == 0 { "keep" } else { "overwrite" };
    let pool = if world.draw(2) == 0 { "a" } else { "b" };
    let lead = serde_json::from_value(json!({"id": id, "properties": {
        "kind": kind, "pool": pool, "shape": "all", "email": format!("joe{like}@big.example"),
    }}));
    (id, Payload::Lead { lead: lead.expect("the lead reads"), flow: None })
}

/// A person does something, which the tenant's log or the CRM has at once.
async fn person(world: Arc<World>) {
    sometime(&world).await;
    let (rep, owner) = REPS[usize::try_from(world.draw(5)).unwrap_or(0)];
    let (store, tenant, now) = (&world.store, &world.tenant, world.now());
    match world.draw(9) {
        0 | 1 => {
            let record = world.draw(world.plan.records).to_string();
            let owner = if world.draw(2) == 0 { STRANGER } else { owner };
            world.gives(&record, owner);
        }
        2 => {
            world.leaves(owner, true, now);
            sleep(Duration::from_millis(world.draw(30_000))).await;
            if world.draw(2) == 0 {
                world.leaves(owner, false, world.now());
            }
        }
        3 | 4 => {
            let status = [Status::Away, Status::Back, Status::Paused][usize::try_from(world.draw(3)).unwrap_or(0)];
            let set = statuses::set(store, tenant, &rep.into(), status, now).await;
            world.note(format_args!("a person says that {rep} is {status:?}: {}", set.is_ok()));
        }
        5 => repairs(&world).await,
        6 | 7 => revises(&world).await,
        _ => {
            let value = i32::try_from(world.draw(100)).unwrap_or(0);
            let set = counters::set(store, tenant, &"keep".into(), COUNTER, Some(value), now).await;
            world.note(format_args!("a person sets the counter to {value}: {}", set.is_ok()));
        }
    }
}

/// A person tries an effect again, or gives it up.
async fn repairs(world: &World) {
    let mendable = [LaneState::Waiting, LaneState::Dead];
    let rows: Vec<_> = world.store.effects(&world.tenant);
    let rows: Vec<_> = rows.into_iter().filter(|row| mendable.contains(&row.state)).collect();
    let Some(row) = rows.get(usize::try_from(world.draw(rows.len() as u64)).unwrap_or(0)) else { return };
    let repair = if world.draw(2) == 0 { Repair::Retry } else { Repair::Drop };
    let id = row.effect.id.clone();
    let done = world.store.repair(&world.tenant, &id, repair, world.now()).await;
    world.note(format_args!("a person wants of {id}: {repair:?}: {done:?}"));
    world.sent().repaired.insert(id);
}

/// A person applies another revision of the workspace. Several hosts do not learn of each other's
/// revisions here, so this is for one.
async fn revises(world: &World) {
    let Some(door) = world.door().filter(|_| world.plan.hosts == 1) else { return };
    let revision = door.revision(workspace(world.draw(7)));
    let entered = timeout(PATIENCE, door.orders.revise(revision, None)).await;
    world.note(format_args!("a person revises the workspace: {entered:?}"));
}
