//! The contract's imports as a core module sees them, read from the WIT: which parameter is
//! a pointer, to what, and where the host writes its answer.

use std::sync::LazyLock;

use wit_parser::abi::{AbiVariant, WasmType};
use wit_parser::{Resolve, SizeAlign, Type, TypeDefKind, WorldItem};

use crate::guest::wat;
use crate::root;

/// One function that a guest may import.
#[derive(Clone, Debug)]
pub struct Import {
    /// Its name in `world.wat`, such as `$lead.text`.
    pub call: String,
    /// Its name in the contract, such as `lead.text`.
    pub name: String,
    /// Its parameters.
    pub parameters: Vec<Parameter>,
    /// Whether it returns a number.
    pub returns: bool,
}

/// What a parameter of a core function is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parameter {
    /// Where elements lie, of so many bytes each; as many bytes are their alignment.
    Pointer(usize),
    /// How many elements lie there.
    Length,
    /// A number.
    Number,
    /// A floating-point number.
    Float,
    /// Which case of an option or an enum: so many there are.
    Case(usize),
    /// Where the host writes its answer: its size and its alignment.
    Answer(usize, usize),
}

/// All imports of the world `router`.
pub static IMPORTS: LazyLock<Vec<Import>> = LazyLock::new(read);

fn read() -> Vec<Import> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(root().join("wit")).expect("the contract");
    let world = resolve.select_world(&[package], Some("router")).expect("the world");
    let mut sizes = SizeAlign::default();
    sizes.fill(&resolve);
    let prelude = wat("world");
    let mut found = Vec::new();
    for item in resolve.worlds[world].imports.values() {
        let WorldItem::Interface { id, .. } = item else { continue };
        let interface = resolve.id_of(*id).expect("a name");
        for function in resolve.interfaces[*id].functions.values() {
            let signature = resolve.wasm_signature(AbiVariant::GuestImport, function);
            let mut parameters = Vec::new();
            function.params.iter().for_each(|parameter| flatten(&resolve, parameter.ty, &mut parameters));
            if let Some(answer) = function.result.filter(|_| signature.retptr) {
                parameters
                    .push(Parameter::Answer(sizes.size(&answer).size_wasm32(), sizes.align(&answer).align_wasm32()));
            }
            assert_eq!(parameters.len(), signature.params.len(), "{interface} {}", function.name);
            assert!(!signature.params.contains(&WasmType::I64), "{interface} {}", function.name);
            let line = format!("(import \"{interface}\" \"{}\" (func ", function.name);
            let (_, rest) = prelude
                .split_once(&line)
                .unwrap_or_else(|| panic!("tests/guests/world.wat does not import `{}` of {interface}", function.name));
            let call = rest.split_whitespace().next().expect("a name").to_owned();
            let short = interface.trim_start_matches("rota:routing/").split('@').next().unwrap_or_default();
            found.push(Import {
                call,
                name: format!("{short}.{}", function.name),
                parameters,
                returns: !signature.results.is_empty(),
            });
        }
    }
    found
}

/// The core parameters that a value of this type becomes. Only what the contract uses.
fn flatten(resolve: &Resolve, ty: Type, into: &mut Vec<Parameter>) {
    match ty {
        Type::String => into.extend([Parameter::Pointer(1), Parameter::Length]),
        Type::F64 => into.push(Parameter::Float),
        Type::U32 | Type::S32 | Type::Bool => into.push(Parameter::Number),
        Type::Id(id) => match &resolve.types[id].kind {
            TypeDefKind::Type(ty) => flatten(resolve, *ty, into),
            TypeDefKind::Enum(cases) => into.push(Parameter::Case(cases.cases.len())),
            TypeDefKind::Option(ty) => {
                into.push(Parameter::Case(2));
                flatten(resolve, *ty, into);
            }
            TypeDefKind::List(_) => into.extend([Parameter::Pointer(4), Parameter::Length]),
            other => panic!("the test does not know how {} is passed", other.as_str()),
        },
        other => panic!("the test does not know how {other:?} is passed"),
    }
}
