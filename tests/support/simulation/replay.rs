//! The log, entered again from its beginning: each decision must follow from the state that the
//! entries before it left, and the last state must be the store's.

use std::sync::Arc;

use jiff::Timestamp;
use rota_domain::desk::Desk;
use rota_flow::ports::{EntryBody, Recorded, Store as _};

use super::rule::COUNTER;
use super::world::World;

/// Enters the log again; what does not follow is broken.
pub(super) async fn check(world: &World, broken: &mut Vec<String>) {
    let entries = world.store.entries(&world.tenant);
    let Ok(snapshot) = world.store.load(&world.tenant, Timestamp::MIN).await else {
        return;
    };
    if snapshot.seq != entries.len() as u64 {
        broken.push(format!("the log has {} entries and stands at {}", entries.len(), snapshot.seq));
    }
    let mut desk: Option<Desk> = None;
    for (seq, entry) in (1_u64..).zip(entries) {
        match (entry.body, &mut desk) {
            (EntryBody::Workspace { workspace, .. }, before) => {
                *before = Some(match before.take() {
                    Some(before) => before.revise(seq, workspace),
                    None => Desk::new(seq, workspace),
                });
            }
            (EntryBody::Rep { rep, status }, Some(desk)) => desk.set_status(rep, status),
            (EntryBody::Counter { flow, name, value }, Some(desk)) => desk.set_counter(flow, name, value),
            (EntryBody::Rows(changes), Some(desk)) => desk.change_rows(&changes),
            // Nobody has a capacity here, and no lead waits for anything.
            (
                EntryBody::Closed { .. }
                | EntryBody::Responded { .. }
                | EntryBody::Declined { .. }
                | EntryBody::Lapsed { .. },
                Some(_),
            ) => {}
            (EntryBody::Decision(recorded), Some(desk)) => {
                if let Some(why) = enter(desk, *recorded) {
                    broken.push(format!("entry {seq} does not follow from those before it: {why}"));
                }
            }
            (_, None) => broken.push(format!("entry {seq} comes before any workspace")),
        }
    }
    let Some(desk) = desk else { return };
    if *desk.rotations() != snapshot.rotations {
        broken.push("the rotations are not those that the log leads to".into());
    }
    if *desk.counters() != snapshot.counters {
        broken.push(format!("the counters are {:?}, and the log leads to {:?}", snapshot.counters, desk.counters()));
    }
    let workspace = snapshot.workspace.map(|(revision, workspace)| (revision, Arc::new(workspace)));
    if workspace != Some((desk.revision, desk.workspace.clone())) {
        broken.push("the workspace is not the one that the log leads to".into());
    }
    if snapshot.statuses.iter().any(|(rep, status)| desk.status(rep) != Some(*status)) {
        broken.push("the statuses are not those that the log leads to".into());
    }
}

/// Enters a decision; says what of it does not follow.
fn enter(desk: &mut Desk, recorded: Recorded) -> Option<String> {
    let mut wrong = None;
    if recorded.decision.revision != desk.revision {
        wrong = Some(format!("it saw revision {}, and {} held", recorded.decision.revision, desk.revision));
    }
    if let Some((turn, rotation)) = recorded.turn {
        let due = desk.next(&turn.pool, &[], &[], recorded.decision.at);
        if due.as_ref() != Some(&turn) {
            wrong = Some(format!("it took the turn {turn:?}, and {due:?} was due"));
        }
        desk.take(&turn);
        if desk.rotation(&turn.rotation()) != Some(&rotation) {
            wrong = Some("the rotation after its turn is another one".into());
        }
    }
    for (flow, name, value) in recorded.counters {
        let next = desk.counter(&flow, &name) + 1;
        if name != COUNTER || value != next {
            wrong = Some(format!("it set `{name}` to {value}, and {next} came next"));
        }
        desk.set_counter(flow, name, Some(value));
    }
    wrong
}
