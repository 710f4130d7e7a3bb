//! Whether what a component exports as `decide` takes and gives what the contract says. The
//! engine checks that only when it makes an instance, which is too late: by then it is
//! asked about a lead.

use wasmtime::Engine;
use wasmtime::component::Component;
use wasmtime::component::types::{ComponentFunc, ComponentItem, Type};

/// `rule.decide` of `wit/rule.wit`, with every name replaced by what it stands for.
const DECIDE: &str = "(call: record{now: f64, seed: u32, trigger: string, attempt: u32, mode: string}, settings: string) \
    -> result<variant{\
    assign(record{rep: u32, reason: record{code: string, detail: string}}), \
    offer(record{reps: list<u32>, order: enum{in-turn, at-once}, answer-within: u32, stagger: u32, otherwise: string, \
    reason: record{code: string, detail: string}}), \
    queue(record{name: string, reason: record{code: string, detail: string}}), \
    nurture(record{name: string, reason: record{code: string, detail: string}}), \
    pass-on(record{code: string, detail: string}), \
    reject(record{code: string, detail: string})}, \
    record{path: string, message: string}>";

/// Checks the export. The error says what is wrong with it.
pub(crate) fn decide_fits(engine: &Engine, component: &Component) -> Result<(), String> {
    let ty = component.component_type();
    let rule = ty.exports(engine).find(|(name, _)| name.starts_with("rota:routing/rule@"));
    let Some((_, rule)) = rule else { return Err("under no release".into()) };
    let ComponentItem::ComponentInstance(rule) = rule.ty else {
        return Err("it is no interface".into());
    };
    let function = rule.get_export(engine, "decide").map(|item| item.ty);
    let Some(ComponentItem::ComponentFunc(function)) = function else {
        return Err("there is no function `decide` in it".into());
    };
    let has = signature(&function);
    if has == DECIDE { Ok(()) } else { Err(format!("its `decide` is func{}", crate::words::cut(&has, 300))) }
}

fn signature(function: &ComponentFunc) -> String {
    let parameters = function.params().map(|(name, ty)| format!("{name}: {}", words(&ty)));
    let results = function.results().map(|ty| words(&ty));
    let waits = if function.async_() { " async" } else { "" };
    format!("({}){waits} -> {}", joined(parameters), joined(results))
}

/// A type as WIT would write it, without its name.
fn words(ty: &Type) -> String {
    match ty {
        Type::Bool => "bool".into(),
        Type::S32 => "s32".into(),
        Type::U32 => "u32".into(),
        Type::U64 => "u64".into(),
        Type::S64 => "s64".into(),
        Type::Float32 => "f32".into(),
        Type::Float64 => "f64".into(),
        Type::String => "string".into(),
        Type::List(list) => format!("list<{}>", words(&list.ty())),
        Type::Option(option) => format!("option<{}>", words(&option.ty())),
        Type::Record(record) => {
            format!(
                "record{{{}}}",
                joined(record.fields().map(|field| format!("{}: {}", field.name, words(&field.ty))))
            )
        }
        Type::Tuple(tuple) => format!("tuple<{}>", joined(tuple.types().map(|ty| words(&ty)))),
        Type::Enum(cases) => format!("enum{{{}}}", joined(cases.names().map(str::to_owned))),
        Type::Variant(variant) => {
            let cases = variant.cases().map(|case| match &case.ty {
                Some(ty) => format!("{}({})", case.name, words(ty)),
                None => case.name.to_owned(),
            });
            format!("variant{{{}}}", joined(cases))
        }
        Type::Result(result) => {
            let side = |ty: Option<Type>| ty.map_or_else(|| "_".into(), |ty| words(&ty));
            format!("result<{}, {}>", side(result.ok()), side(result.err()))
        }
        // Nothing else is in the contract.
        _ => "another type".into(),
    }
}

fn joined(words: impl Iterator<Item = String>) -> String {
    words.collect::<Vec<_>>().join(", ")
}
