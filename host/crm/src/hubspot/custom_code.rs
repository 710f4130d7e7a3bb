//! The code of HubSpot's custom-code actions that asks Rota, as people paste it. It lives in
//! `hubspot/custom-code` of this crate.

/// For Node.js 24, which returns its outputs.
pub const NODE_24: &str = include_str!("../../hubspot/custom-code/node24.js");
/// For Node.js up to 20, which calls back.
pub const NODE_CALLBACK: &str = include_str!("../../hubspot/custom-code/node-callback.js");
/// For Python.
pub const PYTHON: &str = include_str!("../../hubspot/custom-code/python.py");
/// What to know before pasting any of them.
pub const README: &str = include_str!("../../hubspot/custom-code/README.md");
