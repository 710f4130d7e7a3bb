//! Everything that a rule may see of a lead, fetched before it is asked: exactly the
//! properties that the plugins declare and the workspace's conditions look at.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use rota_domain::agenda::trigger;
use rota_domain::decision::Apply;
use rota_domain::delivery::Trouble;
use rota_domain::id::{ConnectionId, DecisionId, FlowId, LeadId, OwnerId, RepId, TenantId};
use rota_domain::lead::{Company, Lead};
use rota_domain::stages::Stages;
use rota_domain::table::RowChange;
use rota_domain::workspace::{Near, Workspace};

use crate::bindings::Bindings;
use crate::ports::{Clock, Crm, CrmError, Directory, Payload, Reading, RecordRef, Settles, Store, Waiting, Wanted};

/// A lead with all that the rules may see of it.
#[derive(Clone, Debug)]
pub struct EnrichedLead {
    /// The lead. A record that could not be read has an id and nothing else.
    pub lead: Arc<Lead>,
    /// Whether the CRM gave the record.
    pub facts: Facts,
    /// Why it is decided about now.
    pub occasion: Occasion,
    /// Ask this flow only.
    pub flow: Option<FlowId>,
    /// 1, or more when an earlier decision came to nothing.
    pub attempt: u32,
    /// Where its question stands in the inbox.
    pub inbox: Option<Settles>,
    /// Who carries the effects out.
    pub apply: Apply,
    /// Its times so far.
    pub stages: Stages,
}

/// A question before its record was read: an arrival, or a call.
#[derive(Clone, Debug)]
pub struct Arrived {
    /// Where it stands in the inbox; a call that cannot be repeated stands nowhere.
    pub inbox: Option<Settles>,
    /// Ask this flow only.
    pub flow: Option<FlowId>,
    /// Who carries the effects out.
    pub apply: Apply,
    /// When it happened.
    pub occurred: Timestamp,
    /// When it came.
    pub received: Timestamp,
    /// What it is about.
    pub payload: Payload,
}

impl From<Waiting> for Arrived {
    fn from(row: Waiting) -> Self {
        let Waiting { id, occurred, received, payload } = row;
        let (payload, flow, apply) = match payload {
            Payload::Call { about, flow, apply } => (*about, flow, apply),
            payload => (payload, None, Apply::Host),
        };
        Self { inbox: Some(Settles::Row(id)), flow, apply, occurred, received, payload }
    }
}

impl Arrived {
    /// The kind of record that has to be read, if one has to be.
    #[must_use]
    pub fn kind(&self) -> Option<Kind> {
        let (connection, record) = self.record()?;
        Some((connection, record.object))
    }

    /// The record that it is about, where it says so, or where its lead was one.
    fn record(&self) -> Option<(ConnectionId, RecordRef)> {
        match &self.payload {
            Payload::Record { connection, object, id, .. } => {
                Some((connection.clone(), RecordRef { object: object.clone(), id: id.clone() }))
            }
            Payload::Due { lead, .. } | Payload::Accepted { lead, .. } => {
                let (connection, object, id) = lead.parts()?;
                Some((connection, RecordRef { object: object.into(), id: id.into() }))
            }
            _ => None,
        }
    }

    /// The decision that has the lead, where it comes again and is no record of these accounts.
    fn recalled(&self, accounts: &Accounts) -> Option<&DecisionId> {
        let known = self.kind().is_some_and(|(connection, _)| accounts.contains_key(&connection));
        match &self.payload {
            Payload::Due { decision, .. } | Payload::Accepted { decision, .. } if !known => Some(decision),
            _ => None,
        }
    }

    /// Whether something has to be read: a record, or a decision.
    #[must_use]
    pub fn is_to_read(&self, reads: &Reads) -> bool {
        match self.payload {
            Payload::Due { .. } | Payload::Accepted { .. } => true,
            _ => self.kind().is_some_and(|(_, object)| !self.is_passed_over(&object, reads)),
        }
    }

    /// The row of the inbox where it waits.
    #[must_use]
    pub fn row(&self) -> Option<i64> {
        row(self.inbox.as_ref())
    }

    /// Whether conditions and rules look at nothing of a record of this kind.
    fn is_passed_over(&self, object: &str, reads: &Reads) -> bool {
        let again = matches!(self.payload, Payload::Due { .. } | Payload::Accepted { .. });
        self.flow.is_none() && !again && !reads.objects.contains(object)
    }

    /// Whether it came by a connection that the workspace has no more, so that nobody would
    /// ever read it. A call is told so instead, and is recorded nowhere.
    fn is_cut_off(&self, connection: &ConnectionId, accounts: &Accounts) -> bool {
        self.row().is_some() && !accounts.contains_key(connection)
    }
}

impl EnrichedLead {
    /// The same without anything that tells of the person.
    #[must_use]
    pub fn erased(self) -> Self {
        let Lead { id, object, trigger, .. } = (*self.lead).clone();
        let lead = Lead { object, trigger, ..Lead::unknown(id) };
        Self { lead: Arc::new(lead), facts: Facts::Erased, ..self }
    }

    /// The row of the inbox where it waits.
    #[must_use]
    pub fn row(&self) -> Option<i64> {
        row(self.inbox.as_ref())
    }
}

fn row(settles: Option<&Settles>) -> Option<i64> {
    match settles {
        Some(Settles::Row(row)) => Some(*row),
        Some(Settles::Call(_)) | None => None,
    }
}

/// Why a lead is decided about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Occasion {
    /// Something happened to it, or somebody asks.
    #[default]
    Event,
    /// What it waits for since the entry of this number is due.
    Due(u64),
    /// This rep, who was asked, takes it.
    Accepted(RepId),
}

/// How much is known of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Facts {
    /// All that was wanted.
    Known,
    /// The CRM does not have it any more.
    Gone,
    /// The CRM will not give it, for this reason, and waiting would not help.
    Refused(String),
    /// The workspace has let go of this connection, by which it came.
    Disconnected(ConnectionId),
    /// Nothing is to be decided: it is closed.
    Closed,
    /// Nothing is to be decided: it was answered.
    Responded,
    /// Nothing is to be decided: this rep, who was asked, does not take it.
    Declined(RepId),
    /// Nothing is to be decided: a row of a dated table comes, changes or goes.
    Row(RowChange),
    /// The person was erased meanwhile, and nothing of them may be looked at or kept.
    Erased,
}

/// What has to be read so that sources, conditions and plugins can work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reads {
    /// Of each record.
    pub wanted: Wanted,
    /// Kinds of records that some flow enrols, or some table has for rows; others need not be read to be
    /// passed over.
    pub objects: BTreeSet<String>,
}

/// What has to be read under this workspace.
#[must_use]
pub fn reads(workspace: &Workspace, bindings: &Bindings) -> Reads {
    // The e-mail address says who is the same person, the names are for people to read.
    let mut properties: BTreeSet<String> = ["email", "firstname", "lastname"].map(String::from).into();
    let mut company_properties = BTreeSet::new();
    for source in &workspace.sources {
        source.when.collect_properties(&mut properties);
    }
    for said in workspace.closed.iter().chain(&workspace.responded) {
        said.collect_properties(&mut properties);
    }
    for cap in workspace.reps.iter().flat_map(|rep| &rep.caps).filter_map(|cap| cap.when.as_ref()) {
        cap.collect_properties(&mut properties);
    }
    // What leads that wait for a turn are worth.
    properties.extend(workspace.pools.iter().filter_map(|pool| pool.queue.value.clone()));
    // Where leads are.
    properties.extend(workspace.pools.iter().filter_map(|pool| pool.near.as_ref()).flat_map(Near::properties).cloned());
    for flow in &workspace.flows {
        if let Some(condition) = &flow.enrol.condition {
            condition.collect_properties(&mut properties);
        }
        if let Some(binding) = bindings.flows.get(&flow.id) {
            properties.extend(binding.plugin.manifest.reads.keys().cloned());
            company_properties.extend(binding.plugin.manifest.company.reads.keys().cloned());
        }
    }
    // Numbers that weights come from.
    let records = || workspace.tables.iter().filter_map(|table| table.records.as_ref());
    records().for_each(|records| records.collect_properties(&mut properties));
    let objects = workspace.flows.iter().map(|flow| &flow.enrol.object).chain(records().map(|records| &records.object));
    let objects = objects.cloned().collect();
    Reads { wanted: Wanted { properties, company: true, company_properties }, objects }
}

/// One CRM account with the directory of its owners, as it was read last.
#[derive(Clone)]
pub struct Account {
    /// The account.
    pub crm: Arc<dyn Crm>,
    /// Its owners; none until they were read once. Without them nobody can say who has left.
    pub directory: Option<Arc<Directory>>,
}

/// The CRM accounts of a tenant.
pub type Accounts = BTreeMap<ConnectionId, Account>;

/// A kind of records in an account.
pub type Kind = (ConnectionId, String);

/// Reads what arrived; answers for each, in order. There is nothing of records that cannot be
/// read now: arrivals stay in the inbox. `down` collects their kinds with the reason, and
/// spares them.
pub async fn enrich(
    waiting: Vec<Arrived>,
    accounts: &Accounts,
    reads: &Reads,
    down: &mut BTreeMap<Kind, String>,
    (store, tenant): (&dyn Store, &TenantId),
    clock: &dyn Clock,
) -> Vec<Option<EnrichedLead>> {
    let mut readings = Readings::new();
    for (kind, records) in to_read(&waiting, accounts, reads) {
        if down.contains_key(&kind) {
            continue;
        }
        // Asked before the record is read: an owner that the CRM is told meanwhile is in the record.
        let coming = store.owners_on_their_way(tenant, &kind.0, &records).await.map_err(|error| error.to_string());
        let known = match coming {
            Ok(coming) => read(&kind.0, &records, accounts, &reads.wanted).await.map(|read| (coming, read)),
            Err(reason) => Err(reason),
        };
        match known {
            Ok((coming, read)) => {
                let keys = records.into_iter().map(|record| (kind.0.clone(), record));
                let known = read.into_iter().zip(coming).map(|(known, coming)| known.with_owner(coming));
                readings.extend(keys.zip(known));
            }
            Err(reason) => {
                down.insert(kind, reason);
            }
        }
    }
    let mut recalled = Recalls::new();
    for decision in waiting.iter().filter_map(|row| row.recalled(accounts)) {
        // One that the store cannot give now waits in the inbox, as a record does that is not to be had.
        if let Ok(known) = store.decision(tenant, decision).await {
            recalled.insert(decision.clone(), known.and_then(|known| known.private).and_then(|private| private.lead));
        }
    }
    let enriched = clock.now();
    let known = Read { records: readings, decisions: recalled };
    waiting.into_iter().map(|row| lead_of(row, accounts, reads, &known, enriched)).collect()
}

/// The lead of something of which nothing has to be read; none where that is not so.
#[must_use]
pub fn at_once(arrived: Arrived, accounts: &Accounts, reads: &Reads, now: Timestamp) -> Option<EnrichedLead> {
    lead_of(arrived, accounts, reads, &Read::default(), now)
}

/// What is known of each record that was asked for.
type Readings = BTreeMap<(ConnectionId, RecordRef), Known>;

/// The lead of each decision that was recalled; none of one whose person was erased.
type Recalls = BTreeMap<DecisionId, Option<Lead>>;

/// Everything that was read.
#[derive(Default)]
struct Read {
    records: Readings,
    decisions: Recalls,
}

#[derive(Clone)]
enum Known {
    /// What the CRM says, and whom it will name as owner where it names nobody.
    Reading(Reading, Option<RepId>),
    Gone,
    Refused(String),
}

impl Known {
    fn with_owner(self, coming: Option<RepId>) -> Self {
        match self {
            Self::Reading(reading, _) => Self::Reading(reading, coming),
            other => other,
        }
    }
}

/// The records of each account and kind, each once.
fn to_read(waiting: &[Arrived], accounts: &Accounts, reads: &Reads) -> BTreeMap<Kind, Vec<RecordRef>> {
    let mut groups: BTreeMap<Kind, Vec<RecordRef>> = BTreeMap::new();
    for row in waiting {
        let Some((connection, record)) = row.record().filter(|_| row.recalled(accounts).is_none()) else { continue };
        if row.is_passed_over(&record.object, reads) || row.is_cut_off(&connection, accounts) {
            continue;
        }
        let records = groups.entry((connection, record.object.clone())).or_default();
        if !records.contains(&record) {
            records.push(record);
        }
    }
    groups
}

/// Reads records of one kind; the error says why they have to wait.
async fn read(
    connection: &ConnectionId,
    records: &[RecordRef],
    accounts: &Accounts,
    wanted: &Wanted,
) -> Result<Vec<Known>, String> {
    let account = accounts.get(connection).ok_or("the workspace has no such connection any more")?;
    if account.directory.is_none() {
        return Err("the CRM's owners could not be read yet".into());
    }
    match account.crm.read(records, wanted).await {
        Ok(read) => Ok(read
            .into_iter()
            .map(|reading| reading.map_or(Known::Gone, |reading| Known::Reading(reading, None)))
            .collect()),
        Err(error) if is_final(&error) => Ok(vec![Known::Refused(error.detail); records.len()]),
        Err(error) => Err(error.detail),
    }
}

/// Whether asking again would be answered the same.
fn is_final(error: &CrmError) -> bool {
    matches!(error.trouble, Trouble::Forbidden | Trouble::NotFound | Trouble::Rejected)
}

fn lead_of(row: Arrived, accounts: &Accounts, reads: &Reads, known: &Read, now: Timestamp) -> Option<EnrichedLead> {
    let stages =
        Stages { occurred: Some(row.occurred), received: Some(row.received), enriched: Some(now), ..Stages::default() };
    let occasion = match &row.payload {
        Payload::Due { entry, .. } => Occasion::Due(*entry),
        Payload::Accepted { rep, .. } => Occasion::Accepted(rep.clone()),
        _ => Occasion::Event,
    };
    let trigger = match &row.payload {
        Payload::Record { trigger, .. } | Payload::Due { trigger, .. } => trigger.clone(),
        _ => trigger::OFFER_ACCEPTED.into(),
    };
    let attempt = if let Payload::Record { attempt, .. } = row.payload { attempt } else { 1 };
    let (lead, facts, flow) = match row.payload {
        // Those are carried out before anything is read; of a call, only what it asks comes here.
        Payload::Erasure { .. } | Payload::Call { .. } => return None,
        Payload::Lead { lead, flow } => (*lead, Facts::Known, row.flow.or(flow)),
        Payload::Closed { lead } => (Lead::unknown(lead), Facts::Closed, None),
        Payload::Responded { lead } => (Lead::unknown(lead), Facts::Responded, None),
        Payload::Declined { lead, rep } => (Lead::unknown(lead), Facts::Declined(rep), None),
        Payload::Row(change) => (Lead::unknown(LeadId::from(change.id.as_str())), Facts::Row(change), None),
        Payload::Due { ref lead, .. } | Payload::Accepted { ref lead, .. } if row.recalled(accounts).is_some() => {
            match known.decisions.get(row.recalled(accounts)?)? {
                Some(before) => (Lead { trigger, ..before.clone() }, Facts::Known, None),
                None => (Lead { trigger, ..Lead::unknown(lead.clone()) }, Facts::Erased, None),
            }
        }
        Payload::Record { .. } | Payload::Due { .. } | Payload::Accepted { .. } => {
            let (connection, record) = row.record()?;
            let (lead, facts) = of_record(&row, (&connection, record), trigger, (accounts, reads, &known.records))?;
            (lead, facts, row.flow)
        }
    };
    let (inbox, apply) = (row.inbox, row.apply);
    Some(EnrichedLead { lead: Arc::new(lead), facts, occasion, flow, attempt, inbox, apply, stages })
}

/// The lead that a record is, and how much is known of it; none where it cannot be read now.
fn of_record(
    row: &Arrived,
    (connection, record): (&ConnectionId, RecordRef),
    trigger: String,
    (accounts, reads, readings): (&Accounts, &Reads, &Readings),
) -> Option<(Lead, Facts)> {
    let (reading, coming, facts) = match readings.get(&(connection.clone(), record.clone())) {
        Some(Known::Reading(reading, coming)) => (Some(reading.clone()), coming.as_ref(), Facts::Known),
        Some(Known::Gone) => (None, None, Facts::Gone),
        Some(Known::Refused(why)) => (None, None, Facts::Refused(why.clone())),
        None if row.is_passed_over(&record.object, reads) => (None, None, Facts::Known),
        None if row.is_cut_off(connection, accounts) => (None, None, Facts::Disconnected(connection.clone())),
        None => return None,
    };
    let directory = accounts.get(connection).and_then(|account| account.directory.as_deref());
    let mut lead = from_reading(connection, record, reading, trigger, directory);
    // The record as it will be: what is decided holds, though the CRM does not know it yet.
    lead.owner = lead.owner.or_else(|| coming.map(ToString::to_string));
    Some((lead, facts))
}

fn from_reading(
    connection: &ConnectionId,
    record: RecordRef,
    reading: Option<Reading>,
    trigger: String,
    directory: Option<&Directory>,
) -> Lead {
    let reading = reading.unwrap_or(Reading { properties: BTreeMap::new(), owner: None, company: None });
    let written = |owner: &OwnerId| format!("{connection}:{owner}");
    // Somebody whom the directory does not know is newer than it, and has not left.
    let left =
        |owner: &OwnerId| directory.and_then(|directory| directory.owner(owner)).is_some_and(|known| known.archived);
    let company = reading.company.map(|company| {
        let owner = company.owner.as_deref().map(OwnerId::from);
        Company { owner: owner.as_ref().map(written), owner_left: owner.as_ref().is_some_and(left), ..company }
    });
    Lead {
        id: LeadId::of_record(connection, &record.object, &record.id),
        object: record.object,
        properties: reading.properties,
        owner: reading.owner.as_ref().map(written),
        owner_left: reading.owner.as_ref().is_some_and(left),
        company,
        history: Vec::new(),
        trigger,
    }
}
