//! Everybody who was considered for a lead, and why they got it or did not. It is told from
//! what the log keeps: the turn's candidates, the workspace that was seen, and what the
//! transcript says of who was there.

use std::collections::{BTreeMap, HashMap, HashSet};

use rota_domain::decision::{Offered, Outcome};
use rota_domain::desk::{Availability, Hindrance};
use rota_domain::fairness::Turn;
use rota_domain::id::{PoolId, RepId};
use rota_domain::shifts::Shifts;
use rota_domain::workspace::{Member, Pool};
use rota_flow::ports::Recalled;
use serde_json::Value;

use super::steps::{arg, number};
use super::{Considered, Step, WhyNot, detail};
use crate::show::text::day_and_clock;

/// A member's numbers in the answer of `rep-pool.members`, and where the availability is.
const MEMBER: usize = 5;
const AVAILABILITY: usize = 4;

/// Who was considered: the rep who got the lead or those who are asked, then the members of each pool that was
/// opened, in the workspace's order.
pub(super) fn considered(recalled: &Recalled, steps: &[Step]) -> Vec<Considered> {
    let decision = &recalled.stored.decision;
    let offer = decision.outcome == Outcome::Offer;
    let taken = decision.rep.as_ref().filter(|_| !offer);
    let asked = decision.offered.iter().filter(|_| offer);
    let turn = turn(recalled);
    let due = turn.and_then(Turn::due_within);
    let stood = |rep: &RepId| turn.and_then(|turn| detail::stood(turn, due.as_deref(), rep));
    let mut seen: HashSet<&RepId> = taken.into_iter().chain(asked.clone().map(|asked| &asked.rep)).collect();
    let got = |rep: &RepId| Considered { rep: rep.clone(), taken: true, why: WhyNot::Taken, detail: stood(rep) };
    let mut list: Vec<Considered> = taken.map(got).into_iter().chain(asked.map(is_asked)).collect();
    let shifts = Shifts::of(&recalled.workspace, &recalled.calendar_files);
    let facts = Facts::of(recalled, steps);
    for pool in facts.pools(recalled) {
        for member in &pool.members {
            if seen.insert(&member.rep) {
                let why = facts.why(recalled, &shifts, &pool.id, member);
                let share = || facts.has_no_share(recalled, pool, member).then(|| detail::no_share(pool)).flatten();
                let against = || detail::against(why, &recalled.workspace, &shifts, &pool.id, member, decision.at);
                let detail = stood(&member.rep).filter(|_| why == WhyNot::NotItsTurn).or_else(share).or_else(against);
                list.push(Considered { rep: member.rep.clone(), taken: false, why, detail });
            }
        }
    }
    list
}

fn is_asked(asked: &Offered) -> Considered {
    let detail = Some(format!("until {} UTC", day_and_clock(asked.until)));
    Considered { rep: asked.rep.clone(), taken: false, why: WhyNot::Asked, detail }
}

/// The turn that was taken, if one was.
fn turn(recalled: &Recalled) -> Option<&Turn> {
    recalled.stored.turn.as_ref().filter(|turn| !turn.besides.by_hand)
}

/// The same, if it was one of this pool.
fn turn_of<'r>(recalled: &'r Recalled, pool: &PoolId) -> Option<&'r Turn> {
    turn(recalled).filter(|turn| turn.pool == *pool)
}

/// What the transcript says about pools and reps.
#[derive(Default)]
struct Facts {
    /// Each pool that was opened, in order.
    opened: Vec<PoolId>,
    /// Why a rep, by place in the workspace, could not be given leads by a pool, or by any; none: could.
    absent: BTreeMap<(Option<PoolId>, usize), Option<WhyNot>>,
    /// The reps whom the last question for a turn was narrowed to, by pool.
    among: BTreeMap<PoolId, Vec<usize>>,
    /// The pools of which such a question found nobody.
    nobody: HashSet<PoolId>,
    /// What stood against their members then, as the host noted.
    hindered: HashMap<(PoolId, RepId), Hindrance>,
}

impl Facts {
    fn of(recalled: &Recalled, steps: &[Step]) -> Self {
        let mut facts = Self { hindered: hindered(recalled), ..Self::default() };
        // The numbers of pools begin anew with each plugin.
        let mut numbers: BTreeMap<usize, PoolId> = BTreeMap::new();
        for step in steps {
            match step.call.as_str() {
                "plugin" => numbers.clear(),
                "rep-pool.open" => {
                    if let (Some(name), Some(n)) = (arg(step, 0).as_str(), step.answer.get("Ok").and_then(number)) {
                        numbers.insert(n, name.into());
                        facts.opened.push(name.into());
                    }
                }
                "rep-pool.members" => {
                    facts.hear_members(number(arg(step, 0)).and_then(|n| numbers.get(&n)), &step.answer);
                }
                "rep-pool.available" => {
                    if let (Some(rep), Some(word)) = (number(arg(step, 0)), step.answer.as_str()) {
                        facts.absent.insert((None, rep), absence_by_name(word));
                    }
                }
                "rep-pool.next" => {
                    let among = arg(step, 1).as_array().map(|reps| reps.iter().filter_map(number).collect());
                    if let (Some(pool), Some(among)) = (number(arg(step, 0)).and_then(|n| numbers.get(&n)), among) {
                        facts.among.insert(pool.clone(), among);
                        if step.answer.is_null() {
                            facts.nobody.insert(pool.clone());
                        }
                    }
                }
                _ => {}
            }
        }
        if let Some(turn) = turn(recalled) {
            facts.opened.insert(0, turn.pool.clone());
        }
        facts
    }

    fn hear_members(&mut self, pool: Option<&PoolId>, answer: &Value) {
        let numbers: Vec<usize> = answer.as_array().into_iter().flatten().filter_map(number).collect();
        for member in numbers.chunks_exact(MEMBER) {
            let why = match member[AVAILABILITY] {
                1 => Some(WhyNot::Away),
                2 => Some(WhyNot::OffShift),
                3 => Some(WhyNot::Capped),
                4 => Some(WhyNot::Inactive),
                _ => None,
            };
            self.absent.insert((pool.cloned(), member[0]), why);
        }
    }

    fn pools<'r>(&self, recalled: &'r Recalled) -> Vec<&'r Pool> {
        let mut listed = HashSet::new();
        let known = self.opened.iter().filter_map(|pool| recalled.workspace.pool(pool));
        known.filter(|pool| listed.insert(&pool.id)).collect()
    }

    /// What the host noted of a member who would have been a candidate: in the turn, or where there was none.
    fn hindrance(&self, turn: Option<&Turn>, pool: &PoolId, rep: &RepId) -> Option<Hindrance> {
        let Some(turn) = turn else { return self.hindered.get(&(pool.clone(), rep.clone())).copied() };
        if turn.besides.stopped.iter().any(|stopped| stopped.rep == *rep) {
            return Some(Hindrance::FairnessStop);
        }
        if turn.besides.no_share.contains(rep) {
            return Some(Hindrance::NoShare);
        }
        turn.capped.contains(rep).then_some(Hindrance::Capped)
    }

    fn has_no_share(&self, recalled: &Recalled, pool: &Pool, member: &Member) -> bool {
        self.hindrance(turn_of(recalled, &pool.id), &pool.id, &member.rep) == Some(Hindrance::NoShare)
    }

    fn why(&self, recalled: &Recalled, shifts: &Shifts, pool: &PoolId, member: &Member) -> WhyNot {
        let turn = turn_of(recalled, pool);
        let is = |rep: &RepId| *rep == member.rep;
        let backed = turn.is_some_and(|turn| turn.besides.backups.iter().any(|backup| is(&backup.of)));
        if !backed && turn.is_some_and(|turn| turn.candidates.iter().any(|candidate| is(&candidate.rep))) {
            return WhyNot::NotItsTurn;
        }
        if let Some(hindrance) = self.hindrance(turn, pool, &member.rep) {
            return hindrance.into();
        }
        if recalled.stored.decision.passed_over.contains(&member.rep) {
            return WhyNot::Declined;
        }
        let place = recalled.workspace.reps.iter().position(|rep| rep.id == member.rep);
        let heard = place.and_then(|place| {
            let of_pool = self.absent.get(&(Some(pool.clone()), place));
            of_pool.or_else(|| self.absent.get(&(None, place))).copied()
        });
        if place.is_some_and(|place| !recalled.workspace.reps[place].active) {
            return WhyNot::Inactive;
        }
        if let Some(Some(absent)) = heard {
            return absent;
        }
        let among = self.among.get(pool).filter(|among| !among.is_empty());
        let left_out = among.is_some_and(|among| place.is_none_or(|place| !among.contains(&place)));
        let policy = recalled.workspace.pool(pool).map(|pool| pool.policy).unwrap_or_default();
        if member.counts(policy).is_none() || left_out {
            return WhyNot::Excluded;
        }
        let by_the_clock = || match place.and_then(|place| shifts.at(recalled.stored.decision.at).of(place, Some(pool)))
        {
            Some(Availability::OffShift) => Some(WhyNot::OffShift),
            Some(_) => Some(WhyNot::Away),
            None => None,
        };
        match (turn, heard) {
            // Everybody with a weight who is there is a candidate, so this one was not there: it was
            // the clock, or somebody had said so.
            (Some(_), None) => by_the_clock().unwrap_or(WhyNot::Away),
            (Some(_), Some(_)) => WhyNot::Excluded,
            // Statuses and caps were noted, so whoever was there belonged to leads that wait longer.
            (None, _) if self.nobody.contains(pool) => by_the_clock().unwrap_or(WhyNot::NotItsTurn),
            (None, _) => WhyNot::NotACandidate,
        }
    }
}

/// What stood against members of pools that gave nobody a turn, as the host noted.
fn hindered(recalled: &Recalled) -> HashMap<(PoolId, RepId), Hindrance> {
    let notes = recalled.private.iter().flat_map(|private| &private.notes);
    let said = notes.filter_map(|note| {
        let hindrance = Hindrance::ALL.into_iter().find(|hindrance| hindrance.name() == note.branch)?;
        note.detail.split_once(": ").map(|(pool, reps)| (hindrance, pool, reps))
    });
    said.flat_map(|(why, pool, reps)| reps.split(' ').map(move |rep| ((pool.into(), rep.into()), why))).collect()
}

fn absence_by_name(word: &str) -> Option<WhyNot> {
    match word {
        "Away" => Some(WhyNot::Away),
        "OffShift" => Some(WhyNot::OffShift),
        "Capped" => Some(WhyNot::Capped),
        "Inactive" => Some(WhyNot::Inactive),
        _ => None,
    }
}
