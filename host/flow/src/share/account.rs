//! How much of the processor a tenant's rules took lately.

/// A part of a core that a tenant with quick rules has at the usual priority: one in so many.
const QUICK_SHARE: u64 = 2;
/// The same for a tenant whose decisions are long, and hold others up even if they are few.
const LONG_SHARE: u64 = 20;
/// Processor time of a decision from which it is long, in microseconds. The bundled rules
/// take some tens; a rule that burns all its fuel, thousands.
const LONG_US: u64 = 2_000;
/// Processor time of some decisions up to which they are brief, in microseconds: not much longer
/// than what it costs to have them taken in another thread.
const BRIEF_US: u64 = 500;
/// For so long no decision must have been long before the next ones may count as brief, in
/// microseconds.
const NONE_LONG_FOR_US: u64 = 3_000_000;
/// What may be used at once after a rest, in microseconds.
const BURST_US: u64 = 50_000;
/// The same for all tenants together whose decisions are long: each of many may keep to its own
/// part, and all of them would still have every core.
pub(super) const LONG_BURST_US: u64 = 2 * BURST_US;
/// More is not held against a tenant, so that it is soon forgiven, in microseconds.
const MOST_US: u64 = 2_000_000;

/// What one tenant used, in microseconds of processor time, less what it was granted since.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Account {
    used_us: u64,
    /// What a decision takes, the newer ones counting more.
    decision_us: u64,
    at_us: u64,
    /// Since when none of its decisions was long.
    none_long_since_us: Option<u64>,
}

impl Account {
    /// It decided about so many leads in so many microseconds, until now.
    pub(super) fn charge(&mut self, cpu_us: u64, leads: u64, now_us: u64) {
        self.forgive(now_us);
        self.used_us = self.used_us.saturating_add(cpu_us).min(MOST_US);
        let each = cpu_us / leads.max(1);
        // A first long decision counts at once.
        self.decision_us = if each > self.decision_us { each } else { (3 * self.decision_us + each) / 4 };
        let since = self.none_long_since_us.filter(|_| each <= LONG_US);
        self.none_long_since_us = Some(since.unwrap_or(now_us));
    }

    /// Whether so many decisions will most likely be over in no time, as the last ones were. A
    /// long one loses the tenant this for some seconds.
    pub(super) fn is_brief(&self, leads: u64, now_us: u64) -> bool {
        let long_ago = |since| now_us.saturating_sub(since) >= NONE_LONG_FOR_US;
        self.none_long_since_us.is_some_and(long_ago) && self.decision_us.saturating_mul(leads) <= BRIEF_US
    }

    /// Whether it has had more than its share, so that others go first.
    pub(super) fn is_over(&mut self, now_us: u64) -> bool {
        self.used(now_us) > BURST_US
    }

    /// Whether its decisions are long, so that few of them hold others up.
    pub(super) fn is_long(&self) -> bool {
        self.decision_us > LONG_US
    }

    /// What is held against it.
    pub(super) fn used(&mut self, now_us: u64) -> u64 {
        self.forgive(now_us);
        self.used_us
    }

    fn forgive(&mut self, now_us: u64) {
        let share = if self.is_long() { LONG_SHARE } else { QUICK_SHARE };
        self.used_us = self.used_us.saturating_sub(now_us.saturating_sub(self.at_us) / share);
        self.at_us = self.at_us.max(now_us);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tenant that decides for so long, once in every period, for ten seconds.
    fn after_ten_seconds(decision_us: u64, every_us: u64) -> Account {
        let mut account = Account::default();
        for n in 1..=10_000_000 / every_us {
            account.charge(decision_us, 1, n * every_us);
        }
        account
    }

    #[test]
    fn decisions_are_brief_where_they_take_little_and_none_was_long_for_three_seconds() {
        let mut account = after_ten_seconds(100, 10_000);
        assert!(account.is_brief(5, 10_000_000));
        assert!(!account.is_brief(6, 10_000_000), "so many are not brief together");
        account.charge(20_000, 1, 10_000_000);
        (0..2_000).for_each(|n| account.charge(100, 1, 10_000_000 + n * 1_000));
        assert!(!account.is_brief(1, 12_999_999), "one of the last three seconds was long");
        assert!(account.is_brief(1, 13_000_000));
    }

    #[test]
    fn nothing_is_brief_of_a_tenant_that_never_decided() {
        assert!(!Account::default().is_brief(1, 10_000_000));
    }

    #[test]
    fn a_rule_that_burns_its_fuel_all_the_time_is_over_its_share() {
        assert!(after_ten_seconds(20_000, 20_000).is_over(10_000_000));
    }

    #[test]
    fn a_rule_that_burns_its_fuel_for_a_tenth_of_the_time_is_over_its_share_too() {
        assert!(after_ten_seconds(20_000, 200_000).is_over(10_000_000));
    }

    #[test]
    fn a_quick_rule_for_ten_thousand_leads_a_second_is_within_its_share() {
        assert!(!after_ten_seconds(20, 100).is_over(10_000_000));
    }

    #[test]
    fn a_slow_language_now_and_then_is_within_its_share() {
        assert!(!after_ten_seconds(5_000, 500_000).is_over(10_000_000));
    }

    #[test]
    fn who_was_over_is_forgiven_within_a_minute_of_rest() {
        let mut account = after_ten_seconds(20_000, 20_000);
        assert!(!account.is_over(70_000_000));
    }
}
