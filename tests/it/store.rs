//! What any store must keep, whatever database it is on: one suite, run against each.
//!
//! A store is added by one line, `suite!(name, Place)`, where a `Place` is somewhere that
//! can be opened more than once; and one with all the ports by `whole!(name, Whole)`.

mod added;
mod board;
mod durable;
mod given;
mod growing;
mod hosts;
mod inbox;
mod joined;
mod kept;
mod lanes;
mod leases;
mod log;
mod memory;
mod mending;
mod order;
mod outbox;
mod owners;
pub(crate) mod sealed;
mod shared;
mod silent;
mod statistics;
pub(crate) mod values;
mod waits;

use std::path::PathBuf;
use std::sync::Arc;

use rota::keys::Master;
use rota_flow::ports::{Board, Leases, Store, StoreError};
use rota_store::{Database, PostgresStore, SqliteStore};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, PgConnection, SqliteConnection};
use tokio::sync::OnceCell;

/// What processes of one database share.
pub(crate) trait Shared: Store + Board + Leases {}

impl<T: Store + Board + Leases> Shared for T {}

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

    /// Opens it as another process, with what processes tell each other.
    fn host(&self) -> impl Future<Output = Arc<dyn Shared>> + Send;
}

/// An empty database that can be opened with all of its ports, and looked into.
pub(crate) trait Whole: Place {
    /// Its keys, and the file in which they are.
    fn keys(&self) -> (Master, PathBuf);

    /// Opens it, once more if it was opened before, unless it refuses.
    fn try_whole(&self) -> impl Future<Output = Result<Box<dyn Database>, StoreError>> + Send;

    /// The same, where it is sound.
    fn whole(&self) -> impl Future<Output = Box<dyn Database>> + Send {
        async { self.try_whole().await.expect("a store") }
    }

    /// Executes a statement beside it.
    fn sql(&self, statement: &'static str) -> impl Future<Output = ()> + Send;

    /// How many bytes its rows and indexes take on disk, with what is free left out.
    fn size(&self) -> impl Future<Output = i64> + Send;

    /// Everything that stands in its tables, as text in small letters.
    fn dump(&self) -> impl Future<Output = String> + Send;
}

/// A SQLite file in a folder of its own.
struct SqliteFile(tempfile::TempDir);

impl SqliteFile {
    fn path(&self) -> PathBuf {
        self.0.path().join("rota.db")
    }

    async fn connection(&self) -> SqliteConnection {
        SqliteConnectOptions::new().filename(self.path()).connect().await.expect("a connection")
    }
}

impl Whole for SqliteFile {
    fn keys(&self) -> (Master, PathBuf) {
        (Master::beside(&self.path()), self.0.path().join("rota.db.master"))
    }

    async fn try_whole(&self) -> Result<Box<dyn Database>, StoreError> {
        Ok(Box::new(rota_store::open(self.path(), self.keys().0.keys()).await?))
    }

    async fn sql(&self, statement: &'static str) {
        let mut connection = self.connection().await;
        sqlx::raw_sql(statement).execute(&mut connection).await.expect("it runs");
        connection.close().await.expect("it closes");
    }

    async fn size(&self) -> i64 {
        let used = "SELECT (page_count - freelist_count) * page_size
            FROM pragma_page_count, pragma_freelist_count, pragma_page_size";
        sqlx::query_scalar(used).fetch_one(&mut self.connection().await).await.expect("a size")
    }

    async fn dump(&self) -> String {
        let files = std::fs::read_dir(self.0.path()).expect("a folder").map(|file| file.expect("a file").path());
        let bytes = files.flat_map(|file| sealed::elsewhere(&file));
        String::from_utf8_lossy(&bytes.collect::<Vec<u8>>()).to_lowercase()
    }
}

impl Place for SqliteFile {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    async fn open(&self) -> Arc<dyn Store> {
        self.host().await
    }

    async fn host(&self) -> Arc<dyn Shared> {
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
        self.connect_by(self.url().await).await
    }

    /// Opens it by another way to it.
    pub(crate) async fn connect_by(&self, url: &str) -> Result<PostgresStore, StoreError> {
        rota_store::connect(url, Master::beside(&self.1.path().join("rota")).keys()).await
    }

    /// The same, where it is sound.
    pub(crate) async fn connect(&self) -> Arc<PostgresStore> {
        Arc::new(self.try_connect().await.unwrap())
    }
}

impl Whole for PostgresDatabase {
    fn keys(&self) -> (Master, PathBuf) {
        (Master::beside(&self.1.path().join("rota")), self.1.path().join("rota.master"))
    }

    async fn try_whole(&self) -> Result<Box<dyn Database>, StoreError> {
        Ok(Box::new(self.try_connect().await?))
    }

    async fn sql(&self, statement: &'static str) {
        let mut connection = PgConnection::connect(self.url().await).await.expect("a connection");
        sqlx::raw_sql(statement).execute(&mut connection).await.expect("it runs");
        connection.close().await.expect("it closes");
    }

    async fn size(&self) -> i64 {
        // Written anew without what is free.
        self.sql("VACUUM FULL").await;
        let mut connection = PgConnection::connect(self.url().await).await.expect("a connection");
        let all = "SELECT CAST(sum(pg_total_relation_size(oid)) AS BIGINT) FROM pg_class
            WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace";
        sqlx::query_scalar(all).fetch_one(&mut connection).await.expect("a size")
    }

    async fn dump(&self) -> String {
        let mut connection = PgConnection::connect(self.url().await).await.expect("a connection");
        let all = "SELECT schema_to_xml('public', true, false, '')::text";
        let text: String = sqlx::query_scalar(all).fetch_one(&mut connection).await.expect("all tables");
        // Bytes stand there in base 64; what is text in them is to be found, too.
        let bytes = "SELECT coalesce(string_agg(encode(body, 'escape'), ' '), '') FROM (
            SELECT body FROM private UNION ALL SELECT key FROM people UNION ALL SELECT sealed FROM secrets
            UNION ALL SELECT seed FROM tenants UNION ALL SELECT dedupe_key FROM inbox) AS bytes (body)";
        let bytes: String = sqlx::query_scalar(bytes).fetch_one(&mut connection).await.expect("all bytes");
        connection.close().await.expect("it closes");
        format!("{text} {bytes}").to_lowercase()
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

    async fn host(&self) -> Arc<dyn Shared> {
        self.connect().await
    }
}

/// The same behind a pooler that gives each transaction another session.
pub(crate) struct Pooled(PostgresDatabase);

impl Place for Pooled {
    fn there() -> bool {
        rota_tests::pooler::there()
    }

    fn new() -> Self {
        Self(PostgresDatabase::new())
    }

    async fn open(&self) -> Arc<dyn Store> {
        self.host().await
    }

    async fn host(&self) -> Arc<dyn Shared> {
        self.0.0.get_or_init(rota_tests::pooler::database).await;
        self.0.connect().await
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
                    what_a_person_gave_by_hand_comes_back,
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
                    an_owner_is_on_its_way_until_the_crm_has_it_or_it_came_to_nothing,
                    a_newer_owner_cancels_tasks_of_an_owner_that_was_delivered,
                    a_newer_owner_cancels_nothing_of_a_decision_without_one,
                    a_newer_owner_does_not_wait_for_an_older_ones_retry,
                    a_newer_owner_that_came_during_a_failing_call_does_not_wait,
                    an_owner_that_is_dead_puts_its_lead_into_the_inbox_again,
                    owners_that_die_together_come_into_the_inbox_in_the_order_of_their_settling,
                    an_older_owner_is_not_sent_though_the_newer_one_came_to_nothing,
                    an_older_owner_is_not_sent_when_what_stood_before_the_newer_one_was_not_needed,
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
                added:
                    rows_of_dated_tables_are_what_the_last_entry_made_of_them,;
                waits:
                    what_leads_wait_for_comes_back_as_the_last_entry_about_each_left_it,;
                given:
                    what_reps_have_in_hand_comes_back,;
                leases:
                    a_lease_is_taken_where_nobody_who_is_there_has_it,
                    a_host_that_goes_or_gives_up_leaves_its_leases_free,
                    whom_something_waits_for_is_told,
                    a_posted_call_waits_once_and_its_key_finds_the_decision,;
                shared:
                    a_decision_with_large_answers_and_many_candidates_comes_back_whole,;
                board:
                    a_note_takes_the_place_of_the_one_that_its_writer_knew_and_of_no_other,
                    claims_of_a_process_that_died_are_free_before_their_lease_runs_out,
                    claims_of_all_other_processes_are_freed_at_once_and_ones_own_stay,;
                order:
                    no_sequence_of_events_delivers_out_of_order_or_strands_a_lane,;
            }
        }
    };
}

suite!(sqlite, super::SqliteFile);
suite!(memory_store, super::memory::InMemory);
suite!(postgres, super::PostgresDatabase);
suite!(pooled, super::Pooled);

/// One test function for each named function about a database with all of its ports.
macro_rules! whole_tests {
    ($place:ty: $($file:ident: $($test:ident,)+;)+) => {$($(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $test() {
            if <$place as super::Place>::there() {
                super::$file::$test::<$place>().await;
            }
        }
    )+)+};
}

macro_rules! whole {
    ($store:ident, $place:ty) => {
        mod $store {
            whole_tests! { $place:
                growing:
                    however_many_rounds_of_leads_come_the_database_grows_no_more,
                    facts_stay_while_something_of_their_decision_is_dead_and_are_summed_up_once,
                    who_comes_again_after_everything_about_them_went_is_somebody_new,;
                mending:
                    a_message_goes_when_its_owner_is_confirmed_and_not_before,
                    a_message_of_a_decision_without_an_owner_goes_at_once,
                    whatever_ends_an_owner_ends_its_message,
                    a_dead_owner_that_is_retried_holds_its_message_again,
                    a_held_message_can_be_dropped_and_not_be_hurried,
                    a_held_message_about_an_erased_person_is_dropped,
                    a_held_message_to_a_destination_that_is_gone_is_dead,
                    a_list_whose_effects_cannot_be_read_says_where_the_rest_of_it_begins,
                    dead_effects_are_counted_listed_and_mended_by_cause,
                    more_dead_effects_than_a_commit_takes_are_all_mended,
                    mending_many_undoes_no_newer_owner,
                    what_waits_for_a_connection_can_be_hurried,
                    a_stranded_message_that_is_retried_waits_for_its_owner_again,
                    a_stranded_message_whose_owner_is_confirmed_goes_at_once_when_it_is_retried,
                    a_stranded_message_whose_owner_is_dead_comes_back_with_the_owner_only,
                    a_stranded_message_whose_owner_was_given_up_is_not_sent,
                    a_stranded_owner_and_its_message_that_are_retried_together_keep_their_order,;
                sealed:
                    nothing_personal_and_no_secret_stands_in_it_in_the_clear,
                    without_its_key_a_database_is_refused_and_left_alone,
                    after_a_rotation_everything_reads_and_the_old_key_alone_opens_nothing,
                    a_row_in_another_place_or_of_another_person_is_refused,
                    who_was_erased_and_comes_again_is_somebody_new,;
            }
        }
    };
}

whole!(whole_sqlite, super::SqliteFile);
whole!(whole_postgres, super::PostgresDatabase);
