//! Draws companies and people, one after the other, from one source of chance.

use std::collections::{BTreeMap, HashSet};

use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};

use super::words::{
    COMPANY_FIRST, COMPANY_LAST, COUNTRIES, Country, FORMS, NAMES, NO_COUNTRIES, NO_NUMBERS, SPAM, STATES, TITLES,
};
use super::{Company, Contact, Owner};

/// The id of the first company.
const FIRST_COMPANY: u64 = 18_000_000_001;

/// Everybody who was drawn so far.
pub(super) struct Crowd<'a> {
    chance: SmallRng,
    owners: &'a [Owner],
    addresses: HashSet<String>,
}

impl<'a> Crowd<'a> {
    pub(super) fn new(seed: u64, owners: &'a [Owner]) -> Self {
        Self { chance: SmallRng::seed_from_u64(seed), owners, addresses: HashSet::new() }
    }

    /// Companies, a third of them with an owner. One in eight owners is somebody who has left.
    pub(super) fn companies(&mut self, count: usize) -> Vec<Company> {
        let mut slugs = HashSet::new();
        (FIRST_COMPANY..)
            .take(count)
            .map(|id| {
                let (first, last) = (self.one_of(&COMPANY_FIRST), self.one_of(&COMPANY_LAST));
                let plain = plain(&format!("{first}{last}"));
                let slug = if slugs.insert(plain.clone()) { plain } else { format!("{plain}-{}", id - FIRST_COMPANY) };
                let mut properties = BTreeMap::from([
                    ("name".to_owned(), format!("{first} {last}")),
                    ("domain".to_owned(), format!("{slug}.example")),
                    ("country".to_owned(), self.country().spellings[0].to_owned()),
                ]);
                if self.percent(70) {
                    properties.insert("numberofemployees".into(), self.size().to_string());
                }
                if self.percent(33) {
                    let left = self.percent(12);
                    if let Some(owner) = self.owner(left) {
                        properties.insert("hubspot_owner_id".into(), owner);
                    }
                }
                Company { id: id.to_string(), properties }
            })
            .collect()
    }

    /// Contacts in the order of their arrival. A twin follows its person within three others.
    pub(super) fn contacts(&mut self, count: usize, companies: &[Company]) -> Vec<Contact> {
        let mut contacts: Vec<Contact> = Vec::with_capacity(count);
        while contacts.len() < count {
            let recent = contacts.len().saturating_sub(4)..contacts.len();
            let single = |&place: &usize| {
                contacts[place].twin_of.is_none() && !contacts.iter().skip(place).any(|c| c.twin_of == Some(place))
            };
            let next = match recent.rev().find(single).filter(|_| self.percent(5)) {
                Some(place) => self.twin(place, &contacts[place]),
                None if self.percent(2) => self.spam(),
                None => self.person(companies),
            };
            contacts.push(next);
        }
        contacts
    }

    fn person(&mut self, companies: &[Company]) -> Contact {
        let home = self.country();
        let (first, last) = self.name(home.names);
        let company = (self.percent(35) && !companies.is_empty()).then(|| &companies[self.below(companies.len())]);
        let domain = match company {
            Some(company) => company.properties["domain"].clone(),
            None => ["mail.example", "post.example", "inbox.test"][self.below(3)].to_owned(),
        };
        let form = self.form();
        let mut properties = BTreeMap::from([
            ("email".to_owned(), self.address(first, last, &domain)),
            ("firstname".to_owned(), first.to_owned()),
            ("lastname".to_owned(), last.to_owned()),
            ("lifecyclestage".to_owned(), stage(form).to_owned()),
        ]);
        let mut put = |name: &str, value: String| properties.insert(name.into(), value);
        if !form.is_empty() {
            put("hs_form", form.into());
        }
        if self.percent(60) {
            put("jobtitle", self.one_of(&TITLES).into());
        }
        if self.percent(40) {
            put("phone", format!("+1 555 01{:02}", self.below(100)));
        }
        match self.below(100) {
            0..5 => {}
            5..8 => {
                put("country", self.one_of(&NO_COUNTRIES).into());
            }
            _ => {
                put("country", home.spellings[self.below(home.spellings.len())].into());
                let states = STATES.iter().find(|(code, _)| *code == home.code).filter(|_| self.percent(60));
                if let Some((_, states)) = states {
                    put("state", states[self.below(states.len())].into());
                }
            }
        }
        match self.below(100) {
            0..40 => {}
            40..46 => {
                put("numberofemployees", self.one_of(&NO_NUMBERS).into());
            }
            _ => {
                put("numberofemployees", self.size().to_string());
            }
        }
        if let Some(owner) = self.owner(false).filter(|_| self.percent(3)) {
            put("hubspot_owner_id", owner);
        }
        Contact { properties, company: company.map(|company| company.id.clone()), twin_of: None }
    }

    /// The same person once more, typed in by somebody else. The CRM refuses a second contact
    /// with the same address, whatever its case; a blank that was pasted along gets it past.
    fn twin(&mut self, place: usize, of: &Contact) -> Contact {
        let mut twin = Contact { twin_of: Some(place), ..of.clone() };
        twin.properties.remove("hubspot_owner_id");
        if self.percent(40) {
            twin.properties.remove("country");
        }
        if let Some(email) = twin.properties.get_mut("email") {
            let (local, domain) = email.split_once('@').unwrap_or((email, ""));
            *email = format!("{}@{domain} ", capitals(local));
        }
        twin
    }

    fn spam(&mut self) -> Contact {
        let (first, last, local) = SPAM[self.below(SPAM.len())];
        let properties = BTreeMap::from([
            ("email".to_owned(), self.address(local, "", "prizes.test")),
            ("firstname".to_owned(), first.to_owned()),
            ("lastname".to_owned(), last.to_owned()),
            ("lifecyclestage".to_owned(), "marketingqualifiedlead".to_owned()),
        ]);
        Contact { properties, company: None, twin_of: None }
    }

    /// Mostly names of the person's country, for people move.
    fn name(&mut self, at_home: usize) -> (&'static str, &'static str) {
        let group = if self.percent(85) { at_home } else { self.below(NAMES.len()) };
        let (first, last) = NAMES[group];
        (first[self.below(first.len())], last[self.below(last.len())])
    }

    fn address(&mut self, first: &str, last: &str, domain: &str) -> String {
        let (first, last) = (plain(first), plain(last));
        let local = match (first.is_empty(), last.is_empty()) {
            (false, false) => format!("{first}.{last}"),
            // Names in other scripts leave nothing behind.
            (true, true) => format!("contact{}", self.below(10_000)),
            _ => format!("{first}{last}"),
        };
        let mut address = format!("{local}@{domain}");
        let mut number = 2;
        while !self.addresses.insert(address.clone()) {
            address = format!("{local}{number}@{domain}");
            number += 1;
        }
        address
    }

    /// Small companies are many and large ones few.
    fn size(&mut self) -> u32 {
        let largest = [9, 40, 40, 200, 200, 900, 900, 4_000, 25_000][self.below(9)];
        self.chance.random_range(1..=largest)
    }

    fn country(&mut self) -> &'static Country {
        let total: usize = COUNTRIES.iter().map(|country| country.weight).sum();
        let mut place = self.below(total);
        COUNTRIES
            .iter()
            .find(|country| {
                let here = place < country.weight;
                place = place.saturating_sub(country.weight);
                here
            })
            .unwrap_or(&COUNTRIES[0])
    }

    fn form(&mut self) -> &'static str {
        let total: usize = FORMS.iter().map(|(_, weight)| weight).sum();
        let mut place = self.below(total);
        for (form, weight) in FORMS {
            if place < weight {
                return form;
            }
            place -= weight;
        }
        ""
    }

    fn owner(&mut self, left: bool) -> Option<String> {
        let owners: Vec<&Owner> = self.owners.iter().filter(|owner| owner.archived == left).collect();
        (!owners.is_empty()).then(|| owners[self.below(owners.len())].id.clone())
    }

    fn one_of(&mut self, words: &[&'static str]) -> &'static str {
        words[self.below(words.len())]
    }

    fn percent(&mut self, percent: u32) -> bool {
        self.chance.random_ratio(percent, 100)
    }

    fn below(&mut self, end: usize) -> usize {
        self.chance.random_range(0..end)
    }
}

fn stage(form: &str) -> &'static str {
    match form {
        "newsletter" => "subscriber",
        "sequence-reply" | "cold-call" | "trade-fair" | "win-back" => "lead",
        _ => "marketingqualifiedlead",
    }
}

/// Letters that an address may have.
fn plain(text: &str) -> String {
    let letter = |letter: char| match letter {
        'á' | 'à' | 'â' | 'ã' | 'ä' | 'å' => 'a',
        'é' | 'è' | 'ê' | 'ë' | 'ě' | 'ę' => 'e',
        'í' | 'î' | 'ı' => 'i',
        'ó' | 'ô' | 'õ' | 'ö' | 'ø' => 'o',
        'ú' | 'ü' | 'ů' => 'u',
        'ç' | 'č' => 'c',
        'ñ' | 'ń' => 'n',
        'ł' => 'l',
        'ř' => 'r',
        'š' | 'ś' | 'ş' => 's',
        'ý' => 'y',
        'ž' | 'ż' => 'z',
        other => other,
    };
    let letters = text.to_lowercase().chars().map(letter).collect::<String>();
    letters.chars().filter(char::is_ascii_alphanumeric).collect()
}

/// `joe.miller` as somebody writes it who likes capitals.
fn capitals(local: &str) -> String {
    let words = local.split('.').map(|word| match word.char_indices().nth(1) {
        Some((second, _)) => format!("{}{}", word[..second].to_uppercase(), &word[second..]),
        None => word.to_uppercase(),
    });
    words.collect::<Vec<_>>().join(".")
}
