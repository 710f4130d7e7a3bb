//! `/v1/leads`: files of leads. They wait in the inbox like all that arrives, and are decided
//! in turn. A file is read as it arrives, and never kept.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, header};
use http_body_util::BodyExt as _;
use jiff::Timestamp;
use rota_domain::access::{Change, Role};
use rota_domain::id::{FlowId, TenantId};
use rota_domain::plan::Quotas;
use rota_flow::ports::{Accepted, Arrival, Payload};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::api::{Asked, Caller, Route};
use super::problem::Problem;
use super::{Doors, standing};
use crate::import::{Form, Read, Reading, Unusable};

/// Leads that are stored in one commit.
const BATCH: usize = 500;
/// The most bytes of one file.
const FILE_MAX: usize = 128 << 20;
/// How long taking it in may take, the time for sending it not counted.
const TAKEN_IN: Duration = Duration::from_mins(10);
/// Bad lines that are told; the others are only counted.
const TOLD: usize = 100;
/// The most bytes of an import's name.
const NAME_MAX: usize = 128;

/// The routes of this file.
pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(Method::POST, "/v1/leads", Role::Operator, "importLeads", import)
            .says("Take leads in from a file, JSON lines or CSV; the same import again doubles nothing")
            .query::<ImportAsked>()
            .takes_bytes("application/jsonl")
            .or_takes(&["text/csv"])
            .gives::<Imported>()
            .body_limit(FILE_MAX)
            .time_limit(TAKEN_IN),
    ]
}

/// Which import.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ImportAsked {
    /// What the import is called: a lead that came under this name before is not taken again.
    import: String,
    /// Ask this flow only, whatever it enrols.
    #[serde(default)]
    flow: Option<String>,
}

/// What became of a file of leads.
#[derive(Default, Serialize, JsonSchema)]
struct Imported {
    /// Leads that wait now.
    accepted: u64,
    /// Leads that had come under the import's name before.
    duplicates: u64,
    /// Lines that are no leads.
    bad: u64,
    /// What is wrong with the first hundred of them.
    bad_lines: Vec<BadLine>,
}

/// A line that is no lead.
#[derive(Serialize, JsonSchema)]
struct BadLine {
    /// Its number, from 1.
    line: u64,
    /// What is wrong with it, and what to do.
    what: String,
}

/// An import under way.
struct Import<'d> {
    doors: &'d Doors,
    tenant: &'d TenantId,
    name: String,
    flow: Option<FlowId>,
    batch: Vec<Arrival>,
    result: Imported,
}

async fn import(
    State(doors): State<Arc<Doors>>,
    caller: Caller,
    Asked(asked): Asked<ImportAsked>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Imported>, Problem> {
    let tenant = caller.tenant()?;
    let form = form(&headers)?;
    let mut import = Import::new(&doors, tenant, asked).await?;
    let result = import.read(form, body).await;
    let (name, accepted) = (import.name, import.result.accepted);
    if accepted > 0 {
        let detail = Some(format!("{accepted} leads"));
        let change =
            Change { at: doors.clock.now(), who: caller.who(), action: "leads.imported".into(), thing: name, detail };
        doors.access.changed(Some(tenant), change).await.map_err(|error| Problem::store(&error))?;
    }
    result.map(|()| Json(import.result)).map_err(|problem| Problem {
        detail: format!("{} {accepted} leads were taken in before that.", problem.detail),
        ..problem
    })
}

impl<'d> Import<'d> {
    async fn new(doors: &'d Doors, tenant: &'d TenantId, asked: ImportAsked) -> Result<Self, Problem> {
        let ImportAsked { import: name, flow } = asked;
        if name.is_empty() || name.len() > NAME_MAX || name.contains(char::is_control) {
            return Err(Problem {
                status: StatusCode::BAD_REQUEST,
                kind: "import-name",
                detail: format!("The import's name has {} bytes, or some that cannot be printed.", name.len()),
                mend: "Name it with 1 to 128 printable bytes, such as the file's name.",
                retry_after: None,
            });
        }
        let bound = standing::bound(doors, tenant).await?;
        let flow = flow.map(FlowId::from);
        if flow.as_ref().is_some_and(|flow| bound.workspace.flow(flow).is_none()) {
            return Err(Problem { mend: "GET /v1/flows lists the flows.", ..Problem::missing("such flow") });
        }
        Ok(Self { doors, tenant, name, flow, batch: Vec::new(), result: Imported::default() })
    }

    async fn read(&mut self, form: Form, mut body: Body) -> Result<(), Problem> {
        let mut reading = Reading::new(form);
        let (mut leads, mut bytes) = (Vec::new(), 0);
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| broken_off())?;
            let Ok(data) = frame.into_data() else { continue };
            bytes += data.len() as u64;
            if bytes > FILE_MAX as u64 {
                return Err(too_large());
            }
            let fed = reading.feed(&data, &mut leads);
            self.take(&mut leads).await?;
            fed.map_err(|error| unusable(&error))?;
        }
        let ended = reading.finish(&mut leads);
        self.take(&mut leads).await?;
        ended.map_err(|error| unusable(&error))?;
        self.store().await
    }

    async fn take(&mut self, leads: &mut Vec<(u64, Read)>) -> Result<(), Problem> {
        for (line, read) in leads.drain(..) {
            match read {
                Ok(lead) => {
                    // The name comes with its length, so that no two pairs make one key.
                    let dedupe_key = format!("import:{}:{}:{}", self.name.len(), self.name, lead.id);
                    let payload = Payload::Lead { lead: Box::new(lead), flow: self.flow.clone() };
                    self.batch.push(Arrival { dedupe_key, occurred: self.doors.clock.now(), payload });
                    if self.batch.len() == BATCH {
                        self.store().await?;
                    }
                }
                Err(what) => {
                    self.result.bad += 1;
                    if self.result.bad_lines.len() < TOLD {
                        self.result.bad_lines.push(BadLine { line, what });
                    }
                }
            }
        }
        Ok(())
    }

    /// Stores the batch, as far as the plan's leads a minute reach.
    async fn store(&mut self) -> Result<(), Problem> {
        let mut batch = std::mem::take(&mut self.batch);
        while !batch.is_empty() {
            // An import lasts; what was true when it began may not be.
            if self.doors.tenants.standings().suspended(self.tenant) {
                return Err(Problem::suspended(self.tenant));
            }
            let rest = batch.split_off(self.room(batch.len())?);
            let accepted = self.doors.inbox.accept(self.tenant, batch).await.map_err(|error| Problem::store(&error))?;
            let new = accepted.iter().filter(|one| **one == Accepted::New).count() as u64;
            let (quotas, now) = self.quotas();
            self.doors.limits.came(self.tenant, &quotas, new, now);
            self.result.accepted += new;
            self.result.duplicates += accepted.len() as u64 - new;
            batch = rest;
        }
        Ok(())
    }

    /// How many of so many leads may come in now. Only those that are new are counted then,
    /// so that a file that is sent again gets further.
    fn room(&self, leads: usize) -> Result<usize, Problem> {
        let (quotas, now) = self.quotas();
        let has_room = |leads: usize| self.doors.limits.has_room(self.tenant, &quotas, leads as u64, now);
        let most = leads.min(usize::try_from(quotas.leads_per_minute).unwrap_or(leads));
        let fits = std::iter::successors(Some(most), |most| Some(most / 2)).take_while(|most| *most > 0);
        if let Some(fits) = fits.clone().find(|leads| has_room(*leads).is_ok()) {
            return Ok(fits);
        }
        // Who comes again shall find room for some at once.
        has_room(most).map(|()| most).map_err(|busy| Problem {
            mend: "Send the file again under the same name after the seconds that Retry-After names: what was taken is not taken twice.",
            ..busy
        })
    }

    fn quotas(&self) -> (Quotas, Timestamp) {
        (self.doors.tenants.plan(self.tenant).quotas(), self.doors.clock.now())
    }
}

fn form(headers: &HeaderMap) -> Result<Form, Problem> {
    if headers.contains_key(header::CONTENT_ENCODING) {
        return Err(Problem::encoded());
    }
    let media = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "text/csv" => Ok(Form::Csv),
        "application/jsonl" | "application/x-ndjson" | "application/x-jsonlines" => Ok(Form::Jsonl),
        _ => Err(Problem {
            status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
            kind: "unknown-media",
            detail: "The Content-Type does not say whether the leads are JSON lines or CSV.".into(),
            mend: "Send Content-Type: application/jsonl, or text/csv.",
            retry_after: None,
        }),
    }
}

fn unusable(error: &Unusable) -> Problem {
    Problem {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        kind: "unreadable-leads",
        detail: format!("The leads do not read: {error}."),
        mend: "Correct the line, and send the file again under the same name.",
        retry_after: None,
    }
}

fn too_large() -> Problem {
    Problem {
        status: StatusCode::PAYLOAD_TOO_LARGE,
        kind: "body-too-large",
        detail: format!("The file has more than {} MiB.", FILE_MAX >> 20),
        mend: "Divide it, and send all parts under the same name.",
        retry_after: None,
    }
}

fn broken_off() -> Problem {
    Problem {
        status: StatusCode::BAD_REQUEST,
        kind: "unreadable-body",
        detail: "The file broke off.".into(),
        mend: "Send it again under the same name: what was taken is not taken twice.",
        retry_after: None,
    }
}
