//! The binary `rota`.

use rota::exit::Exit;

fn main() -> Exit {
    rota::cli::run()
}
