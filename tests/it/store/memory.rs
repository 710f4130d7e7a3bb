//! The simulation's store in memory is held to the same promises as the real ones, and answers
//! as the SQLite file does whatever happens.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use rota_domain::effect::{About, Act, Urgency};
use rota_domain::id::ConnectionId;
use rota_flow::ports::{Claim, OutboxRow, Recorded, Repair, Settle, Settlement, Store, Waiting};
use rota_tests::memory::MemoryStore;

use super::values::{
    LEASE, acme, arrival, at, begin, dead, decided_about, hs, owner, property, recall, record, retry, task,
};
use super::{Place, Shared, SqliteFile};

/// A store that is there as long as somebody knows it.
pub(crate) struct InMemory(MemoryStore, AtomicU32);

impl Place for InMemory {
    fn new() -> Self {
        Self(MemoryStore::default(), AtomicU32::default())
    }

    async fn open(&self) -> Arc<dyn Store> {
        Arc::new(self.0.clone())
    }

    async fn host(&self) -> Arc<dyn Shared> {
        Arc::new(self.0.of(&self.1.fetch_add(1, Ordering::Relaxed).to_string()))
    }
}

/// Something that happens to both stores.
#[derive(Clone, Debug)]
enum Event {
    Decide {
        contact: u8,
        shape: u8,
    },
    Claim {
        chat: bool,
        limit: u32,
    },
    /// Some of the claims ever made are settled in one commit.
    Settle {
        which: Vec<(prop::sample::Index, u8)>,
    },
    Repair {
        which: prop::sample::Index,
        retry: bool,
    },
    Strand {
        chat: bool,
    },
    Pass {
        seconds: i64,
    },
}

fn event() -> impl Strategy<Value = Event> {
    let which = || any::<prop::sample::Index>();
    prop_oneof![
        4 => (0..3_u8, 0..5_u8).prop_map(|(contact, shape)| Event::Decide { contact, shape }),
        4 => (any::<bool>(), 1..4_u32).prop_map(|(chat, limit)| Event::Claim { chat, limit }),
        5 => prop::collection::vec((which(), 0..8_u8), 1..4).prop_map(|which| Event::Settle { which }),
        3 => (which(), any::<bool>()).prop_map(|(which, retry)| Event::Repair { which, retry }),
        1 => any::<bool>().prop_map(|chat| Event::Strand { chat }),
        3 => prop_oneof![Just(1), Just(5), Just(31)].prop_map(|seconds| Event::Pass { seconds }),
    ]
}

fn chat() -> ConnectionId {
    rota_domain::workspace::connection_of("chat")
}

/// A decision with effects of one of some shapes; a message goes to the destination.
fn decision(contact: u8, shape: u8, number: usize) -> Recorded {
    let id = format!("d{number}");
    let plain = decided_about("0", &id, Vec::new()).decision;
    let about = Box::new(About {
        decision: plain.id,
        at: plain.at,
        lead: plain.lead,
        flow: None,
        outcome: "assign".into(),
        rep: None,
        owner: None,
        queue: None,
        offered: None,
        class: "inbound:demo-request".into(),
        urgency: Urgency::Urgent,
    });
    let message = Act::Notify { destination: "chat".into(), message: "look".into(), about };
    let acts = match shape {
        0 => vec![owner("71"), task("one"), message],
        1 => vec![property("na"), owner("72"), property("eu"), message],
        2 => vec![owner("73")],
        3 => vec![property("triage"), message],
        _ => vec![task("three"), property("none")],
    };
    let mut recorded = decided_about(&contact.to_string(), &id, acts);
    for effect in recorded.effects.iter_mut().filter(|effect| matches!(effect.act, Act::Notify { .. })) {
        effect.connection = chat();
    }
    recorded
}

/// All effects and everything that waits in the inbox.
async fn all(store: &dyn Store, decisions: usize) -> (Vec<OutboxRow>, Vec<Waiting>, (u64, u64)) {
    let mut rows = Vec::new();
    for number in 0..decisions {
        rows.extend(recall(store, &format!("d{number}")).await.effects);
    }
    (rows, store.waiting(&acme(), 0, 100).await.unwrap(), store.backlog(&acme()).await.unwrap())
}

async fn agree(events: Vec<Event>) {
    let (file, memory) = (SqliteFile::new(), InMemory::new());
    let stores = [file.open().await, memory.open().await];
    let (mut now, mut decisions, mut effects, mut claims) = (0, 0, Vec::new(), Vec::new());
    for store in &stores {
        begin(&**store, &acme()).await;
    }
    for event in events {
        let (mut answers, mut new) = (Vec::new(), Vec::new());
        let recorded = match event {
            Event::Decide { contact, shape } => Some(decision(contact, shape, decisions)),
            _ => None,
        };
        for store in &stores {
            answers.push(match &event {
                Event::Decide { .. } => {
                    record(&**store, now, recorded.clone().expect("a decision")).await;
                    String::new()
                }
                Event::Claim { chat: message, limit } => {
                    let connection = if *message { chat() } else { hs() };
                    let claimed = store.claim(&acme(), &connection, at(now), LEASE, *limit).await.unwrap();
                    let said = format!("{claimed:?}");
                    new = claimed;
                    said
                }
                Event::Settle { which } if !claims.is_empty() => {
                    format!("{:?}", store.settle(settlements(&claims, which, now)).await.unwrap())
                }
                Event::Repair { which, retry } if !effects.is_empty() => {
                    let repair = if *retry { Repair::Retry } else { Repair::Drop };
                    store.repair(&acme(), which.get(&effects), repair, at(now)).await.unwrap().to_string()
                }
                Event::Strand { chat: too } => {
                    let known = if *too { vec![hs()] } else { vec![hs(), chat()] };
                    store.strand(&acme(), &known, at(now)).await.unwrap().to_string()
                }
                _ => String::new(),
            });
        }
        assert_eq!(answers[0], answers[1], "{event:?}");
        // Both made the same.
        claims.extend(new);
        if let Some(recorded) = recorded {
            decisions += 1;
            effects.extend(recorded.effects.into_iter().map(|effect| effect.id));
        }
        if let Event::Pass { seconds } = event {
            now += seconds;
        }
        assert_eq!(all(&*stores[0], decisions).await, all(&*stores[1], decisions).await, "after {event:?}");
    }
}

/// Settlements of some claims, one a lane: a courier never has two.
fn settlements(claims: &[Claim], which: &[(prop::sample::Index, u8)], now: i64) -> Vec<Settlement> {
    let mut lanes = BTreeSet::new();
    let chosen = which.iter().map(|(which, how)| (which.get(claims).clone(), *how));
    let chosen = chosen.filter(|(claim, _)| lanes.insert((claim.effect.connection.clone(), claim.lane.clone())));
    let settled = |(claim, how): (Claim, u8)| Settlement {
        settle: settle(how, now, claim.effect.id.as_str()),
        claim,
        at: at(now),
    };
    chosen.map(settled).collect()
}

fn settle(how: u8, now: i64, effect: &str) -> Settle {
    match how {
        0 => retry(now + 7),
        1 => Settle::Retry { at: at(now + 3), counts: false, trouble: None, cause: "429".into() },
        2 => dead(None),
        3 => dead(Some(arrival(effect))),
        4 => Settle::Superseded("kept".into()),
        _ => Settle::Done,
    }
}

#[tokio::test]
async fn the_store_in_memory_answers_as_the_sqlite_file_does_whatever_happens() {
    let cases = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let config = Config { cases: 48, failure_persistence: None, ..Config::default() };
        let run = |events: Vec<Event>| {
            runtime.block_on(agree(events));
            Ok(())
        };
        let ended = TestRunner::new(config).run(&prop::collection::vec(event(), 1..50), run);
        ended.map_err(|error| error.to_string())
    };
    // A runtime may not be made inside another's thread.
    if let Err(error) = tokio::task::spawn_blocking(cases).await.unwrap() {
        panic!("{error}");
    }
}
