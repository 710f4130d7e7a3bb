//! The command line: one file a command, arguments first, then what it does. A command's
//! help text is the doc comment of its arguments.

mod apply;
mod audit;
mod backup;
mod bench;
mod build;
mod check;
mod database;
mod demo;
mod embed;
mod export;
mod fairness;
mod hubspot_code;
mod import;
mod inspect;
mod key;
mod log;
mod new;
mod outbox;
mod output;
mod person;
mod plan;
mod plugins;
mod pools;
mod push;
mod reach;
mod remote;
mod replay;
mod restore;
mod revisions;
mod rollback;
mod run;
mod sandbox;
mod schema;
mod secret;
mod serve;
mod simulate;
mod state;
mod status;
mod tenant;
mod test;
mod token;
mod why;
mod workshop;

use clap::{Parser, Subcommand};
use tracing_subscriber::Layer as _;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::exit::Exit;
use crate::lines::{Form, JsonLines};
use crate::traces::{self, Sending};

/// The command that compiles what strangers send in, in a process of its own.
pub(crate) const WORKSHOP: &str = workshop::NAME;

/// Rota routes leads: customers' rules decide in a sandbox, rotations are fair, and every
/// decision explains itself.
#[derive(Debug, Parser)]
#[command(name = "rota", version, about, max_term_width = 100)]
pub struct Arguments {
    /// How lines of the log look on stderr: for people, or one JSON object each.
    #[arg(
        long = "log",
        global = true,
        value_name = "FORM",
        value_enum,
        default_value_t,
        env = "ROTA_LOG",
        help_heading = "Log"
    )]
    form: Form,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Arguments),
    Serve(serve::Arguments),
    Status(status::Arguments),
    Plan(plan::Arguments),
    Apply(apply::Arguments),
    Revisions(revisions::Arguments),
    Rollback(rollback::Arguments),
    Export(export::Arguments),
    Simulate(simulate::Arguments),
    Why(why::Arguments),
    Replay(replay::Arguments),
    Log(log::Arguments),
    Fairness(fairness::Arguments),
    Pools(pools::Arguments),
    Import(import::Arguments),
    HubspotCode(hubspot_code::Arguments),
    Outbox(outbox::Arguments),
    State(state::Arguments),
    Tenant(tenant::Arguments),
    Token(token::Arguments),
    Audit(audit::Arguments),
    Key(key::Arguments),
    Secret(secret::Arguments),
    Person(person::Arguments),
    Backup(backup::Arguments),
    Restore(restore::Arguments),
    Schema(schema::Arguments),
    Sandbox(sandbox::Arguments),
    New(new::Arguments),
    Build(build::Arguments),
    Check(check::Arguments),
    Test(test::Arguments),
    Run(run::Arguments),
    Bench(bench::Arguments),
    Inspect(inspect::Arguments),
    Embed(embed::Arguments),
    Push(push::Arguments),
    Plugins(plugins::Arguments),
    /// Compile the component on stdin.
    #[command(hide = true)]
    Workshop(workshop::Arguments),
}

/// Reads the arguments and runs the command.
#[must_use]
pub fn run() -> Exit {
    let arguments = Arguments::parse();
    // The demonstration's faults are part of the show, and its lines are for leads.
    let level = if matches!(arguments.command, Command::Demo(_)) { "error" } else { "warn" };
    let ended = listen(arguments.form, level, matches!(arguments.command, Command::Serve(_)));
    // What is left of traces is sent when this goes.
    let (_sending, ended) = match ended {
        Ok(sending) => (sending, carry_out(arguments.command)),
        Err(error) => (None, Err(error)),
    };
    ended.unwrap_or_else(|error| {
        // Whatever a command cannot do, it cannot because of what it was given: files,
        // names, an address in use, a database. Findings are not errors.
        output::complain(&format!("{error:#}"));
        if error.is::<remote::Unreachable>() { Exit::Unreachable } else { Exit::BadInput }
    })
}

fn carry_out(command: Command) -> anyhow::Result<Exit> {
    match command {
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Status(arguments) => status::run(&arguments),
        Command::Plan(arguments) => plan::run(&arguments),
        Command::Apply(arguments) => apply::run(&arguments),
        Command::Revisions(arguments) => revisions::run(&arguments),
        Command::Rollback(arguments) => rollback::run(&arguments),
        Command::Export(arguments) => export::run(&arguments),
        Command::Simulate(arguments) => simulate::run(&arguments),
        Command::Why(arguments) => why::run(&arguments),
        Command::Replay(arguments) => replay::run(&arguments),
        Command::Log(arguments) => log::run(&arguments),
        Command::Fairness(arguments) => fairness::run(&arguments),
        Command::Pools(arguments) => pools::run(&arguments),
        Command::Import(arguments) => import::run(&arguments),
        Command::HubspotCode(arguments) => Ok(hubspot_code::run(&arguments)),
        Command::Outbox(arguments) => outbox::run(&arguments),
        Command::State(arguments) => state::run(&arguments),
        Command::Tenant(arguments) => tenant::run(&arguments),
        Command::Token(arguments) => token::run(&arguments),
        Command::Audit(arguments) => audit::run(&arguments),
        Command::Key(arguments) => key::run(&arguments),
        Command::Secret(arguments) => secret::run(&arguments),
        Command::Person(arguments) => person::run(&arguments),
        Command::Backup(arguments) => backup::run(&arguments),
        Command::Restore(arguments) => restore::run(&arguments),
        Command::Schema(arguments) => schema::run(&arguments),
        Command::Sandbox(arguments) => sandbox::run(arguments),
        Command::New(arguments) => new::run(&arguments),
        Command::Build(arguments) => build::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Test(arguments) => test::run(&arguments),
        Command::Run(arguments) => run::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Inspect(arguments) => inspect::run(&arguments),
        Command::Embed(arguments) => embed::run(&arguments),
        Command::Push(arguments) => push::run(&arguments),
        Command::Plugins(arguments) => plugins::run(&arguments),
        Command::Workshop(arguments) => workshop::run(&arguments),
    }
}

/// What goes wrong goes to stderr, from this level on; RUST_LOG asks for more. A server's traces
/// go to a collector, if the environment names one.
fn listen(form: Form, level: &str, serves: bool) -> anyhow::Result<Option<Sending>> {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(level));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = match form {
        Form::Json => lines.with_ansi(false).event_format(JsonLines).boxed(),
        Form::Text => {
            let colour = std::io::IsTerminal::is_terminal(&std::io::stderr());
            lines.with_ansi(colour).with_target(false).boxed()
        }
    };
    let traces = if serves { traces::begin(|name| std::env::var(name).ok())? } else { None };
    let (spans, sending) = traces.unzip();
    let spans = spans.map(|spans| spans.with_filter(traces::targets()));
    tracing_subscriber::registry().with(lines.with_filter(filter)).with(spans).init();
    Ok(sending)
}
