//! What a decision can see besides the lead: the workspace, who is there, and whose turn
//! it is. It changes only by entries of the tenant's log.

mod hindrance;
mod places;
mod rows;
mod scale;
mod turns;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::agenda::Lines;
use crate::business_time::{BusinessTime, Calendars};
use crate::deadline::{Deadline, Terms};
use crate::event::Status;
use crate::fairness::{Rotation, Turn};
use crate::icalendar::CalendarFiles;
use crate::id::{ConnectionId, FlowId, OwnerId, PoolId, RepId, RotationId};
use crate::lead::Lead;
use crate::load::{Caps, LeadKind, Left, Load, Loads};
use crate::metric::{Measured, Metrics};
use crate::roster::{Roster, Seat};
use crate::shifts::Shifts;
use crate::table::{Added, Tables};
use crate::workspace::{Rep, Workspace};

pub use hindrance::Hindrance;
pub use turns::Ask;

use places::Locations;

/// Whether a rep can be given a lead now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Availability {
    /// Can.
    Available,
    /// Is away or paused.
    Away,
    /// Is outside working hours.
    OffShift,
    /// Has as many open leads as allowed, or was given as many lately.
    Capped,
    /// Has left or was switched off.
    Inactive,
}

/// Who owns a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Owner {
    /// Nobody.
    Nobody,
    /// A rep who may be given leads.
    Active(RepId),
    /// A rep who has left or was switched off.
    Inactive(RepId),
    /// Somebody whom the workspace does not know.
    Stranger(OwnerId),
}

/// The most counters of a flow.
pub const COUNTERS_MAX: usize = 256;
/// The most bytes of a counter's name.
pub const COUNTER_NAME_MAX: usize = 64;

/// Whether a counter may be called so.
///
/// # Errors
/// What is wrong with the name and what to do, to follow "it used ".
pub fn check_counter_name(name: &str) -> Result<(), String> {
    if name.is_empty() || name.len() > COUNTER_NAME_MAX || name.contains(char::is_control) {
        return Err(format!("a counter's name of {} bytes: use 1 to {COUNTER_NAME_MAX}, printable ones", name.len()));
    }
    Ok(())
}

/// The counters of each flow that has any.
pub type Counters = BTreeMap<FlowId, BTreeMap<String, i32>>;

/// The state of a tenant that its decisions see.
#[derive(Clone, Debug)]
pub struct Desk {
    /// The number of this workspace revision.
    pub revision: u64,
    /// The workspace.
    pub workspace: Arc<Workspace>,
    /// The workspace's tables, with the rows that the log added.
    pub tables: Tables,
    /// The same as their files have them.
    files: Tables,
    added: Added,
    /// The workspace's calendars, worked out.
    pub calendars: Calendars,
    calendar_files: CalendarFiles,
    roster: Arc<Roster>,
    shifts: Arc<Shifts>,
    caps: Arc<Caps>,
    metrics: Arc<Metrics>,
    locations: Arc<Locations>,
    statuses: HashMap<RepId, Status>,
    /// Of each rep, by place: what follows from the workspace and the statuses, whatever the clock says.
    standing: Vec<Availability>,
    rotations: BTreeMap<RotationId, Rotation>,
    counters: Counters,
    loads: Loads,
    lines: Lines,
}

impl Desk {
    /// A desk at the beginning of a log, without tables and calendar files.
    #[must_use]
    pub fn new(revision: u64, workspace: Arc<Workspace>) -> Self {
        let standing = workspace.reps.iter().map(|rep| standing(rep, None)).collect();
        let roster = Arc::new(Roster::of(&workspace));
        let calendar_files = CalendarFiles::default();
        let shifts = Arc::new(Shifts::of(&workspace, &calendar_files));
        let calendars = Calendars::of(&workspace);
        let caps = Arc::new(Caps::of(&workspace));
        let locations = Arc::new(Locations::of(&workspace));
        Self {
            revision,
            workspace,
            tables: Tables::default(),
            files: Tables::default(),
            added: Added::default(),
            calendars,
            calendar_files,
            roster,
            shifts,
            caps,
            metrics: Arc::default(),
            locations,
            statuses: HashMap::new(),
            standing,
            rotations: BTreeMap::new(),
            counters: Counters::new(),
            loads: Loads::default(),
            lines: Lines::default(),
        }
    }

    /// The same desk with these calendar files.
    #[must_use]
    pub fn with_calendar_files(mut self, files: CalendarFiles) -> Self {
        // Most workspaces have none, and working hours out takes its time.
        if !files.is_empty() || !self.calendar_files.is_empty() {
            self.shifts = Arc::new(Shifts::of(&self.workspace, &files));
            self.calendars = Calendars::with_files(&self.workspace, &files);
            self.calendar_files = files;
        }
        self
    }

    /// The same desk under a new revision of the workspace: whoever is away stays away, and
    /// rotations go on among those who are still members. Tables and calendar files stay.
    #[must_use]
    pub fn revise(self, revision: u64, workspace: Arc<Workspace>) -> Self {
        let (tables, files) = (self.files.clone(), self.calendar_files.clone());
        self.revise_with(revision, workspace, tables, files)
    }

    /// The same with the tables and calendar files of that revision.
    #[must_use]
    pub fn revise_with(self, revision: u64, workspace: Arc<Workspace>, tables: Tables, files: CalendarFiles) -> Self {
        let mut next = Self { added: self.added, ..Self::new(revision, workspace) };
        next = next.with_tables(tables).with_calendar_files(files);
        for (rep, status) in self.statuses {
            next.set_status(rep, status);
        }
        next.rotations = self.rotations;
        next.counters = self.counters;
        next.loads = self.loads;
        next.lines = self.lines;
        for (id, rotation) in &mut next.rotations {
            rotation.retain(&next.roster.members(id, &next.workspace));
        }
        next
    }

    /// The place of a rep in the workspace's list, which is its number for rules.
    #[must_use]
    pub fn place(&self, rep: &RepId) -> Option<usize> {
        self.roster.place(rep)
    }

    /// Sets what a rep is now.
    pub fn set_status(&mut self, rep: RepId, status: Status) {
        if let Some(place) = self.place(&rep) {
            self.standing[place] = standing(&self.workspace.reps[place], Some(status));
        }
        self.statuses.insert(rep, status);
    }

    /// What a rep was last said to be.
    #[must_use]
    pub fn status(&self, rep: &RepId) -> Option<Status> {
        self.statuses.get(rep).copied()
    }

    /// Puts a rotation in place that was kept elsewhere.
    pub fn set_rotation(&mut self, id: RotationId, rotation: Rotation) {
        self.rotations.insert(id, rotation);
    }

    /// A rotation, once a turn of it was taken.
    #[must_use]
    pub fn rotation(&self, id: &RotationId) -> Option<&Rotation> {
        self.rotations.get(id)
    }

    /// All rotations of which a turn was taken.
    #[must_use]
    pub fn rotations(&self) -> &BTreeMap<RotationId, Rotation> {
        &self.rotations
    }

    /// A flow's counter; 0 if it was never set.
    #[must_use]
    pub fn counter(&self, flow: &FlowId, name: &str) -> i32 {
        self.counters.get(flow).and_then(|counters| counters.get(name)).copied().unwrap_or(0)
    }

    /// Whether the flow has this counter, whatever its value.
    #[must_use]
    pub fn has_counter(&self, flow: &FlowId, name: &str) -> bool {
        self.counters.get(flow).is_some_and(|counters| counters.contains_key(name))
    }

    /// The counters of all flows.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Sets a flow's counter; without a value it is gone.
    pub fn set_counter(&mut self, flow: FlowId, name: String, value: Option<i32>) {
        let counters = self.counters.entry(flow).or_default();
        match value {
            Some(value) => counters.insert(name, value),
            None => counters.remove(&name),
        };
        self.counters.retain(|_, counters| !counters.is_empty());
    }

    /// Whether a rep may be given leads at all; who is not in the workspace may not.
    #[must_use]
    pub fn is_active(&self, rep: &RepId) -> bool {
        self.place(rep).is_some_and(|place| self.standing[place] != Availability::Inactive)
    }

    /// Whether the reps at these places of the workspace's list can be given a lead of these kinds at that
    /// time, by this pool or by any.
    #[must_use]
    pub fn availabilities(
        &self,
        places: impl Iterator<Item = usize>,
        pool: Option<&PoolId>,
        kinds: &[LeadKind],
        at: Timestamp,
    ) -> Vec<Availability> {
        places.map(self.sight(pool, kinds, at)).collect()
    }

    /// The same of one after the other.
    fn sight(&self, pool: Option<&PoolId>, kinds: &[LeadKind], at: Timestamp) -> impl Fn(usize) -> Availability {
        let (open, since) = (self.shifts.at(at), self.caps.at(kinds, at));
        move |place: usize| match self.standing[place] {
            Availability::Available => match open.of(place, pool) {
                Some(closed) => closed,
                None if self.load(place).is_some_and(|load| since.is_capped(place, load)) => Availability::Capped,
                None => Availability::Available,
            },
            absent => absent,
        }
    }

    /// Whether the rep at this place can be given a lead at that time, by this pool or by any: some lead,
    /// whatever caps say of those of a kind.
    #[must_use]
    pub fn availability(&self, place: usize, pool: Option<&PoolId>, at: Timestamp) -> Availability {
        self.availabilities(std::iter::once(place), pool, &[], at)[0]
    }

    /// The kinds that a lead is of, as far as caps are about them.
    #[must_use]
    pub fn kinds(&self, lead: &Lead) -> Vec<LeadKind> {
        self.caps.kinds(lead)
    }

    /// When the clock changes that for the first time after then. None if it is not the clock that
    /// keeps them, or it changes nothing.
    #[must_use]
    pub fn next_change(&self, place: usize, pool: Option<&PoolId>, at: Timestamp) -> Option<Timestamp> {
        if self.standing[place] != Availability::Available {
            return None;
        }
        let shift = self.shifts.next_change(place, pool, at);
        let free = || self.caps.free_again(place, self.load(place)?, at);
        match self.availability(place, pool, at) {
            Availability::Capped => shift.into_iter().chain(free()).min(),
            _ => shift,
        }
    }

    /// What the rep at this place has in hand; none where it is not counted.
    #[must_use]
    pub fn load(&self, place: usize) -> Option<&Load> {
        if !self.caps.counts(place) {
            return None;
        }
        self.loads.of(&self.workspace.reps[place].id)
    }

    /// Whether what a rep has in hand is counted: for a capacity, caps, or a pool that goes by it.
    #[must_use]
    pub fn counts(&self, rep: &RepId) -> bool {
        self.place(rep).is_some_and(|place| self.caps.counts(place))
    }

    /// What is left of each cap of the rep at this place.
    #[must_use]
    pub fn left(&self, place: usize, at: Timestamp) -> Vec<Left> {
        let nothing = Load::default();
        self.caps.at(&[], at).left(place, self.load(place).unwrap_or(&nothing))
    }

    /// What reps have in hand, to be changed by an entry of the log.
    pub fn loads_mut(&mut self) -> &mut Loads {
        &mut self.loads
    }

    /// What each member of a pool has by the metric that its weights come from; none where they do not
    /// come from one.
    #[must_use]
    pub fn measured(&self, pool: &PoolId, at: Timestamp) -> Option<BTreeMap<RepId, Measured>> {
        let (amounts, weights) = (self.metrics.amounts(pool, at)?, self.metrics.weights(pool, at)?);
        let measured = amounts.into_iter().zip(weights).map(|(amount, weight)| Measured { amount, weight });
        Some(self.pool(pool)?.iter().map(|seat| seat.rep.clone()).zip(measured).collect())
    }

    /// By when a lead of this class shall have its first answer that this rep got then, by a turn of
    /// this pool or without one. None where the workspace has no target for it.
    #[must_use]
    pub fn deadline(&self, class: &str, rep: &RepId, pool: Option<&PoolId>, at: Timestamp) -> Option<Deadline<'_>> {
        self.terms().deadline(class, self.place(rep)?, pool, at)
    }

    /// In whose hours such a lead is answered: a calendar's name, and the calendar. None is around
    /// the clock.
    #[must_use]
    pub fn answer_hours(&self, class: &str, rep: &RepId, pool: Option<&PoolId>) -> Option<(&str, &BusinessTime)> {
        self.terms().hours(class, self.place(rep)?, pool)
    }

    fn terms(&self) -> Terms<'_> {
        Terms { workspace: &self.workspace, calendars: &self.calendars, shifts: &self.shifts }
    }

    /// The members of a pool, by id.
    #[must_use]
    pub fn pool(&self, pool: &PoolId) -> Option<&[Seat]> {
        self.roster.pool(pool)
    }

    /// The turn is taken.
    pub fn take(&mut self, turn: &Turn) {
        self.rotations.entry(turn.rotation()).or_default().enter(turn);
    }

    /// Who an owner written in a lead is: a rep's id, or `<connection>:<owner id>`.
    #[must_use]
    pub fn owner(&self, written: Option<&str>, left: bool) -> Owner {
        let Some(written) = written.filter(|text| !text.is_empty()) else {
            return Owner::Nobody;
        };
        let rep = match written.split_once(':') {
            Some((connection, owner)) => self.rep_of_owner(&connection.into(), &owner.into()),
            None => self.place(&written.into()).map(|place| &self.workspace.reps[place]),
        };
        match rep {
            Some(rep) if left || !self.is_active(&rep.id) => Owner::Inactive(rep.id.clone()),
            Some(rep) => Owner::Active(rep.id.clone()),
            None => Owner::Stranger(written.into()),
        }
    }

    /// The rep with this e-mail address, compared without regard to case.
    #[must_use]
    pub fn rep_of_email(&self, email: &str) -> Option<&Rep> {
        self.roster.place_of_email(email).map(|place| &self.workspace.reps[place])
    }

    /// The rep with this owner id in a CRM.
    #[must_use]
    pub fn rep_of_owner(&self, connection: &ConnectionId, owner: &OwnerId) -> Option<&Rep> {
        self.roster.place_of_owner(connection, owner).map(|place| &self.workspace.reps[place])
    }
}

fn standing(rep: &Rep, status: Option<Status>) -> Availability {
    match status {
        _ if !rep.active => Availability::Inactive,
        Some(Status::Left) => Availability::Inactive,
        Some(Status::Away | Status::Paused) => Availability::Away,
        Some(Status::Available | Status::Back) | None => Availability::Available,
    }
}
