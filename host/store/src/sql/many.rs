//! Statements that carry many rows.

/// The most rows in one statement, so that the widest stays far below SQLite's 32,766
/// parameters.
const MOST: usize = 64;

/// Cuts rows into pieces whose lengths are powers of two or one and a half times one: twelve
/// texts of a statement exist, whatever the number of rows, and each stays prepared.
pub(super) fn pieces<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let power = 1 << rows.len().checked_ilog2()?;
        let half_more = power + power / 2;
        let length = if half_more <= rows.len() { half_more } else { power }.min(MOST);
        let (piece, rest) = rows.split_at(length);
        rows = rest;
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_hold_every_row_in_order_in_few_lengths() {
        let rows: Vec<usize> = (0..231).collect();
        let lengths: Vec<usize> = pieces(&rows).map(<[usize]>::len).collect();
        assert_eq!(lengths, [64, 64, 64, 32, 6, 1]);
        assert_eq!(pieces(&rows).flatten().copied().collect::<Vec<_>>(), rows);
        assert_eq!(pieces::<usize>(&[]).count(), 0);
    }
}
