//! What a new owner is told of the one before: who it was, why no more, and what was tried.

use rota_sdk::prelude::*;
use rota_sdk::steps::Target;

use crate::prior::{self, Prior};
use crate::settings::{HandOff, Settings};

/// Past events that are told, the newest first. More is in the CRM's own timeline.
const EVENTS: u32 = 5;

/// Gives the new owner a task with the story, if somebody else had the lead before, and tells that one
/// where the two shall work together.
pub(crate) fn tell(
    call: &Call,
    settings: &Settings,
    target: Target<'_>,
    prior: &Prior,
    placed: &Placed,
) -> Result<(), SettingsProblem> {
    let Prior::Had { who, why, .. } = prior else {
        return Ok(());
    };
    if matches!(who, Owner::Active(rep) if *rep == placed.rep) {
        return Ok(());
    }
    let subject = ["Take over ", &lead::display_name(), " from ", &prior::name(who)].concat();
    let body = [&story(who, why), "\nYours because: ", &placed.detail, "."].concat();
    effects::task(&subject, &body, target.due(call)?)?;
    match (settings.hand_off, &settings.tell, who) {
        (HandOff::Collaborative, Some(destination), Owner::Active(before)) => {
            let (lead, after) = (lead::display_name(), placed.rep.name());
            let message =
                [&before.name(), ": ", &lead, " is back and is ", &after, "'s now. You know them: help each other."];
            Ok(effects::notify(destination, &message.concat())?)
        }
        _ => Ok(()),
    }
}

/// Leaves the story at the record for whoever takes the lead from the queue.
pub(crate) fn note(prior: &Prior) -> Result<(), SettingsProblem> {
    match prior {
        Prior::Had { who, why, .. } => Ok(effects::note(&story(who, why))?),
        Prior::Nobody | Prior::Keeps(_) => Ok(()),
    }
}

fn story(who: &Owner, why: &str) -> String {
    let mut story = [&prior::name(who), " had this lead before and ", why, "."].concat();
    let told = |event: &PastEvent| [&event.at.date(), " ", &event.kind, ", ", &prior::name(&event.who)].concat();
    let tried: Vec<String> = lead::history(EVENTS).iter().map(told).collect();
    if !tried.is_empty() {
        story += &["\nTried: ", &tried.join("; "), "."].concat();
    }
    story
}
