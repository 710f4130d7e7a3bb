//! Whether the code is valid for the engine: the same features, the place of the first
//! mistake, and bounds on how many branches a function has and how deeply blocks stand
//! inside one another: both cost the compiler more than their size says.

use rota_domain::rule::ErrorCode;
use wasmparser::{
    BinaryReaderError, FuncValidatorAllocations, FunctionBody, Operator, Parser, ValidPayload, Validator, WasmFeatures,
};

use super::Refusal;

/// What guests may be made of: what the engine's configuration leaves on.
const FEATURES: WasmFeatures = WasmFeatures::WASM2
    .union(WasmFeatures::TAIL_CALL)
    .union(WasmFeatures::EXTENDED_CONST)
    .union(WasmFeatures::COMPONENT_MODEL);

/// Blocks inside one another in one function. A `match` of so many arms makes as many.
const BLOCKS_MAX: u32 = 4096;

/// Branches in one function. The time to compile one grows with the square of them: a
/// hundred thousand in 500 KiB took 81 seconds here, this many take about three.
const BRANCHES_MAX: usize = 20_000;

/// Loops inside one another in one function: four thousand of them took minutes to compile.
const LOOPS_MAX: usize = 128;

/// Checks every section and every instruction.
pub(super) fn check(component: &[u8], name: &str) -> Result<(), Refusal> {
    let mut validator = Validator::new_with_features(FEATURES);
    let mut room = FuncValidatorAllocations::default();
    for payload in Parser::new(0).parse_all(component) {
        let payload = payload.map_err(not_wasm)?;
        let step = validator.payload(&payload).map_err(|error| not_valid(name, &error))?;
        let ValidPayload::Func(function, body) = step else { continue };
        let mut function = function.into_validator(room);
        let index = function.index();
        let mut reader = body.get_binary_reader();
        function.read_locals(&mut reader).map_err(|error| not_valid(name, &error))?;
        reader.set_features(FEATURES);
        while !reader.eof() {
            let offset = reader.original_position();
            reader
                .visit_operator(&mut function.visitor(offset))
                .and_then(|validated| validated)
                .map_err(|error| not_valid(name, &error))?;
            if function.control_stack_height() > BLOCKS_MAX {
                let detail = format!(
                    "function {index} of `{name}` has more than {BLOCKS_MAX} blocks inside one another, the most that is granted: split it"
                );
                return Err(Refusal::new(ErrorCode::Size, detail));
            }
        }
        reader
            .finish_expression(&function.visitor(reader.original_position()))
            .map_err(|error| not_valid(name, &error))?;
        room = function.into_allocations();
        let (branches, loops) = branches(&body).map_err(|error| not_valid(name, &error))?;
        for (has, most, what) in [(branches, BRANCHES_MAX, "branches"), (loops, LOOPS_MAX, "loops inside one another")]
        {
            if has > most {
                let detail = format!(
                    "function {index} of `{name}` has more than {most} {what}, the most that is granted: split it"
                );
                return Err(Refusal::new(ErrorCode::Size, detail));
            }
        }
    }
    Ok(())
}

/// How many branches there are, targets of tables included, and how many loops at most
/// stand inside one another.
fn branches(body: &FunctionBody<'_>) -> wasmparser::Result<(usize, usize)> {
    let (mut branches, mut deepest, mut loops) = (0, 0, 0);
    let mut open = Vec::new();
    for operator in body.get_operators_reader()? {
        let operator = operator?;
        branches += match &operator {
            Operator::BrTable { targets } => usize::try_from(targets.len()).unwrap_or(usize::MAX),
            Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => 1,
            Operator::Br { .. } | Operator::BrIf { .. } => 1,
            _ => 0,
        };
        match operator {
            Operator::Block { .. } | Operator::If { .. } => open.push(0),
            Operator::Loop { .. } => open.push(1),
            Operator::End => loops -= open.pop().unwrap_or(0),
            _ => continue,
        }
        if matches!(operator, Operator::Loop { .. }) {
            loops += 1;
            deepest = deepest.max(loops);
        }
    }
    Ok((branches, deepest))
}

/// The bytes are not WebAssembly at all.
#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
pub(super) fn not_wasm(error: BinaryReaderError) -> Refusal {
    let said = error.message().lines().next().unwrap_or_default().split(": bad magic").next().unwrap_or_default();
    let detail = format!("this is no WebAssembly component: {said} (at byte {})", error.offset());
    Refusal::new(ErrorCode::Compile, detail)
}

fn not_valid(name: &str, error: &BinaryReaderError) -> Refusal {
    let said = error.message().lines().next().unwrap_or_default();
    let detail = format!(
        "`{name}` is not valid: {said} (at byte {}); rules are made of WebAssembly 2.0 with tail calls, without threads: build it again with the toolchain's usual features",
        error.offset()
    );
    Refusal::new(ErrorCode::Compile, detail)
}
