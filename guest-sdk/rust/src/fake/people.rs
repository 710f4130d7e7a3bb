//! Reps of the fake world, and ways to say who owns a record.

use crate::Availability;

/// A rep of the fake world: available, without limit, unless said otherwise.
#[derive(Clone, Debug)]
pub struct Rep {
    pub(super) id: String,
    pub(super) owner: String,
    pub(super) tags: Vec<String>,
    pub(super) load: u32,
    pub(super) capacity: u32,
    pub(super) availability: Availability,
}

impl Rep {
    /// A rep with this id. The name is the id with a capital, the e-mail address
    /// `<id>@acme.test`, the CRM's owner id `owner-<id>`.
    pub fn new(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            owner: format!("owner-{id}"),
            tags: Vec::new(),
            load: 0,
            capacity: u32::MAX,
            availability: Availability::Available,
        }
    }

    /// Is away.
    pub fn away(self) -> Self {
        self.is(Availability::Away)
    }

    /// Has this availability.
    pub fn is(mut self, availability: Availability) -> Self {
        self.availability = availability;
        self
    }

    /// Has this tag, too.
    pub fn tag(mut self, tag: &str) -> Self {
        self.tags.push(tag.to_owned());
        self
    }

    /// Has so many open leads of so many allowed.
    pub fn load(mut self, load: u32, capacity: u32) -> Self {
        (self.load, self.capacity) = (load, capacity);
        self
    }

    pub(super) fn attribute(&self, name: &str) -> Option<String> {
        match name {
            "id" => Some(self.id.clone()),
            "name" => {
                let mut letters = self.id.chars();
                let first = letters.next()?;
                Some(first.to_uppercase().chain(letters).collect())
            }
            "email" => Some(format!("{}@acme.test", self.id)),
            "time-zone" => Some("UTC".to_owned()),
            _ => None,
        }
    }
}

/// Who owns a record of the fake world: a rep by id, or an owner whom it does not know. A rep
/// whose availability is `Inactive` is an inactive owner.
#[derive(Clone, Debug)]
pub enum Who {
    /// Nobody.
    Nobody,
    /// The rep with this id.
    Rep(String),
    /// Somebody unknown: the CRM's owner id.
    Stranger(String),
}

impl From<&str> for Who {
    fn from(id: &str) -> Self {
        Self::Rep(id.to_owned())
    }
}
