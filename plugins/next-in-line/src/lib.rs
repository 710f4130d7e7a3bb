//! Gives every lead to the next rep of one pool.
use rota_sdk::prelude::*;
#[derive(Deserialize)]
struct Settings {
    pool: String,
}
rota_sdk::rule!(decide);
fn decide(_: &Call, settings: &Settings) -> Result<Decision, SettingsProblem> {
    let pool = Pool::open(&settings.pool).at("/pool")?;
    Ok(pool.assign_next("next-in-line"))
}
