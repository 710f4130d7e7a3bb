//! Where a test's databases are: in files, or on PostgreSQL, by the same text of the test. A
//! folder has one database, however often a server is started with it, and its keys.

use std::path::Path;

use rota::database::Database;
use rota::keys::Master;
use tokio::runtime::Handle;

tokio::task_local! {
    /// There where databases are to be made on PostgreSQL.
    static ON_POSTGRES: ();
}

/// Runs a test whose databases are on PostgreSQL.
pub(crate) async fn on_postgres(test: impl Future<Output = ()>) {
    ON_POSTGRES.scope((), test).await;
}

/// The database of this folder, which is made at first if it is on PostgreSQL.
pub(crate) fn of(folder: &Path) -> Database {
    let at = folder.join("rota.url");
    if ON_POSTGRES.try_with(|()| ()).is_ok() && !at.exists() {
        let made = || Handle::current().block_on(rota_tests::postgres::database());
        std::fs::create_dir_all(folder).expect("a folder");
        std::fs::write(&at, tokio::task::block_in_place(made)).expect("its name");
    }
    Database::named(&name(folder)).expect("its name")
}

/// What a command in this folder calls its database.
pub(crate) fn name(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("rota.url")).unwrap_or_else(|_| folder.join("rota.db").display().to_string())
}

/// The keys of this folder's database, where a command in this folder looks for them.
pub(crate) fn keys(folder: &Path) -> Master {
    match of(folder) {
        Database::File(file) => Master::beside(&file),
        Database::Server { .. } => Master::beside(&folder.join("rota")),
    }
}

/// The database of this folder, opened.
pub(crate) async fn open(folder: &Path) -> Box<dyn rota_store::Database> {
    of(folder).open(keys(folder).keys()).await.expect("the database")
}
