//! Where reps are, and where a lead is by its properties.

use crate::lead::Lead;
use crate::location::{self, Location, Point, Unplaced};
use crate::property;
use crate::table::Tables;
use crate::workspace::{Near, Workspace};

/// Where the reps of a workspace are, by their places in its list.
#[derive(Debug, Default)]
pub(super) struct Locations(Vec<Option<Point>>);

impl Locations {
    /// Those of this workspace.
    pub(super) fn of(workspace: &Workspace) -> Self {
        Self(workspace.reps.iter().map(|rep| rep.location.map(Location::point)).collect())
    }

    /// How near the rep at this place is to a point; none if nobody says where they are.
    pub(super) fn nearness(&self, place: usize, to: &Point) -> Option<u32> {
        let point = self.0.get(place)?.as_ref()?;
        Some(location::nearness(point.metres(to)))
    }
}

/// Where a lead is, as the pool finds it.
///
/// # Errors
/// Why nobody can say.
pub(super) fn place_of(lead: &Lead, near: &Near, tables: &Tables) -> Result<Point, Unplaced> {
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
