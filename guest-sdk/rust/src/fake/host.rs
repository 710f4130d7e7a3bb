//! The fake world's answers, one function for each of the contract's.

use super::{Effect, Who, World, with};
use crate::log::Level;
use crate::{Absence, Availability, Instant, Owner, PastEvent, Refusal, Rep, Table};

fn read<T>(name: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, Absence> {
    with(|world| {
        if world.declared.as_ref().is_some_and(|declared| !declared.contains(name)) {
            world.undeclared_reads.push(name.to_owned());
            return Err(Absence::Undeclared);
        }
        parsed(world.properties.get(name), parse)
    })
}

fn parsed<T>(raw: Option<&String>, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, Absence> {
    let text = raw.map(|raw| raw.trim()).filter(|text| !text.is_empty()).ok_or(Absence::Absent)?;
    parse(text).ok_or_else(|| Absence::Malformed(text.to_owned()))
}

fn finite(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

pub(crate) fn lead_text(name: &str) -> Result<String, Absence> {
    read(name, |text| Some(text.to_owned()))
}

pub(crate) fn lead_number(name: &str) -> Result<f64, Absence> {
    read(name, finite)
}

pub(crate) fn lead_flag(name: &str) -> Result<bool, Absence> {
    read(name, |text| text.to_ascii_lowercase().parse().ok())
}

/// Milliseconds only: RFC 3339 would need a calendar, and the host's own reading is tested
/// where it lives.
pub(crate) fn lead_time(name: &str) -> Result<Instant, Absence> {
    read(name, |text| text.parse().ok().map(Instant::from_ms))
}

pub(crate) fn lead_several(name: &str) -> Result<Vec<String>, Absence> {
    read(name, |text| {
        let values = text.split(';').map(str::trim).filter(|value| !value.is_empty());
        Some(values.map(str::to_owned).collect())
    })
}

pub(crate) fn source_class() -> String {
    with(|world| world.class.clone())
}

fn known(world: &World, who: &Who) -> Owner {
    match who {
        Who::Nobody => Owner::Nobody,
        Who::Stranger(id) => Owner::Stranger(id.clone()),
        Who::Rep(id) => match world.reps.iter().position(|rep| rep.id == *id) {
            None => Owner::Stranger(id.clone()),
            Some(place) if world.reps[place].availability == Availability::Inactive => {
                Owner::Inactive(Rep(place as u32))
            }
            Some(place) => Owner::Active(Rep(place as u32)),
        },
    }
}

pub(crate) fn record_owner() -> Owner {
    with(|world| known(world, &world.owner))
}

pub(crate) fn company_text(name: &str) -> Result<String, Absence> {
    with(|world| parsed(world.company.get(name), |text| Some(text.to_owned())))
}

pub(crate) fn company_number(name: &str) -> Result<f64, Absence> {
    with(|world| parsed(world.company.get(name), finite))
}

pub(crate) fn company_owner() -> Owner {
    with(|world| known(world, &world.company_owner))
}

pub(crate) fn history(limit: u32) -> Vec<PastEvent> {
    with(|world| {
        let event = |(kind, who, at): &(String, Who, Instant)| PastEvent {
            kind: kind.clone(),
            who: known(world, who),
            at: *at,
        };
        world.history.iter().take(limit as usize).map(event).collect()
    })
}

pub(crate) fn prior_owner(kind: &str) -> Owner {
    with(|world| {
        let newest = world.history.iter().find(|(past, _, _)| past == kind);
        newest.map_or(Owner::Nobody, |(_, who, _)| known(world, who))
    })
}

fn place_of<T>(named: &[(String, T)], name: &str) -> Result<u32, Refusal> {
    let place = named.iter().position(|(other, _)| other == name);
    place.map(|place| place as u32).ok_or(Refusal::Unknown)
}

pub(crate) fn open_pool(name: &str) -> Result<u32, Refusal> {
    with(|world| place_of(&world.pools, name))
}

pub(crate) fn members(pool: u32) -> Vec<u32> {
    with(|world| {
        let numbers = |&(rep, weight): &(u32, u32)| {
            let who = &world.reps[rep as usize];
            [rep, weight, who.load, who.capacity, who.availability as u32]
        };
        world.pools[pool as usize].1.iter().flat_map(numbers).collect()
    })
}

pub(crate) fn next(pool: u32, among: &[Rep], weights: &[u32]) -> Option<Rep> {
    with(|world| {
        let weight_of = |rep: u32, own: u32| {
            if among.is_empty() {
                return own;
            }
            let place = among.iter().position(|candidate| candidate.0 == rep);
            place.map_or(0, |place| weights.get(place).copied().unwrap_or(own))
        };
        let candidates = world.pools[pool as usize].1.iter().filter_map(|&(rep, own)| {
            let weight = weight_of(rep, own);
            let free = world.reps[rep as usize].availability == Availability::Available;
            (free && weight > 0).then_some((rep, weight))
        });
        // Fewest turns for the weight, compared without division; the first of equals.
        let turns = |rep: u32| u64::from(world.turns.get(&rep).copied().unwrap_or(0));
        let taken = candidates.reduce(|best, other| {
            let (less, more) = (turns(other.0) * u64::from(best.1), turns(best.0) * u64::from(other.1));
            if less < more { other } else { best }
        });
        let rep = taken?.0;
        world.named.insert(rep);
        Some(Rep(rep))
    })
}

fn find(matches: impl Fn(&super::Rep) -> bool) -> Option<Rep> {
    with(|world| world.reps.iter().position(matches).map(|place| Rep(place as u32)))
}

pub(crate) fn find_by_email(email: &str) -> Option<Rep> {
    find(|rep| rep.attribute("email").is_some_and(|own| own.eq_ignore_ascii_case(email)))
}

pub(crate) fn find_by_owner(owner: &str) -> Option<Rep> {
    find(|rep| rep.owner == owner)
}

pub(crate) fn availability(rep: Rep) -> Availability {
    with(|world| world.reps[rep.0 as usize].availability)
}

pub(crate) fn attribute(rep: Rep, name: &str) -> Option<String> {
    with(|world| world.reps[rep.0 as usize].attribute(name))
}

pub(crate) fn tags(rep: Rep) -> Vec<String> {
    with(|world| world.reps[rep.0 as usize].tags.clone())
}

pub(crate) fn has_tag(rep: Rep, tag: &str) -> bool {
    with(|world| world.reps[rep.0 as usize].tags.iter().any(|own| own == tag))
}

pub(crate) fn open_table(name: &str) -> Result<u32, Refusal> {
    with(|world| place_of(&world.tables, name))
}

pub(crate) fn look_up(table: Table, key: &str) -> Option<String> {
    with(|world| world.tables[table.0 as usize].1.look_up(key))
}

pub(crate) fn is_open(name: &str, at: Instant) -> Result<bool, Refusal> {
    with(|world| world.calendars.get(name).map(|calendar| calendar.is_open(at)).ok_or(Refusal::Unknown))
}

pub(crate) fn add_business_minutes(name: &str, start: Instant, minutes: u32) -> Result<Instant, Refusal> {
    with(|world| {
        let calendar = world.calendars.get(name).ok_or(Refusal::Unknown)?;
        calendar.add(start, minutes).ok_or(Refusal::Unavailable)
    })
}

pub(crate) fn counter(name: &str) -> Result<i32, Refusal> {
    with(|world| Ok(world.counted(name)))
}

pub(crate) fn add(name: &str, amount: i32) -> Result<i32, Refusal> {
    with(|world| {
        let counter = world.counters.entry(name.to_owned()).or_default();
        *counter = counter.saturating_add(amount);
        Ok(*counter)
    })
}

fn keep(effect: Effect) -> Result<(), Refusal> {
    with(|world| world.effects.push(effect));
    Ok(())
}

pub(crate) fn set_property(name: &str, value: &str) -> Result<(), Refusal> {
    keep(Effect::Property { name: name.to_owned(), value: value.to_owned() })
}

pub(crate) fn task(subject: &str, body: &str, due: Option<Instant>) -> Result<(), Refusal> {
    keep(Effect::Task { subject: subject.to_owned(), body: body.to_owned(), due })
}

pub(crate) fn note(body: &str) -> Result<(), Refusal> {
    keep(Effect::Note { body: body.to_owned() })
}

pub(crate) fn notify(destination: &str, message: &str) -> Result<(), Refusal> {
    keep(Effect::Notice { destination: destination.to_owned(), message: message.to_owned() })
}

pub(crate) fn response_target(minutes: u32, calendar: Option<&str>) -> Result<(), Refusal> {
    if let Some(name) = calendar {
        let now = with(|world| world.call.now);
        add_business_minutes(name, now, minutes)?;
    }
    keep(Effect::ResponseTarget { minutes, calendar: calendar.map(str::to_owned) })
}

pub(crate) fn explain(branch: &str, detail: &str) {
    with(|world| world.notes.push((branch.to_owned(), detail.to_owned())));
}

/// Lines for the author go where a test's author looks.
#[expect(clippy::print_stderr, reason = "native tests alone run this")]
pub(crate) fn log(level: Level, message: &str) {
    eprintln!("{level:?}: {message}");
}
