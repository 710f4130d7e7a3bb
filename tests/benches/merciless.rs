//! The merciless driver for as long as is asked: `cargo bench -p rota-tests --bench merciless --
//! --kills 1000 --seed 7`, with `--hosts 3` for several hosts on one PostgreSQL: a private one, or
//! the one whose empty database `--db postgres://…` names. `--pace 0.5` halves the pauses between
//! what is done. `--disk MIB` keeps the SQLite file on a small tmpfs of its own, which is filled
//! from time to time; that needs root. `--program FILE` kills another build of `rota`. It ends with
//! 1, and the seed and folder of the run, when something is wrong.

#![expect(clippy::print_stdout, reason = "it reports to whoever runs it")]

use std::process::ExitCode;
use std::str::FromStr;
use std::time::Duration;

use rota_tests::merciless::{Wanted, run};
use rota_tests::postgres;

/// How long things may take at the end until nothing waits.
const PATIENCE: Duration = Duration::from_secs(1_200);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let seed = after(&arguments, "--seed").unwrap_or(1);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let hosts = after(&arguments, "--hosts").unwrap_or(1);
    let named = after(&arguments, "--db");
    let private = named.is_none() && hosts > 1 && postgres::there();
    let database = if private { Some(runtime.block_on(postgres::database())) } else { named };
    let wanted = Wanted {
        program: after(&arguments, "--program").unwrap_or_else(|| env!("CARGO_BIN_EXE_rota-under-test").into()),
        seed,
        kills: after(&arguments, "--kills").unwrap_or(1_000),
        hosts,
        database,
        disk_mib: after(&arguments, "--disk"),
        pace: after(&arguments, "--pace").unwrap_or(1.0),
        patience: PATIENCE,
    };
    println!("seed {seed}");
    match runtime.block_on(run(wanted)) {
        Ok(report) if report.wrongs.is_empty() => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Ok(report) => {
            println!("seed {seed}: {report}");
            ExitCode::FAILURE
        }
        Err(error) => {
            println!("seed {seed}: the run could not begin: {error}");
            ExitCode::FAILURE
        }
    }
}

fn after<T: FromStr>(arguments: &[String], name: &str) -> Option<T> {
    let at = arguments.iter().position(|argument| argument == name)?;
    arguments.get(at + 1)?.parse().ok()
}
