//! What a child's end means for the one who sent the component: what happened, and what to
//! do. What it said of the host's inside goes to the operator's log only.

use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;

/// Exit status of a Rust program that panicked.
const PANICKED: i32 = 101;
/// What the standard library says when there is no more memory, before it aborts.
const NO_MEMORY: &[u8] = b"memory allocation of";

/// What its author can do.
const SMALLER: &str = "split its largest functions, or build with opt-level = \"s\"";

/// Why a child that ended by itself left no answer.
pub(crate) fn why(status: ExitStatus, stderr: &[u8]) -> String {
    let no_memory = stderr.windows(NO_MEMORY.len()).any(|window| window == NO_MEMORY);
    match (status.signal(), status.code()) {
        (Some(libc::SIGXCPU), _) => {
            format!("compiling it took more processor time than its language class grants: {SMALLER}")
        }
        (Some(_), _) if no_memory => {
            format!("compiling it took more memory than its language class grants: {SMALLER}")
        }
        (Some(signal), _) => {
            let name = name(signal);
            format!(
                "the compiler was ended by signal {signal}{name}: send it again, and tell the operator if it comes again"
            )
        }
        (None, Some(PANICKED)) => {
            "the compiler panicked, a defect of Rota and not of the plugin: tell the operator, whose log says where"
                .into()
        }
        (None, Some(code)) if code != 0 => {
            format!("the compiler ended with status {code}: tell the operator, whose log says why")
        }
        _ => "the compiler's answer makes no sense: tell the operator, whose log says more".into(),
    }
}

fn name(signal: i32) -> &'static str {
    match signal {
        libc::SIGKILL => " (SIGKILL, as when the machine has no memory left)",
        libc::SIGSEGV => " (SIGSEGV, as when code nests too deeply)",
        libc::SIGABRT => " (SIGABRT)",
        libc::SIGXFSZ => " (SIGXFSZ, it tried to write a file)",
        _ => "",
    }
}
