//! The fake world itself: what a test sets up, and asking a rule in it.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;

use super::facts::{Calendar, Table};
use super::{Asked, CURRENT, Effect, Rep, Who};
use crate::run::{self, Answer};
use crate::{Call, Decision, Instant, Outcome, SettingsProblem};

/// Monday, 2 March 2026, 15:00 UTC: when the fake world begins.
const BEGINNING: Instant = Instant::from_ms(1_772_463_600_000);

/// One lead, some reps, their pools. Asked again and again, turns and counters go on.
#[derive(Clone, Debug)]
pub struct World {
    pub(super) call: Call,
    pub(super) properties: BTreeMap<String, String>,
    pub(super) declared: Option<BTreeSet<String>>,
    pub(super) class: String,
    pub(super) owner: Who,
    pub(super) company: BTreeMap<String, String>,
    pub(super) company_owner: Who,
    pub(super) history: Vec<(String, Who, Instant)>,
    pub(super) reps: Vec<Rep>,
    pub(super) pools: Vec<(String, Vec<(u32, u32)>)>,
    pub(super) tables: Vec<(String, Table)>,
    pub(super) calendars: BTreeMap<String, Calendar>,
    pub(super) counters: BTreeMap<String, i32>,
    /// Turns taken so far, by rep.
    pub(super) turns: BTreeMap<u32, u32>,
    /// Whom `next` named in the decision that is being made.
    pub(super) named: BTreeSet<u32>,
    pub(super) notes: Vec<(String, String)>,
    pub(super) effects: Vec<Effect>,
    pub(super) undeclared_reads: Vec<String>,
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl World {
    /// A lead without properties, and nobody to give it to.
    pub fn new() -> Self {
        let (trigger, mode) = ("created".to_owned(), "test".to_owned());
        Self {
            call: Call { now: BEGINNING, seed: 1, trigger, attempt: 1, mode },
            properties: BTreeMap::new(),
            declared: None,
            class: "unclassified".to_owned(),
            owner: Who::Nobody,
            company: BTreeMap::new(),
            company_owner: Who::Nobody,
            history: Vec::new(),
            reps: Vec::new(),
            pools: Vec::new(),
            tables: Vec::new(),
            calendars: BTreeMap::new(),
            counters: BTreeMap::new(),
            turns: BTreeMap::new(),
            named: BTreeSet::new(),
            notes: Vec::new(),
            effects: Vec::new(),
            undeclared_reads: Vec::new(),
        }
    }

    /// The circumstances of the next decision.
    pub fn call(mut self, call: Call) -> Self {
        self.call = call;
        self
    }

    /// The lead has this property, as text from the CRM.
    pub fn property(mut self, name: &str, value: &str) -> Self {
        self.properties.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Only these properties of the lead are declared; without this call all are.
    pub fn declares(mut self, names: &[&str]) -> Self {
        self.declared = Some(names.iter().map(|&name| name.to_owned()).collect());
        self
    }

    /// The source class of the lead.
    pub fn class(mut self, class: &str) -> Self {
        class.clone_into(&mut self.class);
        self
    }

    /// Who owns the record.
    pub fn owner(mut self, owner: impl Into<Who>) -> Self {
        self.owner = owner.into();
        self
    }

    /// The company has this property.
    pub fn company(mut self, name: &str, value: &str) -> Self {
        self.company.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Who owns the company.
    pub fn company_owner(mut self, owner: impl Into<Who>) -> Self {
        self.company_owner = owner.into();
        self
    }

    /// Something happened before; say the newest first.
    pub fn past(mut self, kind: &str, who: impl Into<Who>, at: Instant) -> Self {
        self.history.push((kind.to_owned(), who.into(), at));
        self
    }

    /// There is this rep.
    pub fn rep(mut self, rep: Rep) -> Self {
        self.reps.push(rep);
        self
    }

    /// A pool of these reps, by id, with equal weights. Reps not named before are made.
    pub fn pool(self, name: &str, reps: &[&str]) -> Self {
        let weighted: Vec<(&str, u32)> = reps.iter().map(|&id| (id, 1)).collect();
        self.weighted_pool(name, &weighted)
    }

    /// A pool of these reps with these weights.
    pub fn weighted_pool(mut self, name: &str, reps: &[(&str, u32)]) -> Self {
        let members = reps.iter().map(|&(id, weight)| (self.number(id), weight)).collect();
        self.pools.push((name.to_owned(), members));
        self
    }

    /// A look-up table that matches exactly: key and value.
    pub fn table(mut self, name: &str, rows: &[(&str, &str)]) -> Self {
        self.tables.push((name.to_owned(), Table::exact(rows)));
        self
    }

    /// A look-up table whose longest prefix wins: prefix and value.
    pub fn prefix_table(mut self, name: &str, rows: &[(&str, &str)]) -> Self {
        self.tables.push((name.to_owned(), Table::prefixes(rows)));
        self
    }

    /// A look-up table of ranges: from, to (which belongs to it) and value.
    pub fn range_table(mut self, name: &str, rows: &[(&str, &str, &str)]) -> Self {
        self.tables.push((name.to_owned(), Table::ranges(rows)));
        self
    }

    /// A calendar that is always open.
    pub fn calendar(mut self, name: &str) -> Self {
        self.calendars.insert(name.to_owned(), Calendar(None));
        self
    }

    /// A calendar that is open in these spans, given from early to late, and never else.
    pub fn calendar_open(mut self, name: &str, spans: &[(Instant, Instant)]) -> Self {
        self.calendars.insert(name.to_owned(), Calendar(Some(spans.to_vec())));
        self
    }

    /// A counter stands at this value.
    pub fn counter(mut self, name: &str, value: i32) -> Self {
        self.counters.insert(name.to_owned(), value);
        self
    }

    /// Where a counter stands: 0 if it was never changed.
    pub fn counted(&self, name: &str) -> i32 {
        self.counters.get(name).copied().unwrap_or(0)
    }

    /// Asks a rule's function about this lead.
    pub fn ask<S: DeserializeOwned, A: Answer>(&mut self, rule: fn(&Call, &S) -> A, settings: &str) -> Asked {
        self.ask_crate(|call, settings| run::run(rule, call, settings), settings)
    }

    /// Asks a rule from outside its crate, through the `route` that `rule!` made there.
    pub fn ask_crate(
        &mut self,
        route: impl FnOnce(&Call, &str) -> Result<Decision, SettingsProblem>,
        settings: &str,
    ) -> Asked {
        self.named.clear();
        let (call, counters) = (self.call.clone(), self.counters.clone());
        CURRENT.set(Some(std::mem::take(self)));
        let answer = route(&call, settings);
        *self = CURRENT.take().expect("the world was put there above");
        // Only a decision that is accepted changes counters; one that passes is none.
        if !matches!(&answer, Ok(decision) if decision.outcome != Outcome::Pass) {
            self.counters = counters;
        }
        Asked::new(answer, self)
    }

    /// The number of the rep with this id, who is made if there is none.
    fn number(&mut self, id: &str) -> u32 {
        let place = self.reps.iter().position(|rep| rep.id == id).unwrap_or_else(|| {
            self.reps.push(Rep::new(id));
            self.reps.len() - 1
        });
        place as u32
    }

    /// Counts a turn if `next` named this rep, and gives the rep's id.
    pub(super) fn take_turn(&mut self, rep: crate::Rep) -> Option<String> {
        if self.named.contains(&rep.0) {
            *self.turns.entry(rep.0).or_default() += 1;
        }
        self.reps.get(rep.0 as usize).map(|rep| rep.id.clone())
    }
}
