//! What a table says for a code, and who that is.

use rota_sdk::prelude::*;

use crate::address::Address;
use crate::settings::{Settings, Values};

/// A value that a table had.
#[derive(Debug)]
pub(crate) struct Found<'a> {
    table: &'a str,
    /// Where the settings name the table.
    pointer: String,
    code: String,
    value: String,
}

/// Looks a code up in the table of its country. Ends in `country-without-table` or
/// `code-unknown` where there is no value.
pub(crate) fn look_up<'a>(
    settings: &'a Settings,
    address: &Address,
    trail: &mut Trail,
) -> Result<Option<Found<'a>>, SettingsProblem> {
    let country = address.country.as_deref();
    let Some((table, pointer)) = settings.table_of(country) else {
        let detail = ["there is no table for ", country.unwrap_or("a country that is not known")].concat();
        trail.end("country-without-table", detail);
        return Ok(None);
    };
    let rows = Table::open(table).at(pointer.as_str())?;
    for code in &address.code.forms {
        if let Some(value) = rows.look_up(code) {
            return Ok(Some(Found { table, pointer, code: code.clone(), value }));
        }
    }
    trail.end("code-unknown", [&address.code.forms[0], " is not in the table ", table].concat());
    Ok(None)
}

impl Found<'_> {
    /// Places the lead with whoever the value names, if somebody is available.
    pub(crate) fn place(&self, settings: &Settings, trail: &mut Trail) -> Result<Option<Placed>, SettingsProblem> {
        match settings.values {
            Values::Pool => self.in_pool(settings, trail),
            Values::Rep => self.with_rep(trail),
        }
    }

    fn in_pool(&self, settings: &Settings, trail: &mut Trail) -> Result<Option<Placed>, SettingsProblem> {
        let name = match settings.pools.get(&self.value) {
            Some(pool) => pool,
            None if settings.pools.is_empty() => &self.value,
            None => return Err(self.problem("`pools` does not say which pool that is; add it there")),
        };
        let pool = Pool::open(name).map_err(|refused| self.problem(&SettingsProblem::from(refused).message))?;
        let Some(rep) = pool.next() else {
            trail.nobody("postal-nobody-available", name);
            return Ok(None);
        };
        Ok(Some(trail.place(rep, "postal-code", [&self.code, " → ", name].concat())))
    }

    fn with_rep(&self, trail: &mut Trail) -> Result<Option<Placed>, SettingsProblem> {
        let Some(rep) = Rep::find_by_email(&self.value) else {
            return Err(self.problem("the workspace has no rep with this e-mail address; add one there or correct it"));
        };
        if !rep.is_available() {
            trail.end("rep-unavailable", [&rep.name(), ", who has ", &self.code, ", is not available"].concat());
            return Ok(None);
        }
        Ok(Some(trail.place(rep, "postal-code", [&self.code, " → ", &rep.name()].concat())))
    }

    /// A row that leads nowhere, at the setting that names its table.
    fn problem(&self, why: &str) -> SettingsProblem {
        let row = ["the table `", self.table, "` says `", &self.value, "` for ", &self.code].concat();
        SettingsProblem::new(self.pointer.as_str(), [&row, ": ", why].concat())
    }
}
