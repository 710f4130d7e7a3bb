//! The ground floor: the nouns of lead routing and their arithmetic.
//!
//! Nothing here waits, reads a clock, draws a random number or touches a file or a socket.
//! Time and chance are arguments. What is `Serialize` here is a format that people outside
//! hold on to (a lead, an event, a decision, a workspace); CRMs' and databases' own wire
//! types live at their edge.

pub mod access;
pub mod agenda;
pub mod allotment;
pub mod business_time;
pub mod circuit;
pub mod class;
pub mod deadline;
pub mod decision;
pub mod delivery;
pub mod desk;
pub mod effect;
pub mod event;
pub mod fairness;
pub mod icalendar;
pub mod id;
pub mod lead;
pub mod library;
pub mod limits;
pub mod load;
pub mod location;
pub mod manifest;
pub mod metric;
pub mod person;
pub mod plan;
pub mod property;
pub mod rate;
pub mod roster;
pub mod rule;
pub mod shifts;
pub mod stages;
pub mod table;
pub mod transcript;
pub mod workspace;
