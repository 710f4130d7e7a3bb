//! What stood against each rep who was considered, in numbers: what they were owed, when they had a turn
//! last, how far away they were, until when they were gone.

use jiff::Timestamp;
use rota_domain::desk::Availability;
use rota_domain::fairness::{Policy, Turn};
use rota_domain::id::{PoolId, RepId};
use rota_domain::location::metres_of;
use rota_domain::shifts::Shifts;
use rota_domain::workspace::{Member, Pool, Rep, Workspace};

use super::super::text::{counted, day_and_clock, distance, percent, signed};
use super::WhyNot;

/// How a candidate of a turn stood before it; nothing of who was none. `due` is within how many turns each of
/// them had to have one, where it went by that.
pub(super) fn stood(turn: &Turn, due: Option<&[Option<u64>]>, rep: &RepId) -> Option<String> {
    if turn.rep == *rep && turn.seat() != rep {
        return Some(format!("in the name of {}", turn.seat()));
    }
    let place = turn.candidates.iter().position(|candidate| candidate.rep == *rep)?;
    let weight = turn.candidates[place].weight;
    let total = turn.candidates.iter().map(|candidate| u64::from(candidate.weight)).sum();
    let besides = &turn.besides;
    let share = || match &besides.metric {
        Some(metric) => format!("{} by {metric}", percent(weight, total)),
        None => format!("weight {weight} of {total}"),
    };
    let ago = || match besides.stood.get(place) {
        Some(1) => "had the last turn".to_owned(),
        Some(ago) if *ago > 1 => format!("last turn {ago} ago"),
        _ => "no turn yet".to_owned(),
    };
    let open = besides.open.get(place).copied().unwrap_or(0);
    let stood = match turn.policy {
        Policy::Quota => {
            let owed = f64::from(besides.stood.get(place).copied().unwrap_or(0)) / 1_000.0;
            let due =
                due.and_then(|due| due[place]).map(|turns| format!(", due in {}", counted(turns, "turn", "turns")));
            format!("{}, owed {}{}", share(), signed(owed, 2), due.unwrap_or_default())
        }
        Policy::InTurn | Policy::LeastRecent => ago(),
        Policy::PeckingOrder => format!("score {weight}, {}", ago()),
        Policy::Nearest => distance(metres_of(weight)),
        Policy::FewestOpen => format!("{open} open, {}", share()),
        Policy::MostFreeCapacity => {
            let capacity = besides.capacity.get(place).copied().unwrap_or(0);
            format!("{open} of {capacity} open, {}", share())
        }
    };
    Some(stood)
}

/// Of a member who has no share of a pool's turns, by what.
pub(super) fn no_share(pool: &Pool) -> Option<String> {
    pool.weights.as_ref().map(|weights| format!("with nothing by {}", weights.metric))
}

/// What stood against a member of a pool who was no candidate.
pub(super) fn against(
    why: WhyNot,
    workspace: &Workspace,
    shifts: &Shifts,
    pool: &PoolId,
    member: &Member,
    at: Timestamp,
) -> Option<String> {
    let place = workspace.reps.iter().position(|rep| rep.id == member.rep)?;
    let rep = &workspace.reps[place];
    match why {
        WhyNot::Away | WhyNot::OffShift => {
            let by_the_clock = match shifts.at(at).of(place, Some(pool))? {
                Availability::OffShift => WhyNot::OffShift,
                _ => WhyNot::Away,
            };
            let until = shifts.next_change(place, Some(pool), at).filter(|_| by_the_clock == why)?;
            Some(format!("until {} UTC", day_and_clock(until)))
        }
        WhyNot::Capped => Some(limits(rep)),
        WhyNot::FairnessStop => {
            let stop = workspace.pool(pool)?.stop?;
            Some(format!("more than {} ahead", counted(stop.into(), "lead", "leads")))
        }
        WhyNot::Excluded => match member.counts(workspace.pool(pool)?.policy) {
            None if member.score.is_some() => Some("by a score below zero".into()),
            None => Some("by a weight of 0".into()),
            Some(_) => Some("by the rule".into()),
        },
        WhyNot::Declined => Some("was asked, or had it, before".into()),
        WhyNot::Inactive if !rep.active => Some("switched off in the workspace".into()),
        WhyNot::NotItsTurn => Some("for leads that wait longer".into()),
        _ => None,
    }
}

/// How many leads a rep may have.
fn limits(rep: &Rep) -> String {
    let open = rep.capacity.map(|most| format!("{most} open"));
    let caps = rep.caps.iter().map(|cap| {
        let of = cap.per.map_or("open".into(), |per| format!("per {}", per.name()));
        format!("{} {of}{}", cap.leads, if cap.when.is_some() { " of a kind" } else { "" })
    });
    open.into_iter().chain(caps).collect::<Vec<_>>().join(", ")
}
