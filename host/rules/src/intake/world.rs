//! The world of a component: what it may import, what it has to export, and for which
//! release of the contract.

use rota_domain::rule::ErrorCode;

use super::Refusal;

/// The package of the contract, and the releases of it that this host speaks.
const PACKAGE: &str = "rota:routing/";
const RELEASE: (&str, &str) = ("0.1.", "0.1.0");
/// More imports no component can have: each interface, once for each release.
pub(super) const IMPORTS_MOST: usize = 64;
/// Its interfaces.
const KNOWN: [&str; 9] = ["types", "lead", "rep-pool", "tables", "calendar", "state", "effects", "explain", "log"];

/// The release that a manifest names, such as `0.1` or `0.1.3`.
pub(super) fn check_release(contract: &str) -> Result<(), Refusal> {
    let parts: Option<Vec<u32>> = contract.split('.').map(|part| part.parse().ok()).collect();
    match parts.as_deref() {
        Some([0, 1] | [0, 1, _]) => Ok(()),
        Some([_, _] | [_, _, _]) => Err(other_release(contract)),
        _ => {
            let detail = format!(
                "the manifest's `contract` cannot be `{contract}`: write the release of rota:routing that the rule was built for, as in \"0.1\""
            );
            Err(Refusal::new(ErrorCode::Manifest, detail))
        }
    }
}

pub(super) fn check_import(name: &str) -> Result<(), Refusal> {
    let Some(rest) = name.strip_prefix(PACKAGE) else {
        let wasi = if name.starts_with("wasi:") {
            "; build for wasm32-unknown-unknown, or stub WASI out with your toolchain's option"
        } else {
            ""
        };
        let detail =
            format!("it imports `{name}`, which no rule may have: only the interfaces of rota:routing are there{wasi}");
        return Err(Refusal::new(ErrorCode::Import, detail));
    };
    let (interface, release) = rest.split_once('@').unwrap_or((rest, ""));
    if !release.starts_with(RELEASE.0) {
        return Err(other_release(release));
    }
    if !KNOWN.contains(&interface) {
        let detail = format!(
            "it imports `{name}`, which this host's rota:routing {} does not have: update the host, or build against that release",
            RELEASE.1
        );
        return Err(Refusal::new(ErrorCode::Contract, detail));
    }
    Ok(())
}

pub(super) fn check_export(exports: &[String]) -> Result<(), Refusal> {
    let rule = exports.iter().find_map(|name| name.strip_prefix("rota:routing/rule@"));
    match rule {
        Some(release) if release.starts_with(RELEASE.0) => Ok(()),
        Some(release) => Err(other_release(release)),
        None => {
            let detail =
                "it does not export `rota:routing/rule`: the component must target the world `router` of rota:routing";
            Err(Refusal::new(ErrorCode::Export, detail))
        }
    }
}

fn other_release(release: &str) -> Refusal {
    let detail = format!(
        "it was built for rota:routing {release}, and this host speaks {}: update the host, or build against that release",
        RELEASE.1
    );
    Refusal::new(ErrorCode::Contract, detail)
}
