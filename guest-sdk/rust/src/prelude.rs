//! Everything that a rule commonly names, for `use rota_sdk::prelude::*`.

pub use crate::{
    Absence, At, Availability, Call, Decision, Instant, Member, Outcome, Owner, PastEvent, Pool, Reason, Refusal,
    Refused, Rep, SettingsProblem, Table, assign, calendar, company, effects, explain, lead, log, nurture, offer, pass,
    queue, reject, state,
};
pub use serde::Deserialize;
