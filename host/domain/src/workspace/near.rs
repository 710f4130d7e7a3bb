//! How a pool whose turns go by distance finds out where a lead is.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::people::nearest;
use super::{Contradiction, Match, Pool, Rep, Workspace};
use crate::fairness::Policy;

/// How a pool finds out where a lead is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Written", into = "Written")]
#[schemars(with = "Written")]
pub enum Near {
    /// By two of its properties.
    Degrees {
        /// The property with its degrees to the north.
        latitude: String,
        /// The property with its degrees to the east.
        longitude: String,
    },
    /// By looking one of its properties up.
    Table {
        /// The property, such as the postal code.
        property: String,
        /// The table, whose values are as in `52.52, 13.405`.
        table: String,
    },
}

/// As it is written: `latitude` and `longitude`, or `property` and `table`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Near")]
struct Written {
    /// The lead's property with its degrees to the north.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    latitude: Option<String>,
    /// The lead's property with its degrees to the east.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    longitude: Option<String>,
    /// The lead's property that is looked up, such as its postal code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    property: Option<String>,
    /// The table, whose values are degrees to the north and to the east, as in `52.52, 13.405`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    table: Option<String>,
}

impl TryFrom<Written> for Near {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        match written {
            Written { latitude: Some(latitude), longitude: Some(longitude), property: None, table: None } => {
                Ok(Self::Degrees { latitude, longitude })
            }
            Written { latitude: None, longitude: None, property: Some(property), table: Some(table) } => {
                Ok(Self::Table { property, table })
            }
            _ => Err(
                "where a lead is, is found by `latitude` and `longitude`, or by `property` and `table`: write one pair",
            ),
        }
    }
}

impl From<Near> for Written {
    fn from(near: Near) -> Self {
        match near {
            Near::Degrees { latitude, longitude } => {
                Self { latitude: Some(latitude), longitude: Some(longitude), ..Self::default() }
            }
            Near::Table { property, table } => Self { property: Some(property), table: Some(table), ..Self::default() },
        }
    }
}

impl Near {
    /// The properties of a lead that it reads.
    pub fn properties(&self) -> impl Iterator<Item = &String> {
        let (first, second) = match self {
            Self::Degrees { latitude, longitude } => (latitude, Some(longitude)),
            Self::Table { property, .. } => (property, None),
        };
        std::iter::once(first).chain(second)
    }
}

/// Whether a rep can be there.
pub(super) fn check_rep(rep: &Rep, place: usize) -> Result<(), Contradiction> {
    let Some((key, most)) = rep.location.and_then(crate::location::Location::wrong) else { return Ok(()) };
    let message = format!("the {key} of `{}` is beyond what there is; write degrees from -{most} to {most}", rep.id);
    Err(Contradiction::new(format!("/reps/{place}/location/{key}"), message))
}

/// Whether a pool's turns can go by distance.
pub(super) fn check_pool(pool: &Pool, workspace: &Workspace, place: usize) -> Result<(), Contradiction> {
    let id = &pool.id;
    let wrong = |key: &str, message| Err(Contradiction::new(format!("/pools/{place}/{key}"), message));
    match (&pool.near, pool.policy == Policy::Nearest) {
        (None, false) => return Ok(()),
        (Some(_), false) => {
            let policy = pool.policy.name();
            let message = format!(
                "pool `{id}` has the policy `{policy}`, which goes by no distance; leave `near` out, or use the policy `nearest`"
            );
            return wrong("near", message);
        }
        (None, true) => {
            let message = format!(
                "pool `{id}` goes by who is nearest and does not say how it finds out where a lead is; add near = {{ property = \"zip\", table = \"places\" }}, or its `latitude` and `longitude`"
            );
            return wrong("policy", message);
        }
        (Some(Near::Table { table, .. }), true) => {
            let known = workspace.tables.iter().find(|known| known.id == *table);
            if known.is_none_or(|known| known.matching == Match::Dated) {
                let fit = workspace.tables.iter().filter(|known| known.matching != Match::Dated);
                let known = nearest(table, fit.map(|known| known.id.as_str()));
                let message =
                    format!("pool `{id}` looks places up in `{table}`, which is not among [[tables]] of texts{known}");
                return wrong("near/table", message);
            }
        }
        (Some(Near::Degrees { .. }), true) => {}
    }
    let nowhere = |rep| workspace.rep(rep).is_some_and(|rep| rep.location.is_none());
    match pool.members.iter().position(|member| nowhere(&member.rep)) {
        Some(n) => {
            let rep = &pool.members[n].rep;
            let message = format!(
                "`{rep}` has no location, and pool `{id}` goes by who is nearest; add location = {{ latitude = 52.52, longitude = 13.405 }}"
            );
            wrong(&format!("members/{n}/rep"), message)
        }
        None => Ok(()),
    }
}
