//! What a rule asked and was answered, as text: one JSON array a line.

pub mod shared;
