//! The promises, held against what is truly there: the tenant's log, the CRM, and what was
//! acknowledged or answered.

use std::collections::{BTreeMap, BTreeSet};

use rota_domain::decision::Decision;
use rota_domain::effect::Act;
use rota_domain::fairness::report;
use rota_domain::id::{DecisionId, LeadId};
use rota_flow::decide::{DELIVERY_FAILED, OWNER_ATTEMPTS};
use rota_flow::ports::{LaneState, OutboxRow, Store as _};

use super::replay;
use super::world::World;

/// What of the promises was not kept.
pub(super) async fn check(world: &World) -> Vec<String> {
    let mut broken = std::mem::take(&mut world.sent().broken);
    let log = world.store.log(&world.tenant, 0, u32::MAX).await.unwrap_or_default();
    let effects = world.store.effects(&world.tenant);
    world.count(|counts| (counts.decisions, counts.effects) = (log.len() as u64, effects.len() as u64));
    let decisions: Vec<&Decision> = log.iter().map(|stored| &stored.decision).collect();
    once_each(world, &decisions, &effects, &mut broken);
    answered(world, &decisions, &mut broken);
    let turns = log.iter().filter_map(|s| Some((&s.decision.id, s.decision.at, s.turn.as_ref()?)));
    for pool in report(turns).iter().filter(|pool| !pool.holds()) {
        let turns = log.iter().filter_map(|stored| Some((stored.seq, stored.turn.as_ref()?)));
        let turns: Vec<_> = turns.filter(|(_, turn)| turn.pool == pool.pool).collect();
        broken.push(format!(
            "the rotation of `{}` left its bound: {:?} in {:?} by {turns:?}",
            pool.pool,
            pool.widest(),
            pool.runs
        ));
    }
    owners(world, &effects, &mut broken);
    beside(world, &effects, &mut broken);
    replay::check(world, &mut broken).await;
    broken
}

/// Every event and call is decided about exactly once; a lead whose owner nobody would take,
/// once more for each such owner.
fn once_each(world: &World, decisions: &[&Decision], effects: &[OutboxRow], broken: &mut Vec<String>) {
    let mut ids = BTreeSet::new();
    let (mut first, mut again): (BTreeMap<&LeadId, u64>, BTreeMap<&LeadId, u64>) = Default::default();
    for decision in decisions {
        let kind = if decision.trigger == DELIVERY_FAILED { &mut again } else { &mut first };
        *kind.entry(&decision.lead).or_default() += 1;
        if !ids.insert(&decision.id) {
            broken.push(format!("decision {} is twice in the log", decision.id));
        }
    }
    let sent = world.sent();
    let leads: BTreeSet<&LeadId> =
        sent.accepted.keys().chain(sent.unheard.keys()).chain(first.keys().copied()).collect();
    for lead in leads {
        let of = |counts: &BTreeMap<LeadId, u64>| counts.get(lead).copied().unwrap_or(0);
        let (least, unheard) = (of(&sent.accepted), of(&sent.unheard));
        let decided = first.get(lead).copied().unwrap_or(0);
        if decided < least || decided > least + unheard {
            broken.push(format!("{lead} was taken in {least} times, and decided {decided} times"));
        }
    }
    let died = |row: &&OutboxRow| {
        let again = matches!(row.effect.act, Act::Owner { attempt, .. } if attempt <= OWNER_ATTEMPTS);
        again && row.state == LaneState::Dead
    };
    let mut dead: BTreeMap<&LeadId, u64> = BTreeMap::new();
    effects.iter().filter(died).for_each(|row| *dead.entry(&row.lead).or_default() += 1);
    // Who is tried again after death is dead no more, or dies again for the same new decision.
    if dead != again && sent.repaired.is_empty() {
        broken.push(format!("owners died: {dead:?}; and these leads were decided about again: {again:?}"));
    }
}

/// A call's answer is in the log.
fn answered(world: &World, decisions: &[&Decision], broken: &mut Vec<String>) {
    for (lead, answer) in &world.sent().answers {
        if !decisions.iter().any(|decision| decision.id == *answer && decision.lead == *lead) {
            broken.push(format!("a call about {lead} was answered with {answer}, which is not in the log"));
        }
    }
}

/// Every record's owner is that of its last decision, unless a person had the last word. Where
/// owners are kept, it may also be who owned it already when the last decision's was to be written:
/// somebody of an earlier decision, who was not there yet when the record was read, or who had left
/// and came back.
fn owners(world: &World, effects: &[OutboxRow], broken: &mut Vec<String>) {
    let mut newest: BTreeMap<&str, &OutboxRow> = BTreeMap::new();
    for row in effects.iter().filter(|row| matches!(row.effect.act, Act::Owner { .. })) {
        newest.insert(&row.effect.record, row);
    }
    let (crm, sent) = (world.crm(), world.sent());
    for (record, row) in newest {
        let Act::Owner { owner, keep, .. } = &row.effect.act else { continue };
        let last = crm.records.get(record).and_then(|record| record.owners.last());
        let by_person = last.is_some_and(|(_, effect)| effect.is_none());
        let is_his = last.is_some_and(|(now, _)| now == owner.as_str());
        let found = |now: &str| row.cause.as_ref().is_some_and(|cause| cause.contains(&format!("owner {now} took")));
        let was_first = last.is_some_and(|(now, _)| found(now));
        let kept = match row.state {
            LaneState::Done => is_his || by_person,
            LaneState::Superseded => *keep && (by_person || was_first),
            LaneState::Dead => true,
            LaneState::Dropped => sent.repaired.contains(&row.effect.id),
            LaneState::Waiting | LaneState::Held => false,
        };
        if !kept {
            let said = (row.state, row.cause.as_deref());
            broken.push(format!("record {record} has {last:?}; its last decision gave it to {owner}: {said:?}"));
        }
    }
}

/// Tasks and notes are there once each, also where an answer was lost; they and messages only
/// where the decision's owner is confirmed.
fn beside(world: &World, effects: &[OutboxRow], broken: &mut Vec<String>) {
    let owners: BTreeMap<&DecisionId, LaneState> = effects
        .iter()
        .filter(|row| matches!(row.effect.act, Act::Owner { .. }))
        .map(|row| (&row.decision, row.state))
        .collect();
    let (crm, sent) = (world.crm(), world.sent());
    for row in effects {
        let id = &row.effect.id;
        if matches!(row.state, LaneState::Waiting | LaneState::Held) {
            broken.push(format!("{id} waits for ever: {:?} {:?}", row.state, row.cause));
        }
        let found = match row.effect.act {
            Act::Task { .. } | Act::Note { .. } => {
                let there = crm.records.get(&row.effect.record).map(|record| &record.beside);
                let found = there.map_or(0, |beside| beside.iter().filter(|mark| *mark == id).count());
                if found > 1 {
                    broken.push(format!("{id} was created {found} times"));
                }
                found
            }
            // A receiver knows a message that comes twice by its id.
            Act::Notify { .. } => sent.messages.iter().filter(|mark| *mark == id).count(),
            Act::Owner { .. } | Act::Property { .. } => continue,
        };
        if row.state == LaneState::Done && found == 0 {
            broken.push(format!("{id} is done, and nothing is there"));
        }
        let owner = owners.get(&row.decision);
        if found > 0 && owner.is_some_and(|owner| *owner != LaneState::Done) {
            broken.push(format!("{id} was sent, and its decision's owner is {owner:?}"));
        }
    }
}
