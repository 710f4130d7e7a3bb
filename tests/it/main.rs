//! The integration tests of Rota: one crate, one module a feature.

mod apply;
mod business_time;
mod command;
mod config;
mod counters;
mod crash;
mod decide;
mod demo;
mod engine;
mod fairness;
mod hubspot;
mod outage;
mod plans;
mod plugins;
mod replay;
mod sandbox;
mod show;
mod simulate;
mod store;
mod tables;
mod tenant;
mod tidy;
