//! The integration tests of Rota: one crate, one module a feature.

mod apply;
mod author;
mod business_time;
mod command;
mod config;
mod counters;
mod crash;
mod decide;
mod demo;
mod engine;
mod fairness;
mod frozen;
mod hubspot;
mod outage;
mod plans;
mod plugins;
mod replay;
mod sandbox;
mod shelf;
mod show;
mod simulate;
mod store;
mod tables;
mod tenant;
mod tidy;
mod workshop;
