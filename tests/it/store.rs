//! What any store must keep, whatever database it is on: one suite, run against each.
//!
//! A store is added by one line, `suite!(name, Place)`, where a `Place` is somewhere that
//! can be opened more than once.

mod durable;
mod hosts;
mod inbox;
mod joined;
mod kept;
mod lanes;
mod log;
mod memory;
mod mending;
mod order;
mod outbox;
mod owners;
pub(crate) mod sealed;
mod shared;
pub(crate) mod values;

use std::sync::Arc;

use rota::keys::Master;
use rota_flow::ports::{Store, StoreError};
use rota_store::{PostgresStore, SqliteStore};
use tokio::sync::OnceCell;

/// An empty database.
pub(crate) trait Place: Sync {
    /// Whether there can be one here. Where there cannot, that is said.
    fn there() -> bool {
        true
    }

    /// A new one.
    fn new() -> Self;

    /// Opens it, once more if it was opened before.
    fn open(&self) -> impl Future<Output = Arc<dyn Store>> + Send;
}

/// A SQLite file in a folder of its own.
struct SqliteFile(tempfile::TempDir);

impl Place for SqliteFile {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    async fn open(&self) -> Arc<dyn Store> {
        let store: SqliteStore = rota_tests::open(&self.0.path().join("rota.db")).await.unwrap();
        Arc::new(store)
    }
}

/// A PostgreSQL database of its own, once it was opened, with its key in a folder.
pub(crate) struct PostgresDatabase(OnceCell<String>, tempfile::TempDir);

impl PostgresDatabase {
    /// Its URL.
    pub(crate) async fn url(&self) -> &str {
        self.0.get_or_init(rota_tests::postgres::database).await
    }

    /// Opens it, once more if it was opened before.
    pub(crate) async fn try_connect(&self) -> Result<PostgresStore, StoreError> {
        let keys = Master::beside(&self.1.path().join("rota")).keys();
        rota_store::connect(self.url().await, keys).await
    }

    /// The same, where it is sound.
    pub(crate) async fn connect(&self) -> Arc<PostgresStore> {
        Arc::new(self.try_connect().await.unwrap())
    }
}

impl Place for PostgresDatabase {
    fn there() -> bool {
        rota_tests::postgres::there()
    }

    fn new() -> Self {
        Self(OnceCell::new(), tempfile::tempdir().unwrap())
    }

    async fn open(&self) -> Arc<dyn Store> {
        self.connect().await
    }
}

/// One test function for each named function of the suite.
macro_rules! tests {
    ($place:ty: $($file:ident: $($test:ident,)+;)+) => {$($(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $test() {
            if !<$place as super::Place>::there() {
                return;
            }
            super::$file::$test(<$place as super::Place>::new()).await;
        }
    )+)+};
}

macro_rules! suite {
    ($store:ident, $place:ty) => {
        mod $store {
            tests! { $place:
                inbox:
                    a_repeated_arrival_is_a_duplicate,
                    arrivals_wait_in_the_order_in_which_they_came,
                    a_settled_arrival_waits_no_more_and_is_still_known,
                    a_call_is_written_with_its_answer_and_found_by_its_key,
                    a_key_that_is_there_is_a_conflict_and_changes_nothing,;
                log:
                    a_commit_behind_one_that_came_to_nothing_writes_nothing,
                    a_commit_that_finds_the_log_moved_on_is_a_conflict_and_changes_nothing,
                    an_arrival_that_another_host_settled_is_a_conflict_and_changes_nothing,
                    one_of_sixty_four_concurrent_records_wins,
                    a_decision_comes_back_whole,
                    a_decision_keeps_the_workspace_that_it_saw,
                    the_state_at_the_end_of_the_log_comes_back,
                    the_rotations_after_a_revision_come_back,
                    only_the_newest_decision_that_can_be_joined_is_recent,
                    the_log_is_read_in_pages_and_by_lead,
                    a_zero_character_in_what_others_chose_loses_no_lead,
                    tenants_do_not_see_each_other,
                    a_tenant_that_nobody_opened_is_an_error,;
                durable:
                    nothing_answered_is_lost_when_the_store_is_dropped,
                    a_unit_that_fails_leaves_its_neighbours_alone,
                    a_hundred_rows_of_everything_commit_together,
                    many_workers_deliver_what_many_writers_record_once_and_in_order,;
                lanes:
                    effects_of_a_record_are_claimed_in_order_and_one_at_a_time,
                    one_records_trouble_holds_up_no_other_record,
                    a_claim_takes_what_it_asks_for_and_the_longest_waiting_first,
                    a_lane_whose_lease_ran_out_is_claimed_again_and_the_old_claim_settles_nothing,
                    what_an_unknown_attempt_may_have_sent_is_never_sent_as_new,
                    an_unknown_attempt_is_remembered_though_something_comes_before_it,
                    a_lane_that_was_made_again_refuses_an_old_claim,
                    a_claim_settles_once,
                    a_retry_waits_until_its_time_and_is_the_next_attempt,
                    a_retry_that_does_not_count_keeps_the_attempt_number,
                    what_was_delivered_shows_in_the_stages_of_its_decision,
                    what_is_not_needed_takes_the_rest_of_its_decision_along,;
                owners:
                    a_newer_owner_supersedes_an_older_one_and_its_tasks,
                    a_newer_owner_cancels_tasks_of_an_owner_that_was_delivered,
                    a_newer_owner_cancels_nothing_of_a_decision_without_one,
                    a_newer_owner_does_not_wait_for_an_older_ones_retry,
                    a_newer_owner_that_came_during_a_failing_call_does_not_wait,
                    an_owner_that_is_dead_puts_its_lead_into_the_inbox_again,
                    an_older_owner_is_not_sent_though_the_newer_one_came_to_nothing,
                    a_repaired_owner_brings_back_what_it_took_along,
                    a_repaired_owner_does_not_undo_a_newer_one,;
                outbox:
                    a_dead_effect_is_listed_and_its_lane_goes_on,
                    a_dead_effect_is_retried_as_after_one_failed_attempt,
                    a_waiting_effect_is_retried_at_once,
                    a_dropped_effect_is_sent_no_more,
                    a_dropped_owner_takes_the_rest_of_its_decision_along,
                    an_effect_that_is_dropped_while_it_is_sent_stays_dropped,
                    only_what_waits_or_is_dead_can_be_repaired,
                    what_waits_for_a_connection_that_is_gone_is_dead_and_says_so,
                    the_backlog_counts_what_waits,;
                kept:
                    what_is_kept_comes_back_by_its_digest,
                    a_tenant_reads_only_what_it_has_kept_itself,
                    counters_are_what_the_last_entry_made_of_them,
                    a_conflict_changes_no_counter,;
                shared:
                    a_decision_with_large_answers_and_many_candidates_comes_back_whole,;
                order:
                    no_sequence_of_events_delivers_out_of_order_or_strands_a_lane,;
            }
        }
    };
}

suite!(sqlite, super::SqliteFile);
suite!(memory_store, super::memory::InMemory);
suite!(postgres, super::PostgresDatabase);
