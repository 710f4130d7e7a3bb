//! The binary `rota`, for tests that need it as a process.

fn main() -> rota::exit::Exit {
    rota::cli::run()
}
