//! Routes by where a lead came from: whoever worked with the person before keeps them, and
//! everybody else goes by account, intent, territory and segment.
//!
//! | source class | who is asked, in this order |
//! |---|---|
//! | `re-engagement` | prior outbound owner · account owner · replacement · intent · territory |
//! | `outbound:sequence-reply` | sequence owner · account owner · replacement · intent · territory |
//! | `unclassified` | account owner · its own queue |
//! | every other | account owner · intent · territory |
//!
//! **Prior owners** come from the lead's history: of kind `outbound` for a re-engagement (else
//! `sequence`); of kind `sequence` for a reply (else `outbound`, else whoever owns the record).
//! They keep the lead while they are active, also when they are away, and take no turn. For a
//! re-engagement they must cover, too: be a member of one of the pools in `covering`.
//!
//! **Replacement.** A lead whose prior owner is gone goes to the next of the pool
//! `replacement`, with a task that says who had it, why no more, and what was tried.
//!
//! **Hand-off.** With `"hand_off": "pool"` a re-engagement is a new lead for the inbound
//! order, and the task tells its new owner of the old one. With `"collaborative"` the old one hears of it,
//! too, by the destination `tell`: one owner, and a message to the other. Replies stay with their sequence.
//!
//! **Nobody.** What nobody takes goes to `queue`, or is passed on to the flow's fallback.

mod class;
mod hand_over;
mod intent;
mod prior;
mod replacement;
mod settings;
mod territory;

use class::Class;
use prior::Prior;
use rota_sdk::prelude::*;
use rota_sdk::steps::Target;
use settings::Settings;

rota_sdk::rule!(decide);

/// What a step came to, when it is the last one that is asked.
#[derive(Debug)]
enum End {
    /// The lead has a rep.
    Placed(Placed),
    /// The lead goes elsewhere: no rep is looked for.
    Elsewhere(Decision),
}

fn decide(call: &Call, settings: &Settings) -> Result<Decision, SettingsProblem> {
    settings.check()?;
    let name = lead::source_class();
    let class = Class::of(&name);
    let mut trail = Trail::default();
    let target = Target::of_class(&name, &settings.response_minutes, settings.calendar.as_deref());
    // Before any inbound rule: who had this person already.
    let prior = prior::find(class, settings, &mut trail)?;
    let end = match prior.keeps() {
        Some(placed) => Some(End::Placed(placed)),
        None => ask(class, &name, settings, &prior, &mut trail)?,
    };
    match end {
        Some(End::Placed(placed)) => {
            target.set()?;
            hand_over::tell(call, settings, target, &prior, &placed)?;
            Ok(trail.assign(&placed))
        }
        Some(End::Elsewhere(decision)) => Ok(decision),
        None => nobody(settings, target, &prior, trail),
    }
}

/// The order of the inbound rules. The first that places the lead wins.
fn ask(
    class: Class,
    name: &str,
    settings: &Settings,
    prior: &Prior,
    trail: &mut Trail,
) -> Result<Option<End>, SettingsProblem> {
    if let Some(placed) = steps::account_owner(trail) {
        return Ok(Some(End::Placed(placed)));
    }
    if class == Class::Unclassified {
        return Ok(Some(elsewhere(queue(settings.unclassified.as_str()), "unclassified", "no source matches", trail)));
    }
    if let Some(placed) = replacement::pool(settings, prior, trail)? {
        return Ok(Some(End::Placed(placed)));
    }
    if let Some(end) = intent::ask(name, settings, trail)? {
        return Ok(Some(end));
    }
    Ok(territory::pool(settings, trail)?.map(End::Placed))
}

/// Explains and gives a decision that needs no rep.
fn elsewhere(outcome: Outcome, branch: &str, detail: &str, trail: &Trail) -> End {
    trail.note(branch, detail);
    End::Elsewhere(outcome.because(branch, trail.beside(detail)))
}

/// The end of the order: a queue with its target, or the next flow.
fn nobody(settings: &Settings, target: Target<'_>, prior: &Prior, trail: Trail) -> Result<Decision, SettingsProblem> {
    let Some(name) = &settings.queue else {
        return Ok(trail.unplaced(pass()));
    };
    target.set()?;
    hand_over::note(prior)?;
    trail.note("queue", name);
    Ok(trail.unplaced(queue(name.as_str())))
}
