//! A PgBouncer in front of a PostgreSQL for tests, from Debian's program, in transaction mode: every
//! transaction may get another session, and there are fewer sessions than who asks for one. It ends
//! with this process.

use std::path::Path;
use std::sync::OnceLock;

use crate::guarded::{self, Guarded};

const PROGRAM: &str = "/usr/sbin/pgbouncer";

/// Runs a pooler until nobody holds the other end of its input any more.
const RUN: &str = r#"
set -e
dir=$(mktemp -d /tmp/rota-pgbouncer.XXXXXX)
cd "$dir"
cat >ini <<INI
[databases]
* = host=127.0.0.1 port=$3 user=rota
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $2
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 4
max_client_conn = 500
INI
"$1" ini >"$dir/log" 2>&1 &
pooler=$!
until grep -q "process up" "$dir/log"; do kill -0 $pooler || { cat "$dir/log" >&2; exit 1; }; sleep 0.1; done
echo ready
cat >/dev/null || true
kill -KILL $pooler
wait $pooler || true
rm -rf "$dir"
"#;

/// Whether there is one, and a PostgreSQL behind it. Where there is none, that is said.
///
/// # Panics
/// When there is none, and `ROTA_TESTS_NEED_POSTGRES` is set.
#[expect(clippy::print_stderr, reason = "who runs the tests shall know what was left out")]
#[must_use]
pub fn there() -> bool {
    if !crate::postgres::there() {
        return false;
    }
    let there = Path::new(PROGRAM).exists();
    if !there {
        let missing = "there is no PgBouncer: install Debian's `pgbouncer`";
        assert!(std::env::var_os("ROTA_TESTS_NEED_POSTGRES").is_none(), "{missing}");
        eprintln!("not tested, since {missing}");
    }
    there
}

/// The URL through the pooler of a new, empty database.
///
/// # Panics
/// When there is no server, or it refuses, or the pooler does not start.
pub async fn database() -> String {
    static POOLER: OnceLock<Guarded> = OnceLock::new();
    let direct = crate::postgres::database().await;
    let (_, place) = direct.rsplit_once('@').expect("postgres://user@host:port/name");
    let (address, name) = place.split_once('/').expect("host:port/name");
    let port = address.rsplit_once(':').expect("host:port").1;
    let pooler = POOLER.get_or_init(|| guarded::start(RUN, Path::new(PROGRAM), &[port]).expect("a shell"));
    format!("postgres://rota@127.0.0.1:{}/{name}?statement-cache-capacity=0", pooler.port)
}
