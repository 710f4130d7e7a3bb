//! next-in-line
