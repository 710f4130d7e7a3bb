//! Statements that carry many rows.

use super::dialect::piece;

/// Cuts rows into pieces, each as long as one statement carries.
pub(super) fn pieces<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let (first, rest) = rows.split_at(piece(rows.len()));
        rows = rest;
        (!first.is_empty()).then_some(first)
    })
}
