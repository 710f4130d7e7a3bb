//! Offers every lead to the reps of one pool who are there: one after the other in the order of
//! their turns, or all at once, and the first who accepts gets it.

use rota_sdk::prelude::*;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    pool: String,
    /// Ask all at once, and not one after the other.
    #[serde(default)]
    at_once: bool,
    /// Ask no more than so many.
    #[serde(default = "five")]
    at_most: usize,
    /// So many seconds has each to answer.
    #[serde(default = "fifteen_minutes")]
    answer_within: u32,
    /// Between asking one and the next, where all are asked at once, in seconds.
    #[serde(default)]
    stagger: u32,
    /// The queue that gets the lead when nobody accepts.
    otherwise: String,
}

fn five() -> usize {
    5
}

fn fifteen_minutes() -> u32 {
    900
}

rota_sdk::rule!(decide);

fn decide(_: &Call, settings: &Settings) -> Result<Decision, SettingsProblem> {
    let pool = Pool::open(&settings.pool).at("/pool")?;
    let reps = in_turn(&pool, settings.at_most);
    if reps.is_empty() {
        explain::note("nobody-available", pool.name());
        return Ok(pass().because("nobody-available", ["nobody in ", pool.name(), " is available"].concat()));
    }
    let offer = offer(reps, settings.answer_within, settings.otherwise.as_str());
    let (offer, branch) =
        if settings.at_once { (offer.at_once(settings.stagger), "at-once") } else { (offer, "in-turn") };
    explain::note(branch, pool.name());
    Ok(offer.because(branch, ["offered to ", pool.name()].concat()))
}

/// Who would be next, who after them, and so on: as many as may be asked.
fn in_turn(pool: &Pool, at_most: usize) -> Vec<Rep> {
    let mut rest: Vec<Rep> = pool.members().map(|member| member.rep).collect();
    let mut reps = Vec::new();
    // Among nobody would mean among all.
    while reps.len() < at_most
        && !rest.is_empty()
        && let Some(next) = pool.next_among(rest.iter().copied())
    {
        rest.retain(|rep| *rep != next);
        reps.push(next);
    }
    reps
}
