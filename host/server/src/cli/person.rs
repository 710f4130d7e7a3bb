//! `rota person`.

use std::path::PathBuf;

use clap::Subcommand;
use rota_domain::access::Change;
use rota_domain::id::TenantId;
use rota_flow::ports::{Access, Clock as _, People as _, Whom};
use rota_store::SqliteStore;
use serde_json::{Value, json};

use super::database::{self, only};
use super::output;
use super::remote::Remote;
use crate::clock::SystemClock;
use crate::exit::Exit;
use crate::person::{ErasedPerson, PersonExport};

/// Give out everything that is kept about a person, or erase them
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Print everything that is kept about a person, as JSON
    Export(Asked),
    /// Erase a person: what is kept of them, and what waits; facts of decisions stay
    Erase(Asked),
}

#[derive(Debug, clap::Args)]
struct Asked {
    /// Their e-mail address; `-` reads it from stdin, where no list of processes shows it.
    #[arg(long, value_name = "ADDRESS", required_unless_present = "lead", conflicts_with = "lead")]
    email: Option<String>,
    /// The id of a lead of theirs, such as hs:contact:101.
    #[arg(long, value_name = "ID")]
    lead: Option<String>,
    /// The database file, in the place of a server.
    #[arg(long, value_name = "PATH")]
    db: Option<String>,
    /// The configuration that says where the database's key is.
    #[arg(long, value_name = "FILE", requires = "db")]
    config: Option<PathBuf>,
    #[command(flatten)]
    remote: Remote,
}

/// Who did it, as the audit log and `rota why` name them.
const WHO: &str = "command line";

#[tokio::main(flavor = "current_thread")]
pub(super) async fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    match &arguments.verb {
        Verb::Export(asked) => export(asked).await,
        Verb::Erase(asked) => erase(asked).await,
    }
}

async fn export(asked: &Asked) -> anyhow::Result<Exit> {
    let whom = asked.whom()?;
    let Some((store, tenant)) = asked.database().await? else {
        let told: Value = asked.remote.post("/v1/people/export", &body(&whom)).await?;
        output::json(&told)?;
        let nobody = ["decisions", "waiting"].iter().all(|key| told[key].as_array().is_none_or(Vec::is_empty));
        return Ok(if nobody { nobody_found() } else { Exit::Well });
    };
    let told = PersonExport::of(store.export(&tenant, &whom).await?);
    output::json(&told)?;
    note(&store, &tenant, "person.exported", format!("{} decisions", told.decisions.len())).await?;
    Ok(if told.is_empty() { nobody_found() } else { Exit::Well })
}

async fn erase(asked: &Asked) -> anyhow::Result<Exit> {
    let whom = asked.whom()?;
    let Some((store, tenant)) = asked.database().await? else {
        let told: Value = asked.remote.post("/v1/people/erase", &body(&whom)).await?;
        output::json(&told)?;
        return Ok(if told["persons"] == 0 && told["arrivals"] == 0 { nobody_found() } else { Exit::Well });
    };
    let erased = ErasedPerson::of(store.erase(&tenant, &whom, WHO, SystemClock.now(), None).await?);
    note(&store, &tenant, "person.erased", erased.to_string()).await?;
    output::json(&erased)?;
    Ok(if erased.persons + erased.arrivals == 0 { nobody_found() } else { Exit::Well })
}

impl Asked {
    fn whom(&self) -> anyhow::Result<Whom> {
        if let Some(lead) = &self.lead {
            return Ok(Whom::Lead(lead.as_str().into()));
        }
        let mut email = self.email.clone().unwrap_or_default();
        if email == "-" {
            email.clear();
            std::io::stdin().read_line(&mut email)?;
        }
        let email = email.trim().to_owned();
        anyhow::ensure!(
            email.contains('@'),
            "an e-mail address has an @: name one with --email, or a lead with --lead"
        );
        Ok(Whom::Email(email))
    }

    /// The database, where one is named.
    async fn database(&self) -> anyhow::Result<Option<(SqliteStore, TenantId)>> {
        let Some(db) = &self.db else { return Ok(None) };
        let path = database::existing(db)?;
        let store = database::open(&path, self.config.as_deref()).await?;
        let tenant = only(&store, self.remote.tenant.as_deref(), &path).await?;
        Ok(Some((store, tenant)))
    }
}

fn body(whom: &Whom) -> Value {
    match whom {
        Whom::Email(email) => json!({ "email": email }),
        Whom::Lead(lead) => json!({ "lead": lead }),
    }
}

fn nobody_found() -> Exit {
    output::note("Nothing is kept about them.");
    Exit::Finding
}

async fn note(access: &dyn Access, tenant: &TenantId, action: &str, detail: String) -> anyhow::Result<()> {
    let (at, who) = (SystemClock.now(), WHO.to_owned());
    let change = Change { at, who, action: action.into(), thing: "a person".into(), detail: Some(detail) };
    Ok(access.changed(Some(tenant), change).await?)
}
