//! `rota person`.

use clap::Subcommand;
use rota_flow::ports::{Clock as _, Whom};
use serde_json::{Value, json};

use super::output;
use super::reach::{Reach, Reached, WHO};
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
    #[command(flatten)]
    reach: Reach,
}

/// What the audit log calls them: nothing that names anybody.
const A_PERSON: &str = "a person";

#[tokio::main(flavor = "current_thread")]
pub(super) async fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    match &arguments.verb {
        Verb::Export(asked) => export(asked).await,
        Verb::Erase(asked) => erase(asked).await,
    }
}

async fn export(asked: &Asked) -> anyhow::Result<Exit> {
    let whom = asked.whom()?;
    let database = match asked.reach.open().await? {
        Reached::Server(remote) => {
            let told: Value = remote.post("/v1/people/export", &body(&whom)).await?;
            output::json(&told)?;
            let nobody = ["decisions", "waiting"].iter().all(|key| told[key].as_array().is_none_or(Vec::is_empty));
            return Ok(if nobody { nobody_found() } else { Exit::Well });
        }
        Reached::Database(database) => database,
    };
    let tenant = database.meant(&asked.reach).await?;
    let told = PersonExport::of(database.store.export(&tenant, &whom).await?);
    output::json(&told)?;
    let detail = format!("{} decisions", told.decisions.len());
    database.note(Some(&tenant), "person.exported", A_PERSON, Some(detail)).await?;
    Ok(if told.is_empty() { nobody_found() } else { Exit::Well })
}

async fn erase(asked: &Asked) -> anyhow::Result<Exit> {
    let whom = asked.whom()?;
    let database = match asked.reach.open().await? {
        Reached::Server(remote) => {
            let told: Value = remote.post("/v1/people/erase", &body(&whom)).await?;
            output::json(&told)?;
            return Ok(if told["persons"] == 0 && told["arrivals"] == 0 { nobody_found() } else { Exit::Well });
        }
        Reached::Database(database) => database,
    };
    let tenant = database.meant(&asked.reach).await?;
    let erased = ErasedPerson::of(database.store.erase(&tenant, &whom, WHO, SystemClock.now(), None).await?);
    database.note(Some(&tenant), "person.erased", A_PERSON, Some(erased.to_string())).await?;
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
