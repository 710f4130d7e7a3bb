//! Replay: a past decision is asked again from its record alone, and one changed byte is found.

mod command;
mod corruption;
mod guests;
mod tenant;
mod whole;
