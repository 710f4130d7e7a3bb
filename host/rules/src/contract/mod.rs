//! The contract towards guests, one module a release. What is generated from WIT stops
//! there: what comes out are the domain's own types.

pub(crate) mod v0_1;
