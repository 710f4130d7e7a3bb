//! Which records belong together, under which type ids. Every association is kept in both
//! directions, each with its own ids; a contact has at most one primary company.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::Id;
use crate::kind::Kind;

/// Contact to its primary company.
pub(crate) const PRIMARY_COMPANY: u32 = 1;

/// The type ids of one association in one direction.
pub(crate) type TypeIds = BTreeSet<u32>;

/// A record, by type and id.
pub(crate) type Node = (Kind, Id);

/// An association type in one direction.
#[derive(Debug)]
pub(crate) struct AssociationType {
    from: Kind,
    to: Kind,
    pub(crate) id: u32,
    pub(crate) label: Option<&'static str>,
    inverse: u32,
}

const fn kind_of(from: Kind, to: Kind, id: u32, inverse: u32, label: Option<&'static str>) -> AssociationType {
    AssociationType { from, to, id, label, inverse }
}

/// All types; the first of a direction is its default, the unlabelled one.
const TYPES: [AssociationType; 12] = [
    kind_of(Kind::Contact, Kind::Company, 279, 280, None),
    kind_of(Kind::Contact, Kind::Company, PRIMARY_COMPANY, 2, Some("Primary")),
    kind_of(Kind::Company, Kind::Contact, 280, 279, None),
    kind_of(Kind::Company, Kind::Contact, 2, PRIMARY_COMPANY, Some("Contact with Primary Company")),
    kind_of(Kind::Task, Kind::Contact, 204, 203, None),
    kind_of(Kind::Contact, Kind::Task, 203, 204, None),
    kind_of(Kind::Task, Kind::Company, 192, 191, None),
    kind_of(Kind::Company, Kind::Task, 191, 192, None),
    kind_of(Kind::Note, Kind::Contact, 202, 201, None),
    kind_of(Kind::Contact, Kind::Note, 201, 202, None),
    kind_of(Kind::Note, Kind::Company, 190, 189, None),
    kind_of(Kind::Company, Kind::Note, 189, 190, None),
];

/// The default type from one object type to another, where they can be associated at all.
pub(crate) fn default_type(from: Kind, to: Kind) -> Option<&'static AssociationType> {
    TYPES.iter().find(|known| (known.from, known.to) == (from, to))
}

/// The type with this id in this direction.
pub(crate) fn type_of(from: Kind, to: Kind, id: u32) -> Option<&'static AssociationType> {
    TYPES.iter().find(|known| (known.from, known.to, known.id) == (from, to, id))
}

/// The object type a new record of type `from` is associated with under this id.
pub(crate) fn target_of(from: Kind, id: u32) -> Option<Kind> {
    TYPES.iter().find(|known| (known.from, known.id) == (from, id)).map(|known| known.to)
}

/// All associations, in both directions.
#[derive(Debug, Default)]
pub(crate) struct Associations(BTreeMap<Node, BTreeMap<Node, TypeIds>>);

impl Associations {
    /// Adds types, keeping those there are; the default one is always among them.
    pub(crate) fn add(&mut self, from: Node, to: Node, types: &TypeIds) {
        let Some(default) = default_type(from.0, to.0) else {
            return;
        };
        let mut types = types.clone();
        types.insert(default.id);
        let inverse: TypeIds = types.iter().filter_map(|id| type_of(from.0, to.0, *id)).map(|it| it.inverse).collect();
        let primary_company = if types.contains(&PRIMARY_COMPANY) && from.0 == Kind::Contact {
            Some((from, to))
        } else if inverse.contains(&PRIMARY_COMPANY) && to.0 == Kind::Contact {
            Some((to, from))
        } else {
            None
        };
        if let Some((contact, company)) = primary_company {
            self.clear_primary(contact, company);
        }
        self.half(from, to).extend(types);
        self.half(to, from).extend(inverse);
    }

    /// Makes these the only types; those not named are gone, but never the default one.
    pub(crate) fn replace(&mut self, from: Node, to: Node, types: &TypeIds) {
        self.half(from, to).clear();
        self.half(to, from).clear();
        self.add(from, to, types);
    }

    /// The associations of a record with records of one type, by their ids.
    pub(crate) fn of(&self, from: Node, to: Kind) -> impl Iterator<Item = (Id, &TypeIds)> {
        let all = self.0.get(&from).into_iter().flatten();
        all.filter(move |((kind, _), _)| *kind == to).map(|((_, id), types)| (*id, types))
    }

    /// The primary company of a contact.
    pub(crate) fn primary_company(&self, contact: Id) -> Option<Id> {
        let mut companies = self.of((Kind::Contact, contact), Kind::Company);
        companies.find(|(_, types)| types.contains(&PRIMARY_COMPANY)).map(|(id, _)| id)
    }

    /// Every association, each direction once.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Node, Node, &TypeIds)> {
        self.0.iter().flat_map(|(from, all)| all.iter().map(|(to, types)| (*from, *to, types)))
    }

    /// Takes a record out of all associations.
    pub(crate) fn forget(&mut self, node: Node) {
        for other in self.0.remove(&node).unwrap_or_default().into_keys() {
            if let Some(all) = self.0.get_mut(&other) {
                all.remove(&node);
            }
        }
    }

    fn half(&mut self, from: Node, to: Node) -> &mut TypeIds {
        self.0.entry(from).or_default().entry(to).or_default()
    }

    fn clear_primary(&mut self, contact: Node, but: Node) {
        let Some(primary) = self.primary_company(contact.1).map(|id| (Kind::Company, id)) else {
            return;
        };
        if primary != but {
            self.half(contact, primary).remove(&PRIMARY_COMPANY);
            self.half(primary, contact).remove(&2);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTACT: Node = (Kind::Contact, Id(1));
    const OLD: Node = (Kind::Company, Id(2));
    const NEW: Node = (Kind::Company, Id(3));

    fn types(all: &Associations, from: Node, to: Node) -> Vec<u32> {
        all.of(from, to.0)
            .find(|(id, _)| *id == to.1)
            .map(|(_, types)| types.iter().copied().collect())
            .unwrap_or_default()
    }

    #[test]
    fn a_new_primary_company_takes_the_place_of_the_old_one() {
        let mut all = Associations::default();
        all.add(CONTACT, OLD, &TypeIds::from([PRIMARY_COMPANY]));
        all.add(NEW, CONTACT, &TypeIds::from([2]));
        assert_eq!(all.primary_company(CONTACT.1), Some(NEW.1));
        assert_eq!(types(&all, CONTACT, OLD), [279]);
        assert_eq!(types(&all, OLD, CONTACT), [280]);
        assert_eq!(types(&all, CONTACT, NEW), [1, 279]);
    }

    #[test]
    fn replacing_labels_drops_those_not_named() {
        let mut all = Associations::default();
        all.add(CONTACT, OLD, &TypeIds::from([PRIMARY_COMPANY]));
        all.replace(CONTACT, OLD, &TypeIds::from([279]));
        assert_eq!(types(&all, CONTACT, OLD), [279]);
        assert_eq!(all.primary_company(CONTACT.1), None);
    }

    #[test]
    fn a_forgotten_record_is_gone_from_both_sides() {
        let mut all = Associations::default();
        all.add(CONTACT, OLD, &TypeIds::new());
        all.forget(CONTACT);
        assert_eq!(all.iter().count(), 0);
    }
}
