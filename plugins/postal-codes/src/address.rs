//! Whose postal code counts, and in which country it lies.

use rota_sdk::places::{self, Place};
use rota_sdk::prelude::*;

use crate::code::Code;
use crate::settings::{Settings, Whose};

/// A postal code that reads as one.
#[derive(Debug)]
pub(crate) struct Address {
    pub(crate) code: Code,
    /// The two-letter code, if the country is known.
    pub(crate) country: Option<String>,
}

/// Why a record gave no code: the branch, and in words.
type Trouble = (&'static str, String);

impl Address {
    /// The first record in the order of the settings whose code reads. What the others lacked
    /// is explained; if all did, the worst of it is why the lead is not placed.
    pub(crate) fn find(settings: &Settings, trail: &mut Trail) -> Option<Self> {
        let mut troubles: Vec<Trouble> = Vec::new();
        for &whose in &settings.whose {
            match Self::of(whose, settings, trail) {
                Ok(address) => {
                    troubles.into_iter().for_each(|(branch, detail)| trail.aside(branch, detail));
                    return Some(address);
                }
                Err(trouble) => troubles.push(trouble),
            }
        }
        // A typing error tells more than a gap, so it comes last, where the reason's code is from.
        troubles.sort_by_key(|(branch, _)| *branch == "code-malformed");
        troubles.into_iter().for_each(|(branch, detail)| trail.end(branch, detail));
        None
    }

    fn of(whose: Whose, settings: &Settings, trail: &Trail) -> Result<Self, Trouble> {
        let read = |name| match whose {
            Whose::Lead => lead::text(name),
            Whose::Company => company::text(name),
        };
        let Ok(raw) = read("zip") else {
            return Err(("code-absent", ["the ", whose.word(), " has no postal code"].concat()));
        };
        let country = country(read("country"), settings, trail);
        let code = match settings.normalise {
            true => Code::read(&raw, country.as_deref(), trail),
            false => Some(Code::as_it_stands(&raw)),
        };
        match code {
            Some(code) => Ok(Self { code, country }),
            None => Err(("code-malformed", ["the ", whose.word(), "'s ", &raw, " is no postal code"].concat())),
        }
    }
}

/// The country, else the one of the settings for records that say none. One that cannot be
/// read is explained and stays unknown: it is surely not the one of the settings.
fn country(read: Result<String, Absence>, settings: &Settings, trail: &Trail) -> Option<String> {
    let place = places::country(read);
    if let Place::Known(code) = place {
        return Some(code);
    }
    if let Some((branch, detail)) = place.unknown("country") {
        trail.note(branch, &detail);
    }
    if place == Place::Absent { settings.country.clone() } else { None }
}
