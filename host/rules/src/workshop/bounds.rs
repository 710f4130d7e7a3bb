//! How much a child may use, and how it is shut off from everything else.

use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::time::Duration;

use rota_domain::manifest::Language;
use rustix::process::{Resource, Rlimit, nice, setrlimit};

/// How much the compiling of one component may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// How long it may take, waiting for the processor included.
    pub wall: Duration,
    /// Processor time, in seconds.
    pub cpu: u64,
    /// Address space, in bytes, the program itself included.
    pub memory: u64,
}

impl Default for Bounds {
    /// What the largest component of the largest class may use.
    fn default() -> Self {
        Self::of(Language::Python)
    }
}

impl Bounds {
    /// What judging one plugin's settings may use: what is granted of a schema takes
    /// milliseconds.
    pub(crate) const JUDGING: Self = Self { wall: Duration::from_secs(30), cpu: 5, memory: 1 << 30 };

    /// What a component of this class may use. The largest ones, made to be costly, took 4 s
    /// and 400 MiB, 10 s and 200 MiB, 35 s and 650 MiB on a machine that was busy otherwise.
    #[must_use]
    pub fn of(language: Language) -> Self {
        let (cpu, memory) = match language {
            Language::Rust => (15, 1 << 30),
            Language::JavaScript => (30, 2 << 30),
            Language::Python => (60, 4 << 30),
        };
        Self { wall: Duration::from_secs(2 * cpu), cpu, memory }
    }

    /// Lowers the running process's limits to these; it can never raise them again.
    ///
    /// # Errors
    /// When the system refuses. What is lower already stays so.
    pub(crate) fn keep_to(self) -> io::Result<()> {
        lower(Resource::Cpu, self.cpu)?;
        lower(Resource::As, self.memory)?;
        // It reads its input and writes its answer; there is nothing else for it to open.
        lower(Resource::Nofile, DESCRIPTORS)?;
        lower(Resource::Fsize, 0)?;
        lower(Resource::Core, 0)
    }
}

/// Descriptors of a child: its three, and what starting a program takes.
const DESCRIPTORS: u64 = 16;

fn lower(resource: Resource, to: u64) -> io::Result<()> {
    let now = rustix::process::getrlimit(resource);
    let least = |limit: Option<u64>| Some(limit.map_or(to, |limit| limit.min(to)));
    // The kernel ends it with SIGXCPU at the first of the two, and with SIGKILL at the second.
    let grace = u64::from(resource == Resource::Cpu);
    let maximum = Some(now.maximum.map_or(to + grace, |limit| limit.min(to + grace)));
    Ok(setrlimit(resource, Rlimit { current: least(now.current), maximum })?)
}

/// Makes a command run alone: without the environment, without descriptors besides its three,
/// in a process group of its own, within these bounds from its first instruction on.
#[expect(unsafe_code, reason = "what is done between fork and exec is")]
pub(crate) fn confine(command: &mut Command, bounds: Bounds) {
    command.env_clear().current_dir("/").process_group(0);
    // SAFETY: between fork and exec only calls are allowed that take no lock and allocate
    // nothing. These are system calls with numbers, and errors made from their numbers.
    unsafe {
        command.pre_exec(move || {
            close_from_3()?;
            // Decisions go first.
            let _ = nice(10);
            #[cfg(target_os = "linux")]
            rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
            bounds.keep_to()
        });
    }
}

/// Closes what the host has open, at exec: the host may itself have been given descriptors
/// that are not marked so, such as those of a make's job server.
#[expect(unsafe_code, reason = "libc's close_range and fcntl are")]
fn close_from_3() -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        // SAFETY: it marks descriptors and touches no memory.
        let closed = unsafe { libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC) };
        if closed == 0 {
            return Ok(());
        }
    }
    let most = rustix::process::getrlimit(Resource::Nofile).current.unwrap_or(1 << 20);
    for descriptor in 3..i32::try_from(most).unwrap_or(1 << 20) {
        // SAFETY: the same; a number that is not open is an error without consequence.
        unsafe { libc::fcntl(descriptor, libc::F_SETFD, libc::FD_CLOEXEC) };
    }
    Ok(())
}
