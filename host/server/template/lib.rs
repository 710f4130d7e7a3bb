//! Large companies go to one pool, everybody else to another.

use rota_sdk::prelude::*;

#[derive(Deserialize)]
struct Settings {
    employees: f64,
    large: String,
    others: String,
}

rota_sdk::rule!(decide);

fn decide(_: &Call, settings: &Settings) -> Result<Decision, SettingsProblem> {
    if lead::number("numberofemployees").is_ok_and(|employees| employees >= settings.employees) {
        return Ok(Pool::open(&settings.large).at("/large")?.assign_next("large-company"));
    }
    Ok(Pool::open(&settings.others).at("/others")?.assign_next("everybody-else"))
}

#[cfg(test)]
mod tests {
    use rota_sdk::fake::World;

    const SETTINGS: &str = r#"{ "employees": 1000, "large": "enterprise", "others": "inbound" }"#;

    #[test]
    fn a_large_company_goes_to_the_pool_for_them() {
        let mut world = World::new().pool("enterprise", &["ana"]).pool("inbound", &["bo"]);
        let asked = world.ask_crate(super::route, SETTINGS);
        assert_eq!(asked.rep(), Some("bo"));
        let asked = world.property("numberofemployees", "1200").ask_crate(super::route, SETTINGS);
        assert_eq!(asked.rep(), Some("ana"));
    }
}
