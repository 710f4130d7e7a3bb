//! Shares of one lead in whole numbers, and the bounds that hold.

/// One lead. Credits are whole numbers of 2^-40 leads: no rounding drifts, no fraction grows.
pub const UNIT: i64 = 1 << 40;

/// Each weight's share of one lead, rounded by largest remainder (ties to the earlier), so
/// that the shares sum to exactly one lead. Nothing for no weights or only zeros.
pub(super) fn shares(weights: impl Iterator<Item = u32> + Clone) -> Vec<i64> {
    let total: u64 = weights.clone().map(u64::from).sum();
    if total == 0 {
        return Vec::new();
    }
    let mut remainders = Vec::with_capacity(weights.clone().count());
    let mut shares: Vec<i64> = Vec::with_capacity(remainders.capacity());
    for (place, weight) in weights.enumerate() {
        let (share, remainder) = part(weight, total);
        remainders.push((remainder, place));
        shares.push(share);
    }
    let missing = usize::try_from(UNIT - shares.iter().sum::<i64>()).unwrap_or(0);
    if missing > 0 {
        // Fewer than all are missing, since each remainder is less than one unit.
        remainders.select_nth_unstable_by(missing - 1, |a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        for (_, place) in remainders.into_iter().take(missing) {
            shares[place] += 1;
        }
    }
    shares
}

/// So many of `total` parts of one lead, rounded down, and the remainder. Weights that people
/// write fit into 64 bits with the unit, where a division costs a tenth.
fn part(weight: u32, total: u64) -> (i64, u64) {
    let unit = UNIT.unsigned_abs();
    let (share, remainder) = match u64::from(weight).checked_mul(unit) {
        Some(exact) => (exact / total, exact % total),
        None => {
            let exact = u128::from(weight) * u128::from(unit);
            let total = u128::from(total);
            (u64::try_from(exact / total).unwrap_or(unit), u64::try_from(exact % total).unwrap_or(0))
        }
    };
    (i64::try_from(share).unwrap_or(UNIT), remainder)
}

/// Whether a credit is zero but for rounding: less than a millionth of a lead.
pub(super) fn is_zero(units: i64) -> bool {
    units.abs() < UNIT >> 20
}

/// How far a credit can be from zero, in leads, while `n` candidates and their weights stay
/// the same from zero credit: 1 − 1/(2n−2) (R. Tijdeman, The chairman assignment problem,
/// Discrete Mathematics 32, 1980).
#[must_use]
pub fn bound(n: usize) -> f64 {
    if n < 2 { 0.0 } else { 1.0 - 1.0 / (2.0 * count(n) - 2.0) }
}

/// The bound that is stated where candidates differ from lead to lead, in leads: (n−1)/2,
/// the carpool problem's for equal weights (R. Fagin and J. H. Williams, A fair carpool
/// scheduling algorithm, IBM Journal of Research and Development 27, 1983), and never less
/// than one lead.
#[must_use]
pub fn moving_bound(n: usize) -> f64 {
    if n < 2 { 0.0 } else { ((count(n) - 1.0) / 2.0).max(1.0) }
}

/// Units as leads, for people.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "shown to three digits")]
pub fn leads(units: i64) -> f64 {
    units as f64 / UNIT as f64
}

#[expect(clippy::cast_precision_loss, reason = "pools are far smaller than 2^52")]
fn count(n: usize) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_left_of_a_lead_goes_to_the_largest_remainders_and_among_equals_to_the_first() {
        let third = UNIT / 3;
        assert_eq!(shares([1, 1, 1].into_iter()), [third + 1, third, third]);
        // 2^40 is 2 more than a multiple of 7: five parts of it leave 3 after another unit, and two parts 4.
        assert_eq!(shares([5, 2].into_iter()), [UNIT / 7 * 5 + 1, UNIT / 7 * 2 + 1]);
        assert_eq!(shares([1, 3, 3].into_iter()), [UNIT / 7, UNIT / 7 * 3 + 1, UNIT / 7 * 3 + 1]);
        assert_eq!(shares([0, 4].into_iter()), [0, UNIT]);
        assert!(shares([0, 0].into_iter()).is_empty() && shares(std::iter::empty()).is_empty());
    }

    #[test]
    fn bounds_are_those_of_the_papers() {
        assert_eq!([1, 2, 3, 5].map(bound), [0.0, 0.5, 0.75, 0.875]);
        assert_eq!([1, 2, 3, 4, 5, 9].map(moving_bound), [0.0, 1.0, 1.0, 1.5, 2.0, 4.0]);
    }

    #[test]
    fn less_than_a_millionth_of_a_lead_is_rounding() {
        let millionth = UNIT >> 20;
        let zero = [0, millionth - 1, 1 - millionth, millionth, -millionth].map(is_zero);
        assert_eq!(zero, [true, true, true, false, false]);
    }

    proptest! {
        #[test]
        fn shares_make_one_lead_and_none_is_a_unit_away_from_its_part(
            weights in prop::collection::vec(prop_oneof![0..100_u32, any::<u32>(), (u32::MAX - 9)..=u32::MAX], 1..40),
        ) {
            let total: u128 = weights.iter().map(|weight| u128::from(*weight)).sum();
            prop_assume!(total > 0);
            let shares = shares(weights.iter().copied());
            prop_assert_eq!(shares.iter().sum::<i64>(), UNIT);
            let unit = UNIT.unsigned_abs();
            let parts = weights.iter().map(|weight| u128::from(*weight) * u128::from(unit));
            let (mut up, mut down) = (Vec::new(), Vec::new());
            for (share, exact) in shares.iter().zip(parts) {
                let floor = i64::try_from(exact / total).unwrap();
                prop_assert!(*share == floor || *share == floor + 1, "{} of {}", share, floor);
                if *share > floor { up.push(exact % total) } else { down.push(exact % total) }
            }
            // Whoever was rounded up had no smaller a remainder than whoever was not.
            prop_assert!(up.iter().min().is_none_or(|least| down.iter().all(|other| other <= least)));
        }
    }
}
