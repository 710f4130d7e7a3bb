//! From a core module to a component, in this process.

use anyhow::{Context, Result, ensure};
use wit_component::ComponentEncoder;

/// How every component begins: the magic, then the version and layer of components.
pub(super) const COMPONENT: [u8; 8] = *b"\0asm\x0d\0\x01\0";
/// How every core module begins.
const MODULE: [u8; 8] = *b"\0asm\x01\0\0\0";

/// Makes a component of a core module that carries its contract, as the SDK's `rule!` and
/// wit-bindgen leave it. What is a component already comes back as it is.
///
/// # Errors
/// If the bytes are no WebAssembly, or if the module does not fit its contract.
pub fn componentize(wasm: &[u8]) -> Result<Vec<u8>> {
    if wasm.starts_with(&COMPONENT) {
        return Ok(wasm.to_vec());
    }
    ensure!(
        wasm.starts_with(&MODULE),
        "this file is neither a WebAssembly module nor a component: it should begin with `\\0asm`"
    );
    let mut encoder = ComponentEncoder::default().validate(true).module(wasm).context(
        "the module's contract cannot be read: build it with a wit-bindgen that this `rota` \
         knows (rota-sdk brings one)",
    )?;
    encoder.encode().context(
        "the module does not fit the contract `rota:routing`: export the rule with \
         `rota_sdk::rule!`, or bind the world `router` of wit/",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_component_comes_back_as_it_is() {
        assert_eq!(componentize(&COMPONENT).unwrap(), COMPONENT);
    }

    #[test]
    fn what_is_no_webassembly_is_said_to_be_none() {
        let error = componentize(b"#!/bin/sh").unwrap_err();
        assert!(error.to_string().contains("neither a WebAssembly module nor a component"));
    }
}
