//! A PostgreSQL for tests: the server that `ROTA_TEST_POSTGRES` names, by the URL of a database
//! in which others may be created (the last ones stay there), or one that is started from Debian's
//! programs and ends with this process. Where there is neither, whoever needs one says so and is
//! content, unless `ROTA_TESTS_NEED_POSTGRES` is set, as it is in CI.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::guarded::{self, Guarded};

/// Runs a server until nobody holds the other end of its input any more.
const RUN: &str = r#"
set -e
programs=$1
port=$2
shift 2
dir=$(mktemp -d /tmp/rota-postgres.XXXXXX)
cd "$dir"
"$programs/initdb" -D "$dir/data" -A trust -U rota -E UTF8 --locale=C --no-sync >/dev/null
"$programs/postgres" -D "$dir/data" -p "$port" -c listen_addresses=127.0.0.1 -c unix_socket_directories="$dir" \
  "$@" >"$dir/log" 2>&1 &
server=$!
until "$programs/pg_isready" -q -h 127.0.0.1 -p "$port"; do kill -0 $server; sleep 0.1; done
echo ready
cat >/dev/null || true
kill -QUIT $server
wait $server || true
rm -rf "$dir"
"#;

/// How a server is started for tests: nothing of theirs has to outlive it, and many use it at once.
const QUICK: [&str; 8] =
    ["-c", "fsync=off", "-c", "max_connections=500", "-c", "shared_buffers=64MB", "-c", "max_wal_size=96MB"];

/// Databases whose tests have ended.
static ENDED: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// The databases that a thread has made. Each test has a thread of its own, so they have ended when it has.
struct Made(Vec<String>);

thread_local! {
    static MADE: RefCell<Made> = const { RefCell::new(Made(Vec::new())) };
}

/// A server that others may create databases in.
pub struct Server {
    /// The URL of a database of it, as far as the name.
    base: String,
    /// Which database there is to begin with.
    first: String,
    _guarded: Option<Guarded>,
}

/// Whether there is one. Where there is none, that is said.
///
/// # Panics
/// When there is none, and `ROTA_TESTS_NEED_POSTGRES` is set.
#[expect(clippy::print_stderr, reason = "who runs the tests shall know what was left out")]
#[must_use]
pub fn there() -> bool {
    let there = server().is_some();
    if !there {
        let missing = "there is no PostgreSQL: install Debian's `postgresql`, or name one in ROTA_TEST_POSTGRES";
        assert!(std::env::var_os("ROTA_TESTS_NEED_POSTGRES").is_none(), "{missing}");
        eprintln!("not tested, since {missing}");
    }
    there
}

/// The URL of a new, empty database, which is there until the test that asks for it ends.
///
/// # Panics
/// When there is no server, or it refuses.
pub async fn database() -> String {
    let server = server().expect("whoever asks for a database has asked whether there is a server");
    let ended = std::mem::take(&mut *ENDED.lock().unwrap());
    // Hundreds of them would take gigabytes, and what a pooler keeps open to each all connections.
    let drops = ended.iter().map(|name| format!("DROP DATABASE {name} WITH (FORCE)"));
    let url = server.database_after(drops.collect()).await;
    let name = url.rsplit_once('/').expect("a URL ends with a name").1.to_owned();
    MADE.with_borrow_mut(|made| made.0.push(name));
    url
}

impl Drop for Made {
    fn drop(&mut self) {
        ENDED.lock().unwrap().append(&mut self.0);
    }
}

impl Server {
    /// A server of its own with PostgreSQL's defaults, so that a commit waits for the disk: for
    /// benches. It ends with this process. None where PostgreSQL is not installed.
    #[must_use]
    pub fn durable() -> Option<Self> {
        started(&programs()?, &[])
    }

    /// The server of this URL, which names a database of it.
    ///
    /// # Panics
    /// When it names none.
    #[must_use]
    pub fn of(url: &str) -> Self {
        let (base, first) = url.rsplit_once('/').expect("the URL is postgres://user@host:port/database");
        Self { base: base.into(), first: first.into(), _guarded: None }
    }

    /// The URL of a new, empty database of it.
    ///
    /// # Panics
    /// When it refuses.
    pub async fn database(&self) -> String {
        self.database_after(Vec::new()).await
    }

    /// The same, after these statements.
    async fn database_after(&self, mut statements: Vec<String>) -> String {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("rota_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let mut connection = PgConnection::connect(&format!("{}/{}", self.base, self.first)).await.unwrap();
        statements.push(format!("CREATE DATABASE {name}"));
        for statement in statements {
            sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
        }
        connection.close().await.unwrap();
        format!("{}/{name}", self.base)
    }
}

fn server() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    SERVER.get_or_init(|| named().or_else(|| started(&programs()?, &QUICK))).as_ref()
}

fn named() -> Option<Server> {
    Some(Server::of(&std::env::var("ROTA_TEST_POSTGRES").ok()?))
}

/// Where Debian keeps the newest version's programs.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let programs = versions.filter_map(|version| Some(version.ok()?.path().join("bin")));
    programs.filter(|programs| programs.join("initdb").exists()).max()
}

/// Starts one with these options of its command.
fn started(programs: &Path, options: &[&str]) -> Option<Server> {
    let guarded = guarded::start(RUN, programs, options)?;
    let base = format!("postgres://rota@127.0.0.1:{}", guarded.port);
    Some(Server { base, first: "postgres".into(), _guarded: Some(guarded) })
}
