//! What comes with an assignment: the segment, the time to answer in, and a task to call.

use rota_sdk::prelude::*;

use crate::settings::Settings;

/// Arranges everything for the new owner.
pub(crate) fn arrange(call: &Call, settings: &Settings, placed: &Placed) -> Result<(), SettingsProblem> {
    let class = lead::source_class();
    effects::set_property("rota_segment", segment(placed))?;
    let target = steps::Target::of_class(&class, &settings.response_minutes, settings.calendar.as_deref());
    target.set()?;
    if let Some(about) = worth_a_call(&class) {
        let subject = ["Call ", &lead::display_name(), " about ", about].concat();
        let body = ["Source: ", &class, ". Yours because: ", &placed.detail].concat();
        effects::task(&subject, &body, target.due(call)?)?;
    }
    Ok(())
}

/// Which part of the business the lead belongs to, by the step that placed it.
fn segment(placed: &Placed) -> &'static str {
    match placed.code {
        "account-owner" => "account",
        other => other,
    }
}

/// What a call would be about, for the classes in which somebody is waiting for one.
fn worth_a_call(class: &str) -> Option<&'static str> {
    match class {
        "inbound:demo-request" => Some("the demo request"),
        "inbound:pricing-page" => Some("the visit to the pricing page"),
        _ => None,
    }
}
