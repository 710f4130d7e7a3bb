//! Workspaces that reach a server from elsewhere.

pub mod preflight;
