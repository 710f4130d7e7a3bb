//! The calls that a CRM account takes are divided between the hosts that use it: a note
//! `pace/<account>` on the board says how many each may have under way in a window. It is read
//! every second, and at once when a caller waits; it is written when somebody needs more, or has
//! much more than it needs. No call of a CRM costs a statement.

use std::collections::BTreeSet;
use std::time::Duration;

use rota_crm::hubspot::{Pace, Paces};
use rota_domain::allotment::{Allotment, Allotments};
use rota_domain::id::HostId;
use rota_flow::ports::StoreError;

use super::{Hosts, Notes};

/// The names of these notes.
const PACE: &str = "pace/";

/// Takes of each account in use what this host may have; says whether callers wait for more.
///
/// # Errors
/// When the database fails; what was held is held.
pub(super) async fn share(hosts: &Hosts, paces: &Paces, notes: &Notes) -> Result<bool, StoreError> {
    let (alive, mut short) = (hosts.alive(), false);
    for pace in paces.in_use() {
        short |= one(hosts, &alive, &pace, notes).await?;
    }
    Ok(short)
}

async fn one(hosts: &Hosts, alive: &BTreeSet<HostId>, pace: &Pace, notes: &Notes) -> Result<bool, StoreError> {
    let (board, me) = (&*hosts.board, hosts.board.host());
    let name = format!("{PACE}{}", pace.name());
    let there = notes.get(&name);
    let (calls, window, news) = pace.terms();
    let mut all = there.and_then(|body| read(body)).unwrap_or_else(|| Allotments::new(calls, millis(window)));
    if news {
        (all.calls, all.window_ms) = (calls, millis(window));
    } else {
        pace.agree(all.calls, Duration::from_millis(all.window_ms));
    }
    let window = Duration::from_millis(all.window_ms);
    // The last calls of a host that died count for one window more.
    all.hosts.retain(|host, _| host == me || hosts.dead_for(host).is_none_or(|dead| dead < window));
    // The board knows best: the answer to a write may have been lost.
    let mine = all.hosts.get(me).copied().unwrap_or_default();
    pace.hold(mine.held);
    let need = pace.need();
    let wanted = |held: u32| need.used.saturating_add(need.waiting) > held.min(all.calls);
    let next = match all.next(me, alive, need) {
        Some(next) => next,
        None if news => mine,
        None => return Ok(wanted(mine.held)),
    };
    // What is given away is not used any more before others can take it.
    let held = if next.held < mine.held { pace.lower(next.held) } else { next.held };
    let short = wanted(held);
    let (calls, window) = (all.calls, Duration::from_millis(all.window_ms));
    all.hosts.insert(me.clone(), Allotment { held, ..next });
    if !board.swap(&name, there.map(String::as_str), Some(&text(&all))).await? {
        return Ok(true);
    }
    pace.hold(held);
    if news {
        pace.agree(calls, window);
    }
    Ok(short)
}

/// Gives back all that is not in use, at the end of this host's work.
pub(super) async fn leave(hosts: &Hosts, paces: &Paces, notes: &Notes) -> Result<(), StoreError> {
    let me = hosts.board.host();
    for pace in paces.in_use() {
        let name = format!("{PACE}{}", pace.name());
        let Some((there, mut all)) = notes.get(&name).and_then(|body| Some((body, read(body)?))) else { continue };
        match pace.lower(0) {
            0 => all.hosts.remove(me),
            held => all.hosts.insert(me.clone(), Allotment { held, wants: 0 }),
        };
        hosts.board.swap(&name, Some(there), kept(&all).as_deref()).await?;
    }
    Ok(())
}

/// Takes out of the notes what nobody needs: accounts that this host does not use any more and did
/// not use at the sweep before, hosts that are long dead. `unused` is what was not used then.
pub(super) async fn sweep(
    hosts: &Hosts,
    paces: &Paces,
    notes: &Notes,
    unused: &mut BTreeSet<String>,
) -> Result<(), StoreError> {
    let used: BTreeSet<String> = paces.in_use().iter().map(|pace| format!("{PACE}{}", pace.name())).collect();
    let rest = notes.iter().filter(|(name, _)| name.starts_with(PACE) && !used.contains(*name));
    let mut now_unused = BTreeSet::new();
    for (name, body) in rest {
        let Some(mut all) = read(body) else { continue };
        let window = Duration::from_millis(all.window_ms);
        let gone = |host: &HostId| match host == hosts.board.host() {
            true => unused.contains(name),
            false => hosts.dead_for(host).is_some_and(|dead| dead >= window),
        };
        let before = all.hosts.len();
        all.hosts.retain(|host, _| !gone(host));
        if all.hosts.len() < before || before == 0 {
            hosts.board.swap(name, Some(body), kept(&all).as_deref()).await?;
        }
        now_unused.insert(name.clone());
    }
    *unused = now_unused;
    Ok(())
}

/// The note, where anybody holds anything.
fn kept(all: &Allotments) -> Option<String> {
    (!all.hosts.is_empty()).then(|| text(all))
}

fn text(all: &Allotments) -> String {
    serde_json::to_string(all).unwrap_or_default()
}

/// A note that does not read is of another version: it is as if nobody held anything.
fn read(body: &str) -> Option<Allotments> {
    serde_json::from_str(body).ok()
}

fn millis(window: Duration) -> u64 {
    u64::try_from(window.as_millis()).unwrap_or(u64::MAX)
}
