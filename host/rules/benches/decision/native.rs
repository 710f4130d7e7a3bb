//! The same rules as native functions over the same state: what the sandbox costs above.

use std::hint::black_box;

use rota_domain::property;

use crate::scene::{Scene, call};

/// The rule of this name, if it is written here.
pub(crate) fn rule(name: &str) -> Option<fn(&Scene)> {
    match name {
        "next-in-line" => Some(next_in_line),
        "territory" => Some(territory),
        _ => None,
    }
}

fn next_in_line(scene: &Scene) {
    let settings: serde_json::Value = serde_json::from_str(scene.settings.text()).expect("settings");
    let pool = settings["pool"].as_str().expect("a pool");
    black_box(scene.desk.next(&pool.into(), &[], &[], call().now));
}

fn territory(scene: &Scene) {
    let settings: serde_json::Value = serde_json::from_str(scene.settings.text()).expect("settings");
    let employees = scene.lead.property("numberofemployees").and_then(|text| property::number(text).ok());
    if employees.is_some_and(|employees| employees >= 1000.0) {
        return;
    }
    let country = scene.lead.property("country").map(str::to_ascii_uppercase);
    let territories = settings["territories"].as_array().expect("territories");
    let here = |countries: &serde_json::Value| {
        countries.as_array().is_some_and(|list| list.iter().any(|code| code.as_str() == country.as_deref()))
    };
    let fits = territories.iter().find(|territory| here(&territory["countries"]));
    let pool = fits.and_then(|territory| territory["pool"].as_str()).expect("a pool");
    black_box(scene.desk.next(&pool.into(), &[], &[], call().now));
    black_box(format!("{} → {pool}", country.unwrap_or_default()));
}
