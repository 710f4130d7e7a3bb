//! Each branch beats the next, in the fake world of the SDK.

mod inbound;
mod outbound;

use rota_sdk::fake::{Asked, Effect, Rep, World};
use rota_sdk::prelude::*;

const SETTINGS: &str = r#"{
  "covering": ["outbound"],
  "replacement": "outbound",
  "intents": [
    { "classes": ["inbound:demo-request", "inbound:pricing-page"], "pool": "closers" },
    { "classes": ["inbound:newsletter"], "nurture": "monthly" }
  ],
  "territories": [
    { "countries": ["US"], "employees": 1000, "pool": "us-large" },
    { "countries": ["US", "CA"], "pool": "na" }
  ],
  "queue": "triage"
}"#;

/// Olga and Omar sell outbound, Cleo closes, Ursula has large US companies, Nat the rest; Ines
/// left, and Ada owns accounts.
fn world(class: &str) -> World {
    World::new()
        .pool("outbound", &["olga", "omar"])
        .pool("closers", &["cleo"])
        .pool("us-large", &["ursula"])
        .pool("na", &["nat"])
        .rep(Rep::new("ines").is(Availability::Inactive))
        .rep(Rep::new("ada"))
        .property("email", "joe@big.example")
        .property("country", "USA")
        .property("numberofemployees", "12")
        .declares(&["country", "state", "numberofemployees", "firstname", "lastname", "email"])
        .class(class)
}

fn ask(mut world: World) -> Asked {
    let asked = world.ask_crate(inbound_outbound::route, SETTINGS);
    assert_eq!(asked.undeclared, [] as [&str; 0], "every read is declared in plugin.toml");
    asked
}

fn placed(asked: &Asked) -> (Option<&str>, Option<&str>) {
    (asked.rep(), asked.reason())
}

fn task(asked: &Asked) -> Option<(&str, &str)> {
    asked.effects.iter().find_map(|effect| match effect {
        Effect::Task { subject, body, .. } => Some((subject.as_str(), body.as_str())),
        _ => None,
    })
}

/// The place of a branch among those that were noted.
fn when(asked: &Asked, branch: &str) -> Option<usize> {
    asked.notes.iter().position(|(name, _)| name == branch)
}
