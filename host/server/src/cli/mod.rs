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
mod tenant;
mod test;
mod token;
mod why;
mod workshop;

use clap::{Parser, Subcommand};

use crate::exit::Exit;

/// The command that compiles what strangers send in, in a process of its own.
pub(crate) const WORKSHOP: &str = workshop::NAME;

/// Rota routes leads: customers' rules decide in a sandbox, rotations are fair, and every
/// decision explains itself.
#[derive(Debug, Parser)]
#[command(name = "rota", version, about, max_term_width = 100)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Arguments),
    Serve(serve::Arguments),
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
    trace(if matches!(arguments.command, Command::Demo(_)) { "error" } else { "warn" });
    let ended = match arguments.command {
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Serve(arguments) => serve::run(&arguments),
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
    };
    ended.unwrap_or_else(|error| {
        // Whatever a command cannot do, it cannot because of what it was given: files,
        // names, an address in use, a database. Findings are not errors.
        output::complain(&format!("{error:#}"));
        if error.is::<remote::Unreachable>() { Exit::Unreachable } else { Exit::BadInput }
    })
}

/// What goes wrong goes to stderr, from this level on; RUST_LOG asks for more.
fn trace(level: &str) {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(level));
    let colour = std::io::IsTerminal::is_terminal(&std::io::stderr());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(colour)
        .with_target(false)
        .init();
}
