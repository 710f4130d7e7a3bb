//! Who had this person before: read from history, before any inbound rule is asked.

use rota_sdk::prelude::*;

use crate::class::Class;
use crate::settings::{HandOff, Settings};

/// What history says of a prior owner.
#[derive(Debug)]
pub(crate) enum Prior {
    /// There is none, or the class does not ask.
    Nobody,
    /// Keeps the lead.
    Keeps(Placed),
    /// Had the lead and does not keep it.
    Had {
        who: Owner,
        /// `is inactive` and the like, to follow the name.
        why: &'static str,
        /// Whether that is because they are gone, and not by choice of the settings.
        gone: bool,
    },
}

impl Prior {
    pub(crate) fn keeps(&self) -> Option<Placed> {
        match self {
            Self::Keeps(placed) => Some(placed.clone()),
            _ => None,
        }
    }
}

/// The branches of one kind of prior owner.
struct Branches {
    owner: &'static str,
    inactive: &'static str,
    unknown: &'static str,
    absent: &'static str,
    /// What to call the owner in a sentence.
    what: &'static str,
}

const OUTBOUND: Branches = Branches {
    owner: "prior-owner",
    inactive: "prior-owner-inactive",
    unknown: "prior-owner-unknown",
    absent: "prior-owner-absent",
    what: "prior owner ",
};

const SEQUENCE: Branches = Branches {
    owner: "sequence-owner",
    inactive: "sequence-owner-inactive",
    unknown: "sequence-owner-unknown",
    absent: "sequence-owner-absent",
    what: "sequence owner ",
};

/// Reads who had the person, for the classes in which that comes first.
pub(crate) fn find(class: Class, settings: &Settings, trail: &mut Trail) -> Result<Prior, SettingsProblem> {
    match class {
        Class::ReEngagement if settings.hand_off != HandOff::Original => Ok(handed_to_pool(trail)),
        Class::ReEngagement => first(&OUTBOUND, of_outbound(), &settings.covering, trail),
        // A reply stays with its sequence, wherever the rep sells now.
        Class::SequenceReply => first(&SEQUENCE, of_sequence(), &[], trail),
        Class::Unclassified | Class::Other => Ok(Prior::Nobody),
    }
}

fn of_outbound() -> impl Iterator<Item = Owner> {
    ["outbound", "sequence"].into_iter().map(lead::prior_owner)
}

fn of_sequence() -> impl Iterator<Item = Owner> {
    ["sequence", "outbound"].into_iter().map(lead::prior_owner).chain(std::iter::once_with(lead::owner))
}

/// The first of these owners who can keep the lead, else the first that there was.
fn first(
    branches: &Branches,
    owners: impl Iterator<Item = Owner>,
    covering: &[String],
    trail: &mut Trail,
) -> Result<Prior, SettingsProblem> {
    let mut asked: Vec<Owner> = Vec::new();
    let mut had = Prior::Nobody;
    for owner in owners {
        if owner == Owner::Nobody || asked.contains(&owner) {
            continue;
        }
        let judged = judge(branches, &owner, covering, trail)?;
        match (judged, &had) {
            (keeps @ Prior::Keeps(_), _) => return Ok(keeps),
            (judged, Prior::Nobody) => had = judged,
            _ => {}
        }
        asked.push(owner);
    }
    if asked.is_empty() {
        trail.note(branches.absent, "");
    }
    Ok(had)
}

fn judge(branches: &Branches, owner: &Owner, covering: &[String], trail: &mut Trail) -> Result<Prior, SettingsProblem> {
    let (branch, who, why) = match owner {
        Owner::Active(rep) if covers(*rep, covering)? => {
            let detail = [branches.what, &rep.name()].concat();
            return Ok(Prior::Keeps(trail.place(*rep, branches.owner, detail)));
        }
        // Only outbound owners are asked to cover.
        Owner::Active(rep) => ("prior-owner-not-covering", rep.name(), "no longer covers"),
        Owner::Inactive(rep) => (branches.inactive, rep.name(), "is inactive"),
        Owner::Stranger(id) => (branches.unknown, id.clone(), "is no rep of this workspace"),
        Owner::Nobody => return Ok(Prior::Nobody),
    };
    trail.aside(branch, [branches.what, &who, " ", why].concat());
    Ok(Prior::Had { who: owner.clone(), why, gone: true })
}

/// Whether a rep is a member of one of these pools, whatever the weight there.
fn covers(rep: Rep, pools: &[String]) -> Result<bool, SettingsProblem> {
    for (place, name) in pools.iter().enumerate() {
        let pool = Pool::open(name).at(["/covering/", &place.to_string()].concat())?;
        if pool.members().any(|member| member.rep == rep) {
            return Ok(true);
        }
    }
    Ok(pools.is_empty())
}

/// History is read all the same: the new owner shall hear of the old one.
fn handed_to_pool(trail: &mut Trail) -> Prior {
    match of_outbound().find(|owner| *owner != Owner::Nobody) {
        None => {
            trail.note(OUTBOUND.absent, "");
            Prior::Nobody
        }
        Some(who) => {
            trail.aside("handed-to-pool", [OUTBOUND.what, &name(&who), " hands over"].concat());
            Prior::Had { who, why: "hands over to inbound", gone: false }
        }
    }
}

/// The name of an owner, as far as there is one.
pub(crate) fn name(owner: &Owner) -> String {
    match owner {
        Owner::Active(rep) | Owner::Inactive(rep) => rep.name(),
        Owner::Stranger(id) => id.clone(),
        Owner::Nobody => "nobody".to_owned(),
    }
}
