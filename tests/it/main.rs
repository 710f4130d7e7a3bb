//! The integration tests of Rota: one crate, one module a feature.

mod fairness;
mod tidy;
