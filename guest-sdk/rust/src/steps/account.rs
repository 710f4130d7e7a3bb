//! A company that somebody owns stays with that person.

use crate::{Owner, Placed, Trail, company};

/// Places the lead with the active owner of its company, whoever's turn it may be. Reads
/// nothing that needs a declaration.
///
/// Branches: `account-owner`, or why not: `account-owner-inactive`, `account-owner-unknown`,
/// `account-unowned`.
pub fn account_owner(trail: &mut Trail) -> Option<Placed> {
    match company::owner() {
        Owner::Active(rep) => {
            let account = company::text("name").unwrap_or_else(|_| "the account".to_owned());
            return Some(trail.place(rep, "account-owner", ["owns ", &account].concat()));
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
