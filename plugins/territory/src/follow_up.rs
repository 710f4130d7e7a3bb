//! What comes with an assignment: the segment, the time to answer in, and a task to call.

use rota_sdk::prelude::*;

use crate::segment::Placed;
use crate::settings::Settings;

/// Arranges everything for the new owner.
pub(crate) fn arrange(call: &Call, settings: &Settings, placed: &Placed) -> Result<(), SettingsProblem> {
    let class = lead::source_class();
    effects::set_property("rota_segment", placed.segment.value())?;
    let chosen = settings.response_minutes.get(&class).copied();
    let minutes = chosen.or_else(|| target(&class));
    let minutes = minutes.filter(|&minutes| minutes > 0);
    if let Some(minutes) = minutes {
        match &settings.calendar {
            Some(calendar) => effects::response_target_in(calendar, minutes).at("/calendar")?,
            None => effects::response_target(minutes)?,
        }
    }
    if let Some(about) = worth_a_call(&class) {
        let subject = ["Call ", &name(), " about ", about].concat();
        let body = ["Source: ", &class, ". Yours because: ", &placed.detail].concat();
        effects::task(&subject, &body, due(call, settings, minutes)?)?;
    }
    Ok(())
}

/// How many minutes a class waits for its first answer, unless the settings say otherwise.
fn target(class: &str) -> Option<u32> {
    match class {
        "inbound:demo-request" | "inbound:pricing-page" | "inbound:meeting" | "inbound:chatbot" | "re-engagement" => {
            Some(60)
        }
        "outbound:sequence-reply" => Some(8 * 60),
        "outbound:cold-call" => Some(24 * 60),
        "outbound:event" => Some(48 * 60),
        other if other.starts_with("inbound:") => Some(4 * 60),
        _ => None,
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

fn due(call: &Call, settings: &Settings, minutes: Option<u32>) -> Result<Option<Instant>, SettingsProblem> {
    match (minutes, &settings.calendar) {
        (None, _) => Ok(None),
        (Some(minutes), None) => Ok(Some(call.now.plus_minutes(minutes))),
        (Some(minutes), Some(calendar)) => {
            calendar::add_business_minutes(calendar, call.now, minutes).at("/calendar").map(Some)
        }
    }
}

/// What to call the person.
fn name() -> String {
    match (lead::text("firstname"), lead::text("lastname")) {
        (Ok(first), Ok(last)) => [&first, " ", &last].concat(),
        (Ok(one), Err(_)) | (Err(_), Ok(one)) => one,
        (Err(_), Err(_)) => lead::text("email").unwrap_or_else(|_| "the lead".to_owned()),
    }
}
