//! The first step: a company that somebody owns stays with that person.

use rota_sdk::prelude::*;

use crate::segment::{Placed, Segment};
use crate::trail::Trail;

/// Places the lead with the active owner of its company, whoever's turn it may be.
pub(crate) fn owner(trail: &mut Trail) -> Option<Placed> {
    match company::owner() {
        Owner::Active(rep) => {
            let account = company::text("name").unwrap_or_else(|_| "the account".to_owned());
            let detail = ["owns ", &account].concat();
            trail.note("account-owner", &detail);
            return Some(Placed { rep, segment: Segment::Account, detail });
        }
        Owner::Inactive(rep) => {
            let detail = ["account owner ", &rep.name(), " is inactive"].concat();
            trail.aside("account-owner-inactive", detail);
        }
        Owner::Stranger(id) => {
            let detail = ["account owner ", &id, " is no rep of this workspace"].concat();
            trail.aside("account-owner-unknown", detail);
        }
        Owner::Nobody => trail.note("account-unowned", ""),
    }
    None
}
