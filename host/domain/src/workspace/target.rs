//! How soon leads of a class shall have their first answer.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::people::{has_calendar, nearest};
use super::{Contradiction, Workspace};
use crate::business_time;
use crate::class;

/// The longest target, in minutes and in business days.
const MINUTES_MAX: u32 = 720 * 60;
const DAYS_MAX: u32 = 30;

/// How soon leads of a class shall have their first answer, once a rep has them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// The source class; one that ends with `*` means all that begin so. Of several that fit, the
    /// whole class counts, or else the longest.
    pub class: String,
    /// `60m` or `4h` of working time, `same-day`, `2d` for the end of the second business day after,
    /// or `0` for no target. Left out, it is the usual one of the class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Within>,
    /// In whose hours: the id of a calendar. Left out, those of the pool whose turn it was, else
    /// the rep's; if neither has any, around the clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<String>,
}

/// How soon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub enum Within {
    /// After so many minutes of open time; 0 is no target.
    Minutes(u32),
    /// At the end of the business day, or of the one so many later.
    Days(u32),
}

impl Within {
    /// What is usual for a class: an hour where somebody waits, four hours for other forms, the
    /// same business day for replies, 24 business hours for calls and 48 for events.
    #[must_use]
    pub fn usual(class: &str) -> Option<Self> {
        match class {
            "inbound:demo-request"
            | "inbound:pricing-page"
            | "inbound:meeting"
            | "inbound:chatbot"
            | "re-engagement" => Some(Self::Minutes(60)),
            "outbound:sequence-reply" => Some(Self::Days(0)),
            "outbound:cold-call" => Some(Self::Minutes(24 * 60)),
            "outbound:event" => Some(Self::Minutes(48 * 60)),
            other if other.starts_with("inbound:") => Some(Self::Minutes(4 * 60)),
            _ => None,
        }
    }
}

impl Target {
    /// The target that counts for a class.
    #[must_use]
    pub fn of<'w>(targets: &'w [Self], class: &str) -> Option<&'w Self> {
        let whole = |target: &Self| !target.class.ends_with('*');
        let fitting = targets.iter().filter(|target| target.fits(class));
        fitting.max_by_key(|target| (whole(target), target.class.len()))
    }

    /// How soon a lead of this class shall have its answer, if so soon is said.
    #[must_use]
    pub fn within(&self, class: &str) -> Option<Within> {
        self.within.or_else(|| Within::usual(class)).filter(|within| *within != Within::Minutes(0))
    }

    fn fits(&self, class: &str) -> bool {
        match self.class.strip_suffix('*') {
            Some(beginning) => class.starts_with(beginning),
            None => class == self.class,
        }
    }

    pub(super) fn check(&self, workspace: &Workspace, place: usize) -> Result<(), Contradiction> {
        let named = &self.class;
        let wrong = |key: &str, message: String| Err(Contradiction::new(format!("/targets/{place}/{key}"), message));
        if workspace.targets[..place].iter().any(|earlier| earlier.class == *named) {
            return wrong("class", format!("there are two targets for `{named}`; keep one"));
        }
        let sources = workspace.sources.iter().map(|source| source.class.as_str());
        let classes: Vec<&str> = class::KNOWN.into_iter().chain(sources).collect();
        if !classes.iter().any(|class| self.fits(class)) {
            let known = nearest(named, classes.into_iter());
            return wrong("class", format!("there is a target for `{named}`, which is no class of [[sources]]{known}"));
        }
        if self.within.is_none() && !named.ends_with('*') && Within::usual(named).is_none() {
            return wrong("class", format!("nothing is usual for `{named}`; write `within`, as in \"4h\""));
        }
        has_calendar(
            self.calendar.as_ref(),
            workspace,
            &format!("the target for `{named}`"),
            &format!("/targets/{place}/calendar"),
        )?;
        let minutes = classes.iter().filter(|class| self.fits(class)).filter_map(|class| match self.within(class)? {
            Within::Minutes(minutes) => Some(minutes),
            Within::Days(_) => None,
        });
        let Some(longest) = minutes.max() else { return Ok(()) };
        let pools = workspace.pools.iter().map(|pool| pool.calendar.as_ref());
        let used: Vec<&String> = match &self.calendar {
            Some(named) => vec![named],
            None => pools.chain(workspace.reps.iter().map(|rep| rep.calendar.as_ref())).flatten().collect(),
        };
        for calendar in workspace.calendars.iter().filter(|calendar| used.contains(&&calendar.id)) {
            if business_time::open_in_a_year(calendar).is_ok_and(|open| open < i128::from(longest)) {
                let message = format!(
                    "the target for `{named}` is {}, and the calendar `{}` is not open for so long in a year; write less, or business days, as in 2d",
                    Within::Minutes(longest),
                    calendar.id
                );
                return wrong("within", message);
            }
        }
        Ok(())
    }
}

impl FromStr for Within {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{text}` is no target; write working time, as in 60m or 4h, same-day, business days, as in 2d, or 0 for none"
            )
        };
        match text {
            "0" => return Ok(Self::Minutes(0)),
            "same-day" => return Ok(Self::Days(0)),
            _ => {}
        }
        let unit = text.chars().last().ok_or_else(wrong)?;
        let digits = &text[..text.len() - unit.len_utf8()];
        let count = digits.parse().ok().filter(|count| *count > 0 && digits.bytes().all(|byte| byte.is_ascii_digit()));
        let count: u32 = count.ok_or_else(wrong)?;
        let (within, fits) = match unit {
            'm' => (Self::Minutes(count), count <= MINUTES_MAX),
            'h' => (Self::Minutes(count.saturating_mul(60)), count <= MINUTES_MAX / 60),
            'd' => (Self::Days(count), count <= DAYS_MAX),
            _ => return Err(wrong()),
        };
        if !fits {
            return Err(format!("`{text}` is too long for a target; {}h or {DAYS_MAX}d is the most", MINUTES_MAX / 60));
        }
        Ok(within)
    }
}

impl fmt::Display for Within {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Minutes(0) => f.write_str("0"),
            Self::Minutes(minutes) if minutes % 60 == 0 => write!(f, "{}h", minutes / 60),
            Self::Minutes(minutes) => write!(f, "{minutes}m"),
            Self::Days(0) => f.write_str("same-day"),
            Self::Days(days) => write!(f, "{days}d"),
        }
    }
}

impl TryFrom<String> for Within {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Within> for String {
    fn from(within: Within) -> Self {
        within.to_string()
    }
}
