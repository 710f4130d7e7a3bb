//! The integration tests of Rota: one crate, one module a feature.

mod apply;
mod command;
mod config;
mod crash;
mod decide;
mod demo;
mod engine;
mod fairness;
mod hubspot;
mod outage;
mod plugins;
mod sandbox;
mod shelf;
mod show;
mod simulate;
mod store;
mod tidy;
mod workshop;
