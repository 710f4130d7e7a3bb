//! Everything that a rule commonly names, for `use rota_sdk::prelude::*`.

pub use crate::{
    Absence, At, Availability, Call, Decision, Instant, Member, Outcome, Owner, PastEvent, Placed, Pool, Reason,
    Refusal, Refused, Rep, SettingsProblem, Table, Trail, assign, calendar, company, effects, explain, lead, log,
    nurture, offer, pass, queue, reject, state, steps,
};
pub use serde::Deserialize;
