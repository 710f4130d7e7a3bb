//! The contract's bindings, and the only file that names them: every generated type is turned
//! into this crate's own at this border. Present in guests alone.

#![allow(unsafe_code, missing_docs, reason = "generated, and hidden from the documentation")]

/// What wit-bindgen makes of `wit/`.
pub mod bindings {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "router",
        pub_export_macro: true,
        export_macro_name: "export_rule",
        default_bindings_module: "rota_sdk::component::bindings",
    });
}

use bindings::exports::rota::routing::rule;
use bindings::rota::routing::{
    calendar, effects, explain as notes, lead, log as lines, rep_pool, state, tables, types,
};
use serde::de::DeserializeOwned;

pub use bindings::export_rule as export;
pub use rule::{Call, Guest};

use crate::log::Level;
use crate::run::{self, Answer as Returned};
use crate::{Absence, Availability, Instant, Outcome, Owner, PastEvent, Refusal, Rep, Table};

/// What the exported function returns.
pub type Answer = Result<rule::Decision, rule::SettingsProblem>;

/// Turns the host's question into the rule's and its decision into the host's.
pub fn answer<S: DeserializeOwned, A: Returned>(
    decide: fn(&crate::Call, &S) -> A,
    call: Call,
    settings: &str,
) -> Answer {
    crate::panic::install();
    let call = crate::Call {
        now: Instant::from_wire(call.now),
        seed: call.seed,
        trigger: call.trigger,
        attempt: call.attempt,
        mode: call.mode,
    };
    match run::run(decide, &call, settings) {
        Ok(decision) => Ok(to_wire(decision)),
        Err(problem) => Err(rule::SettingsProblem { path: problem.path, message: problem.message }),
    }
}

fn to_wire(decision: crate::Decision) -> rule::Decision {
    let reason = types::Reason { code: decision.reason.code, detail: decision.reason.detail };
    match decision.outcome {
        Outcome::Assign(rep) => rule::Decision::Assign(rule::Assignment { rep: rep.0, reason }),
        Outcome::Offer(offer) => rule::Decision::Offer(rule::Offer {
            reps: numbers(&offer.reps),
            order: if offer.at_once { rule::OfferOrder::AtOnce } else { rule::OfferOrder::InTurn },
            answer_within: offer.answer_within,
            stagger: offer.stagger,
            otherwise: offer.otherwise,
            reason,
        }),
        Outcome::Queue(name) => rule::Decision::Queue(rule::Place { name, reason }),
        Outcome::Nurture(name) => rule::Decision::Nurture(rule::Place { name, reason }),
        Outcome::Pass => rule::Decision::PassOn(reason),
        Outcome::Reject => rule::Decision::Reject(reason),
    }
}

fn numbers(reps: &[Rep]) -> Vec<u32> {
    reps.iter().map(|rep| rep.0).collect()
}

impl From<types::Absence> for Absence {
    fn from(absence: types::Absence) -> Self {
        match absence {
            types::Absence::Absent => Self::Absent,
            types::Absence::Malformed(raw) => Self::Malformed(raw),
            types::Absence::Undeclared => Self::Undeclared,
        }
    }
}

impl From<types::Refusal> for Refusal {
    fn from(refusal: types::Refusal) -> Self {
        match refusal {
            types::Refusal::Unknown => Self::Unknown,
            types::Refusal::Undeclared => Self::Undeclared,
            types::Refusal::Unavailable => Self::Unavailable,
        }
    }
}

impl From<types::Owner> for Owner {
    fn from(owner: types::Owner) -> Self {
        match owner {
            types::Owner::Nobody => Self::Nobody,
            types::Owner::Active(rep) => Self::Active(Rep(rep)),
            types::Owner::Inactive(rep) => Self::Inactive(Rep(rep)),
            types::Owner::Stranger(id) => Self::Stranger(id),
        }
    }
}

pub(crate) fn lead_text(name: &str) -> Result<String, Absence> {
    Ok(lead::text(name)?)
}

pub(crate) fn lead_number(name: &str) -> Result<f64, Absence> {
    Ok(lead::number(name)?)
}

pub(crate) fn lead_flag(name: &str) -> Result<bool, Absence> {
    Ok(lead::flag(name)?)
}

pub(crate) fn lead_time(name: &str) -> Result<Instant, Absence> {
    Ok(Instant::from_wire(lead::time(name)?))
}

pub(crate) fn lead_several(name: &str) -> Result<Vec<String>, Absence> {
    Ok(lead::several(name)?)
}

pub(crate) fn source_class() -> String {
    lead::source_class()
}

pub(crate) fn record_owner() -> Owner {
    lead::record_owner().into()
}

pub(crate) fn company_text(name: &str) -> Result<String, Absence> {
    Ok(lead::company_text(name)?)
}

pub(crate) fn company_number(name: &str) -> Result<f64, Absence> {
    Ok(lead::company_number(name)?)
}

pub(crate) fn company_owner() -> Owner {
    lead::company_owner().into()
}

pub(crate) fn history(limit: u32) -> Vec<PastEvent> {
    let event =
        |past: lead::PastEvent| PastEvent { kind: past.kind, who: past.who.into(), at: Instant::from_wire(past.at) };
    lead::history(limit).into_iter().map(event).collect()
}

pub(crate) fn prior_owner(kind: &str) -> Owner {
    lead::prior_owner(kind).into()
}

pub(crate) fn open_pool(name: &str) -> Result<u32, Refusal> {
    Ok(rep_pool::open(name)?)
}

pub(crate) fn members(pool: u32) -> Vec<u32> {
    rep_pool::members(pool)
}

pub(crate) fn next(pool: u32, among: &[Rep], weights: &[u32]) -> Option<Rep> {
    rep_pool::next(pool, &numbers(among), weights).map(Rep)
}

pub(crate) fn find_by_email(email: &str) -> Option<Rep> {
    rep_pool::find_by_email(email).map(Rep)
}

pub(crate) fn find_by_owner(owner: &str) -> Option<Rep> {
    rep_pool::find_by_owner(owner).map(Rep)
}

pub(crate) fn availability(rep: Rep) -> Availability {
    Availability::from_place(rep_pool::available(rep.0) as u32)
}

pub(crate) fn attribute(rep: Rep, name: &str) -> Option<String> {
    rep_pool::attribute(rep.0, name)
}

pub(crate) fn tags(rep: Rep) -> Vec<String> {
    rep_pool::tags(rep.0)
}

pub(crate) fn has_tag(rep: Rep, tag: &str) -> bool {
    rep_pool::has_tag(rep.0, tag)
}

pub(crate) fn open_table(name: &str) -> Result<u32, Refusal> {
    Ok(tables::open(name)?)
}

pub(crate) fn look_up(table: Table, key: &str) -> Option<String> {
    tables::look_up(table.0, key)
}

pub(crate) fn is_open(name: &str, at: Instant) -> Result<bool, Refusal> {
    Ok(calendar::is_open(name, at.to_wire())?)
}

pub(crate) fn add_business_minutes(name: &str, start: Instant, minutes: u32) -> Result<Instant, Refusal> {
    Ok(Instant::from_wire(calendar::add_business_minutes(name, start.to_wire(), minutes)?))
}

pub(crate) fn counter(name: &str) -> Result<i32, Refusal> {
    Ok(state::counter(name)?)
}

pub(crate) fn add(name: &str, amount: i32) -> Result<i32, Refusal> {
    Ok(state::add(name, amount)?)
}

pub(crate) fn set_property(name: &str, value: &str) -> Result<(), Refusal> {
    Ok(effects::set_property(name, value)?)
}

pub(crate) fn task(subject: &str, body: &str, due: Option<Instant>) -> Result<(), Refusal> {
    Ok(effects::task(subject, body, due.map(Instant::to_wire))?)
}

pub(crate) fn note(body: &str) -> Result<(), Refusal> {
    Ok(effects::note(body)?)
}

pub(crate) fn notify(destination: &str, message: &str) -> Result<(), Refusal> {
    Ok(effects::notify(destination, message)?)
}

pub(crate) fn response_target(minutes: u32, calendar: Option<&str>) -> Result<(), Refusal> {
    Ok(effects::response_target(minutes, calendar)?)
}

pub(crate) fn explain(branch: &str, detail: &str) {
    notes::note(branch, detail);
}

pub(crate) fn log(level: Level, message: &str) {
    let level = match level {
        Level::Debug => lines::Level::Debug,
        Level::Info => lines::Level::Info,
        Level::Warn => lines::Level::Warn,
        Level::Error => lines::Level::Error,
    };
    lines::line(level, message);
}
