//! The object types the double holds, under every name the CRM accepts for them.

/// An object type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    Contact,
    Company,
    Deal,
    Task,
    Note,
}

impl Kind {
    pub(crate) const ALL: [Kind; 5] = [Kind::Contact, Kind::Company, Kind::Deal, Kind::Task, Kind::Note];

    /// The type a path names: singular, plural or type id.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| [kind.singular(), kind.plural(), kind.type_id()].contains(&name))
    }

    pub(crate) fn singular(self) -> &'static str {
        match self {
            Kind::Contact => "contact",
            Kind::Company => "company",
            Kind::Deal => "deal",
            Kind::Task => "task",
            Kind::Note => "note",
        }
    }

    pub(crate) fn plural(self) -> &'static str {
        match self {
            Kind::Contact => "contacts",
            Kind::Company => "companies",
            Kind::Deal => "deals",
            Kind::Task => "tasks",
            Kind::Note => "notes",
        }
    }

    pub(crate) fn type_id(self) -> &'static str {
        match self {
            Kind::Contact => "0-1",
            Kind::Company => "0-2",
            Kind::Deal => "0-3",
            Kind::Task => "0-27",
            Kind::Note => "0-46",
        }
    }

    /// The property that says when a record was made.
    pub(crate) fn created(self) -> &'static str {
        match self {
            Kind::Contact | Kind::Company | Kind::Deal => "createdate",
            Kind::Task | Kind::Note => "hs_createdate",
        }
    }

    /// The property that says when a record changed last: contacts alone have no prefix.
    pub(crate) fn modified(self) -> &'static str {
        match self {
            Kind::Contact => "lastmodifieddate",
            Kind::Company | Kind::Deal | Kind::Task | Kind::Note => "hs_lastmodifieddate",
        }
    }

    /// What a read returns when it names no properties.
    pub(crate) fn default_properties(self) -> &'static [&'static str] {
        match self {
            Kind::Contact => &["email", "firstname", "lastname"],
            Kind::Company => &["name", "domain"],
            Kind::Deal => &["dealname", "amount", "closedate", "pipeline", "dealstage"],
            Kind::Task | Kind::Note => &[],
        }
    }

    /// The object family whose scope covers this type: tasks and notes ride on contacts.
    pub(crate) fn scope_family(self) -> &'static str {
        match self {
            Kind::Company => "companies",
            Kind::Deal => "deals",
            Kind::Contact | Kind::Task | Kind::Note => "contacts",
        }
    }
}
