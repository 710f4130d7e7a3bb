//! What happens inside the child: it reads a component, judges it, compiles it, and answers.

use std::io::{self, Read, Write};

use rota_domain::limits::Limits;
use rota_domain::manifest::Language;

use super::answer::{Answer, check_size};
use super::bounds::Bounds;
use crate::compiling::Compiling;
use crate::engine::compiling_engine;
use crate::intake::{Intake, Refusal, inspect, not_compiled};

/// Compiles the one component that comes in, and writes the answer: the work of the hidden
/// command `rota workshop`, which a [`Workshop`](crate::Workshop) starts and confines.
///
/// # Errors
/// When it cannot read, write or start an engine. A component that is refused is an answer.
pub fn compile_one(input: impl Read, output: impl Write) -> io::Result<()> {
    // Where somebody else started it, it is within the same bounds.
    Bounds::default().keep_to()?;
    let most = Limits::of(Language::Python).component as u64;
    let mut component = Vec::new();
    input.take(most + 1).read_to_end(&mut component)?;
    let compiling = compiling_engine().and_then(Compiling::new).map_err(io::Error::other)?;
    match make(&compiling, &component) {
        Ok((intake, artefact)) => {
            Answer::Made { intake: Box::new(intake), mark: compiling.mark() }.write(&artefact, output)
        }
        Err(refusal) => Answer::Refused(refusal).write(&[], output),
    }
}

fn make(compiling: &Compiling, component: &[u8]) -> Result<(Intake, Vec<u8>), Refusal> {
    check_size(component.len())?;
    let intake = inspect(component)?;
    // Its class is known only now. Where the limits cannot be lowered, the first ones hold.
    let _ = Bounds::of(intake.manifest.language).keep_to();
    let compiled = compiling.compile(component, &intake)?;
    compiling.fit(&compiled, &intake.manifest.name)?;
    let artefact = compiled.serialize().map_err(|error| not_compiled(&intake.manifest.name, &error))?;
    Ok((intake, artefact))
}
