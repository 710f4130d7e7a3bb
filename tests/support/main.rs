//! The binary `rota`, for tests that need it as a process.

fn main() -> rota::exit::Exit {
    // A workshop's child that fails at its work.
    assert!(std::env::args().nth(1).as_deref() != Some("panic"), "as a test wants it");
    rota::cli::run()
}
