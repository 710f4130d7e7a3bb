//! The people who may own leads.

use crate::host;

/// A rep, during this decision. Get one from a [`Pool`](crate::Pool), an owner or a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rep(pub(crate) u32);

/// Whether a rep can be given a lead now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Availability {
    /// Can be given a lead.
    Available,
    /// Away, on leave or paused.
    Away,
    /// Outside the working hours of the pool or of the rep.
    OffShift,
    /// Has as many open leads as allowed.
    Capped,
    /// Has left or was switched off.
    Inactive,
}

impl Availability {
    /// By the place in the contract's enum, which is also how member lists carry it.
    pub(crate) fn from_place(place: u32) -> Self {
        match place {
            0 => Self::Available,
            1 => Self::Away,
            2 => Self::OffShift,
            3 => Self::Capped,
            _ => Self::Inactive,
        }
    }
}

impl Rep {
    /// The rep with this e-mail address, compared without regard to case.
    pub fn find_by_email(email: &str) -> Option<Self> {
        host::find_by_email(email)
    }

    /// The rep with this owner id in the CRM that the lead came from.
    pub fn find_by_owner(owner: &str) -> Option<Self> {
        host::find_by_owner(owner)
    }

    /// The stable id in the workspace.
    pub fn id(self) -> String {
        self.word("id")
    }

    /// The full name.
    pub fn name(self) -> String {
        self.word("name")
    }

    /// The e-mail address.
    pub fn email(self) -> String {
        self.word("email")
    }

    /// The IANA time zone, such as `Europe/Berlin`.
    pub fn time_zone(self) -> String {
        self.word("time-zone")
    }

    /// The tags, such as `german` or `enterprise`.
    pub fn tags(self) -> Vec<String> {
        host::tags(self)
    }

    /// Whether the rep has this tag.
    pub fn has_tag(self, tag: &str) -> bool {
        host::has_tag(self, tag)
    }

    /// Whether the rep can be given a lead now.
    pub fn availability(self) -> Availability {
        host::availability(self)
    }

    /// Whether the rep can be given a lead now, as a yes or no.
    pub fn is_available(self) -> bool {
        self.availability() == Availability::Available
    }

    fn word(self, name: &str) -> String {
        host::attribute(self, name).unwrap_or_default()
    }
}
