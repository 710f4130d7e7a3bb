//! Where a lead is, by its properties.

use serde::{Deserialize, Serialize};

use super::{Location, Point};
use crate::lead::Lead;
use crate::property;
use crate::table::Tables;
use crate::workspace::Near;

/// Why nobody can say where a lead is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unplaced {
    /// The property is not there, or blank.
    Missing,
    /// It is no number of degrees.
    Malformed,
    /// The table has no such key, or no place for it.
    Unknown,
}

impl Unplaced {
    /// As people read it.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Missing => "the lead does not say where it is",
            Self::Malformed => "what the lead says of where it is reads as no place",
            Self::Unknown => "the table knows no place for what the lead says",
        }
    }
}

/// Where a lead is, as the pool finds it.
///
/// # Errors
/// Why nobody can say.
pub fn place_of(lead: &Lead, near: &Near, tables: &Tables) -> Result<Point, Unplaced> {
    let text = |name: &str| {
        let text = lead.properties.get(name).and_then(Option::as_deref).map(str::trim);
        text.filter(|text| !text.is_empty()).ok_or(Unplaced::Missing)
    };
    let degrees = |name: &str| property::number(text(name)?).map_err(|_| Unplaced::Malformed);
    let location = match near {
        Near::Degrees { latitude, longitude } => {
            Location::new(degrees(latitude)?, degrees(longitude)?).ok_or(Unplaced::Malformed)?
        }
        Near::Table { property, table } => {
            let key = text(property)?;
            let value = tables.get(table).and_then(|table| table.look_up(key));
            value.and_then(read).ok_or(Unplaced::Unknown)?
        }
    };
    Ok(location.point())
}

/// Reads latitude and longitude with white space or a comma between them.
fn read(text: &str) -> Option<Location> {
    let mut degrees = text.split([' ', ',', ';']).filter(|part| !part.is_empty()).map(property::number);
    let (latitude, longitude) = (degrees.next()?.ok()?, degrees.next()?.ok()?);
    degrees.next().is_none().then(|| Location::new(latitude, longitude)).flatten()
}
