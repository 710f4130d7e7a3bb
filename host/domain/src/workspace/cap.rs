//! How many leads a rep may be given in a stretch of time, or have open of a kind.

use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Condition, Contradiction, Rep};

/// The most caps of a rep.
pub const CAPS_MAX: usize = 8;
/// The most leads of a cap.
pub const CAP_MAX: u32 = 1_000_000;

/// The most leads that a rep is given in a stretch of time, or has open, by turns or otherwise; of those that
/// meet a condition, where there is one. A turn is only given to whoever is below all of theirs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cap {
    /// How many.
    pub leads: u32,
    /// In how long: either this is said, or that it is of open leads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per: Option<Per>,
    /// Whether it is of leads that are open.
    #[serde(default, skip_serializing_if = "is_false")]
    pub open: bool,
    /// Of which leads, where not of all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Condition>,
    /// Whether any such stretch counts, the one that ends now; else the hour, day, week or month of the
    /// wall clock.
    #[serde(default, skip_serializing_if = "is_false")]
    pub rolling: bool,
    /// The IANA time zone of that wall clock, where it is not the rep's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
}

/// A stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Per {
    /// An hour of the wall clock; or 60 minutes.
    Hour,
    /// From midnight to midnight; or 24 hours.
    Day,
    /// From Monday to Sunday; or seven times 24 hours.
    Week,
    /// From the first of a month to the last; or thirty times 24 hours.
    Month,
}

impl Per {
    /// How long it is where it rolls.
    #[must_use]
    pub const fn length(self) -> SignedDuration {
        match self {
            Self::Hour => SignedDuration::from_hours(1),
            Self::Day => SignedDuration::from_hours(24),
            Self::Week => SignedDuration::from_hours(24 * 7),
            Self::Month => SignedDuration::from_hours(24 * 30),
        }
    }

    /// Its name, as it is written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }
}

/// Whether a rep's capacity and caps can be meant.
pub(super) fn check(rep: &Rep, place: usize) -> Result<(), Contradiction> {
    let never = |what: &str| {
        format!(
            "rep `{}` could never be given a lead with a {what} of 0; say `active = false`, or leave it out",
            rep.id
        )
    };
    if rep.capacity == Some(0) {
        return Err(Contradiction::new(format!("/reps/{place}/capacity"), never("capacity")));
    }
    if rep.caps.len() > CAPS_MAX {
        let message = format!("rep `{}` has {} caps; {CAPS_MAX} are the most", rep.id, rep.caps.len());
        return Err(Contradiction::new(format!("/reps/{place}/caps"), message));
    }
    for (n, cap) in rep.caps.iter().enumerate() {
        let at = format!("/reps/{place}/caps/{n}");
        if cap.leads == 0 {
            return Err(Contradiction::new(at + "/leads", never("cap")));
        }
        if cap.leads > CAP_MAX {
            let message =
                format!("a cap of {} leads (rep `{}`) is too large; {CAP_MAX} are the most", cap.leads, rep.id);
            return Err(Contradiction::new(at + "/leads", message));
        }
        match (cap.per, cap.open) {
            (Some(_), false) => {}
            (None, true) if cap.when.is_some() && !cap.rolling && cap.time_zone.is_none() => {}
            (None, true) if cap.when.is_none() => {
                let message = format!(
                    "rep `{}` has a cap of {} open leads of any kind; say `capacity = {}`, or add `when`",
                    rep.id, cap.leads, cap.leads
                );
                return Err(Contradiction::new(at + "/open", message));
            }
            (None, true) => {
                let message = format!(
                    "rep `{}`: open leads are counted at no time; leave out `rolling` and `time_zone`, or `open`",
                    rep.id
                );
                return Err(Contradiction::new(at + "/open", message));
            }
            (Some(_), true) => {
                let message =
                    format!("rep `{}` has a cap that is of open leads and `per` a time; make two caps of it", rep.id);
                return Err(Contradiction::new(at + "/open", message));
            }
            (None, false) => {
                let message = format!(
                    "rep `{}` has a cap of {} leads that does not say in how long; add per = \"day\", or open = true",
                    rep.id, cap.leads
                );
                return Err(Contradiction::new(at, message));
            }
        }
        if cap.rolling && cap.time_zone.is_some() {
            let message = format!(
                "rep `{}`: a stretch that rolls goes by no wall clock; leave out `time_zone`, or `rolling`",
                rep.id
            );
            return Err(Contradiction::new(at + "/time_zone", message));
        }
        if rep.caps[..n].iter().any(|other| Cap { leads: cap.leads, ..other.clone() } == *cap) {
            let of = cap.per.map_or("of open leads".to_owned(), |per| format!("per {}", per.name()));
            let message = format!("rep `{}` has two caps {of}; keep the one that is meant", rep.id);
            return Err(Contradiction::new(if cap.open { at + "/open" } else { at + "/per" }, message));
        }
    }
    Ok(())
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}
