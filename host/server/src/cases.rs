//! A plugin's cases: each is a lead with settings, decided by the compiled component the
//! whole way that a live lead goes, and compared with what its author expects.

mod coverage;
mod difference;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use jiff::Timestamp;
use rota_domain::event::{Event, Happening};
use rota_domain::id::{OwnerId, Seed};
use rota_domain::rule::{ErrorCode, Question};
use rota_domain::workspace::{
    Condition, Connection, ConnectionKind, Enrol, Fallback, Flow, Minutes, Nobody, Owned, Settings, Source, Workspace,
};
use rota_flow::ports::{Recorded, Rules};
use rota_rules::Catalogue;
use serde::Serialize;
use serde_json::Value;

use crate::bind::{UnfitSettings, bind};
use crate::config::{Case, Directory, Loaded, load_workspace};
use crate::replay::unlike;
use crate::simulate::Simulation;
use crate::trial::Watched;

pub use coverage::Coverage;
pub use difference::Difference;
pub(crate) use difference::words;

/// The queue of the flow that cases run in.
const FALLBACK: &str = "fallback";

/// What became of one case.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// The file's name.
    pub name: String,
    /// What it is to show.
    pub about: String,
    /// What came otherwise than expected; empty for a case that holds.
    pub differences: Vec<Difference>,
    /// The branches that were noted, whichever of its leads noted them.
    pub branches: BTreeSet<String>,
}

/// Runs all cases of a plugin's folder against a component.
///
/// # Errors
/// When a case or the workspace of the cases cannot be read, or the component is refused.
pub fn run(plugin: &Path, component: &[u8]) -> anyhow::Result<Vec<Outcome>> {
    let catalogue = Arc::new(Catalogue::new()?);
    let rules: Arc<dyn Rules> = catalogue.clone();
    all(plugin, component, &catalogue, &rules)
}

/// The questions that the cases of a plugin's folder put to it.
///
/// # Errors
/// As [`run`].
pub fn questions(plugin: &Path, component: &[u8], catalogue: &Arc<Catalogue>) -> anyhow::Result<Vec<Question>> {
    let watched = Arc::new(Watched::new(catalogue.clone()));
    let rules: Arc<dyn Rules> = watched.clone();
    all(plugin, component, catalogue, &rules)?;
    Ok(watched.take().into_iter().map(|(question, _)| question).collect())
}

fn all(plugin: &Path, component: &[u8], catalogue: &Catalogue, rules: &Arc<dyn Rules>) -> anyhow::Result<Vec<Outcome>> {
    let folder = plugin.join("cases");
    let loaded = load_workspace(&Directory::open(&folder)?)?;
    catalogue.take_in(component).context("the component is refused")?;
    let mut files: Vec<_> = std::fs::read_dir(&folder)?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    anyhow::ensure!(
        !files.is_empty(),
        "there are no cases in {}: add one, as `rota schema case` describes",
        folder.display()
    );
    files.iter().map(|path| one(path, &loaded, component, catalogue, rules)).collect()
}

fn one(
    path: &Path,
    loaded: &Loaded,
    component: &[u8],
    catalogue: &Catalogue,
    rules: &Arc<dyn Rules>,
) -> anyhow::Result<Outcome> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {shown}"))?;
    let case: Case = serde_json::from_str(&text).with_context(|| format!("{shown} is no case"))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let at = case.at.unwrap_or(Timestamp::UNIX_EPOCH);
    let bound = match bind(stage(&case, loaded, component), catalogue) {
        Ok(bound) => bound,
        Err(error) if error.is::<UnfitSettings>() => return Ok(refused(name, &case, &error)),
        Err(error) => return Err(error.context(shown.to_string())),
    };
    let settings = bound.bindings.flows.values().next().map(|binding| binding.settings.clone());
    let settings = settings.context("a case has one flow")?;
    let mut simulation = Simulation::new(bound, rules.clone(), Seed::from_number(1), at);
    let lead = || Event { at, what: Happening::Lead { lead: Box::new(case.lead.clone()), flow: Some("case".into()) } };
    let results: Vec<Recorded> = (0..case.repeat.max(1)).filter_map(|_| simulation.happen(lead())).collect();
    let mut differences = difference::all(&case.expect, &results);
    differences.extend(results.iter().filter_map(|result| unlike(catalogue, result, &settings)).map(Difference::from));
    let branches = results.iter().flat_map(|result| &result.private.notes).map(|note| note.branch.clone()).collect();
    Ok(Outcome { name, about: case.about.clone(), differences, branches })
}

/// A case whose settings the schema refuses, which is what it may be there to show.
fn refused(name: String, case: &Case, error: &anyhow::Error) -> Outcome {
    let came = Some(Value::String(error.to_string()));
    let wanted = case.expect.error == Some(ErrorCode::Settings);
    let differences =
        if wanted { Vec::new() } else { vec![Difference { what: "settings".into(), expected: None, came }] };
    Outcome { name, about: case.about.clone(), differences, branches: BTreeSet::new() }
}

/// The workspace of the cases with one flow, which asks the plugin and nothing else: owned
/// records too, and the same person again and again. Every rep is known to the lead's CRM.
fn stage(case: &Case, loaded: &Loaded, component: &[u8]) -> Loaded {
    let mut workspace: Workspace = loaded.workspace.clone();
    if let Some((connection, _, _)) = case.lead.id.parts() {
        for rep in &mut workspace.reps {
            rep.crm.entry(connection.clone()).or_insert_with(|| OwnerId::from(rep.id.as_str()));
        }
        workspace.connections = vec![Connection {
            id: connection,
            kind: ConnectionKind::HubSpot,
            app: None,
            portal_id: None,
            token: None,
            base_url: None,
        }];
    }
    if let Some(class) = &case.class {
        workspace.sources = vec![Source { class: class.clone(), when: Condition::All(Vec::new()) }];
    }
    let settings = match &case.settings {
        Some(settings) => Value::Object(settings.clone()).to_string().into(),
        None => loaded.settings.values().next().cloned().unwrap_or_else(|| "{}".into()),
    };
    let flow = Flow {
        id: "case".into(),
        enrol: Enrol::default(),
        plugin: "./case.wasm".into(),
        digest: None,
        settings: Settings::default(),
        owned: Owned::Overwrite,
        fallback: Fallback::Queue(FALLBACK.into()),
        nobody: Nobody::Fallback,
        ask_again: Vec::new(),
        coalesce: Minutes(0),
    };
    workspace.flows = vec![flow];
    Loaded {
        workspace,
        settings: BTreeMap::from([("case".into(), settings)]),
        components: BTreeMap::from([("case".into(), component.into())]),
        tables: loaded.tables.clone(),
        calendar_files: loaded.calendar_files.clone(),
        trusted: loaded.trusted,
    }
}
