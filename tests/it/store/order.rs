//! Whatever happens in whatever order: a lane delivers in order, and none is stranded.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use rota_domain::effect::Act;
use rota_flow::ports::{Claim, LaneState, Repair, Settle, Settlement, Store};

use super::Place;
use super::values::{LEASE, acme, at, begin, dead, decided_about, hs, owner, property, recall, record, retry, task};

/// Something that happens.
#[derive(Clone, Debug)]
enum Event {
    /// A decision about one of three contacts, with one of some sets of effects.
    Decide { contact: u8, shape: u8 },
    /// Up to so many lanes are claimed.
    Claim { limit: u32 },
    /// One of the claims ever made is settled.
    Settle { which: prop::sample::Index, how: u8 },
    /// A person retries or drops one of the effects ever recorded.
    Repair { which: prop::sample::Index, retry: bool },
    /// Time passes; after 30 seconds, leases run out.
    Pass { seconds: i64 },
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        3 => (0..3_u8, 0..5_u8).prop_map(|(contact, shape)| Event::Decide { contact, shape }),
        3 => (1..4_u32).prop_map(|limit| Event::Claim { limit }),
        4 => (any::<prop::sample::Index>(), 0..8_u8).prop_map(|(which, how)| Event::Settle { which, how }),
        1 => (any::<prop::sample::Index>(), any::<bool>()).prop_map(|(which, retry)| Event::Repair { which, retry }),
        2 => prop_oneof![Just(1), Just(5), Just(31)].prop_map(|seconds| Event::Pass { seconds }),
    ]
}

fn acts(shape: u8) -> Vec<Act> {
    match shape {
        0 => vec![owner("71"), task("one")],
        1 => vec![property("na"), owner("72"), property("eu"), task("two")],
        2 => vec![owner("73")],
        3 => vec![property("triage")],
        _ => vec![task("three"), property("none")],
    }
}

/// What the test knows besides the store.
#[derive(Default)]
struct World {
    now: i64,
    /// All effects ever, in the order in which they were recorded: decision, effect, lane.
    effects: Vec<(String, String, String)>,
    decisions: usize,
    claims: Vec<Claim>,
    /// By lane: the fence that holds it, and until when.
    held: BTreeMap<String, (i64, i64)>,
    /// Effects that somebody was given and nobody has settled yet.
    under_way: BTreeSet<String>,
    /// Effects of which nobody knows whether they came through.
    unknown: BTreeSet<String>,
    /// By lane: the places in `effects` of what was delivered, in that order.
    delivered: BTreeMap<String, Vec<usize>>,
    /// Lanes in which something may be sent after a later effect: a person brought it back.
    disturbed: BTreeSet<String>,
}

impl World {
    async fn happen(&mut self, store: &dyn Store, event: Event) {
        match event {
            Event::Decide { contact, shape } => {
                let id = format!("d{}", self.decisions);
                self.decisions += 1;
                let recorded = decided_about(&contact.to_string(), &id, acts(shape));
                self.effects
                    .extend(recorded.effects.iter().map(|effect| (id.clone(), effect.id.to_string(), effect.lane())));
                record(store, self.now, recorded).await;
            }
            Event::Claim { limit } => self.claim(store, limit).await,
            Event::Settle { which, how } if !self.claims.is_empty() => {
                let claim = which.get(&self.claims).clone();
                let how = match how {
                    0 => retry(self.now + 7),
                    1 => Settle::Retry { at: at(self.now + 3), counts: false, trouble: None, cause: "429".into() },
                    2 => dead(None),
                    3 => Settle::Superseded("kept".into()),
                    _ => Settle::Done,
                };
                self.settle(store, claim, how).await;
            }
            Event::Repair { which, retry } if !self.effects.is_empty() => {
                let (_, effect, lane) = which.get(&self.effects);
                let repair = if retry { Repair::Retry } else { Repair::Drop };
                let changed = store.repair(&acme(), &effect.as_str().into(), repair, at(self.now)).await.unwrap();
                if changed && retry {
                    self.disturbed.insert(lane.clone());
                }
            }
            Event::Pass { seconds } => self.now += seconds,
            Event::Settle { .. } | Event::Repair { .. } => {}
        }
    }

    async fn claim(&mut self, store: &dyn Store, limit: u32) {
        let claims = store.claim(&acme(), &hs(), at(self.now), LEASE, limit).await.unwrap();
        assert!(claims.len() <= limit as usize);
        for claim in claims {
            let until = self.now + LEASE.as_secs();
            let before = self.held.insert(claim.lane.clone(), (claim.fence, until));
            if let Some((fence, until)) = before {
                assert!(until <= self.now, "lane {} was held", claim.lane);
                assert!(claim.fence > fence);
            }
            let effect = claim.effect.id.to_string();
            if !self.under_way.insert(effect.clone()) {
                self.unknown.insert(effect.clone());
            }
            assert!(claim.attempt > 1 || !self.unknown.contains(&effect), "{effect} is sent as new");
            self.claims.push(claim);
        }
    }

    async fn settle(&mut self, store: &dyn Store, claim: Claim, how: Settle) {
        let lease = self.held.get(&claim.lane).filter(|(fence, _)| *fence == claim.fence).map(|(_, until)| *until);
        let before = self.state(store, claim.effect.id.as_str()).await;
        let settlement = Settlement { claim: claim.clone(), settle: how.clone(), at: at(self.now) };
        let held = store.settle(vec![settlement]).await.unwrap() == [true];
        match lease {
            Some(until) if until > self.now => assert!(held, "{claim:?}"),
            // It ran out: nobody need have come for it.
            Some(_) => {}
            None => assert!(!held, "{claim:?}"),
        }
        if !held {
            assert_eq!(self.state(store, claim.effect.id.as_str()).await, before);
            return;
        }
        self.held.remove(&claim.lane);
        self.under_way.remove(claim.effect.id.as_str());
        if how == Settle::Done && before == LaneState::Waiting {
            let place = self.effects.iter().position(|(_, id, _)| id == claim.effect.id.as_str()).unwrap();
            let disturbed = self.disturbed.contains(&claim.lane);
            let delivered = self.delivered.entry(claim.lane).or_default();
            assert!(!delivered.contains(&place), "{} was delivered twice", claim.effect.id);
            let in_order = delivered.last() < Some(&place) || disturbed;
            assert!(in_order, "{} came too late", claim.effect.id);
            delivered.push(place);
        }
    }

    async fn state(&self, store: &dyn Store, effect: &str) -> LaneState {
        let (decision, ..) = self.effects.iter().find(|(_, id, _)| id == effect).unwrap();
        let rows = recall(store, decision).await.effects;
        rows.into_iter().find(|row| row.effect.id.as_str() == effect).unwrap().state
    }

    /// Everybody works until nothing is left to do.
    async fn drain(&mut self, store: &dyn Store) {
        for _ in 0..=self.effects.len() {
            self.now += 31;
            let from = self.claims.len();
            self.claim(store, 10).await;
            for claim in self.claims.split_off(from) {
                self.settle(store, claim, Settle::Done).await;
            }
        }
        let backlog = store.backlog(&acme()).await.unwrap();
        assert_eq!(backlog, (0, 0), "something is stranded");
        for (_, effect, _) in &self.effects {
            assert_ne!(self.state(store, effect).await, LaneState::Waiting, "{effect}");
        }
    }
}

pub(crate) async fn no_sequence_of_events_delivers_out_of_order_or_strands_a_lane<P: Place + Send + 'static>(_: P) {
    let cases = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let config = Config { cases: 48, failure_persistence: None, ..Config::default() };
        let sequences = prop::collection::vec(event(), 1..40);
        let run = |events: Vec<Event>| {
            runtime.block_on(async {
                let place = P::new();
                let store = place.open().await;
                begin(&*store, &acme()).await;
                let mut world = World::default();
                for event in events {
                    world.happen(&*store, event).await;
                }
                world.drain(&*store).await;
            });
            Ok(())
        };
        TestRunner::new(config).run(&sequences, run).map_err(|error| error.to_string())
    };
    // A runtime may not be made inside another's thread.
    if let Err(error) = tokio::task::spawn_blocking(cases).await.unwrap() {
        panic!("{error}");
    }
}
