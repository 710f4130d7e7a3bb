//! What a database's failure means to people: what happened, to which file, what to do.

use std::fmt::Display;

use rota_flow::ports::StoreError;

use super::dialect;
use super::rows::unreadable;
use crate::sealing::Unopened;

/// Why a unit or a read did not succeed, before the file's name is added.
#[derive(Debug)]
pub(super) enum Failure {
    /// The database failed.
    Sql(sqlx::Error),
    /// The database works, but the answer is no.
    Store(StoreError),
    /// Something is sealed under a key that was not known when keys were read last.
    OtherKey,
    /// A key or a person that a unit was made with is not there any more: it is to be made
    /// anew.
    Stale,
}

impl Failure {
    /// What is in this row does not open.
    pub(super) fn sealed(why: Unopened, row: impl Display) -> Self {
        match why {
            Unopened::OtherKey => Self::OtherKey,
            Unopened::Damaged => Self::Store(unreadable(row, "it was changed, or stood in another place")),
        }
    }

    /// The failure of this database, as the port says it.
    pub(super) fn of(self, database: &str) -> StoreError {
        match self {
            Self::Sql(error) => unavailable(database, &error),
            Self::Store(error) => error,
            Self::OtherKey => StoreError::Unavailable {
                database: database.into(),
                detail: "something in it is sealed under a key that is not here; the file of keys may be an older one"
                    .into(),
            },
            Self::Stale => StoreError::Unavailable {
                database: database.into(),
                detail: "others changed its keys again and again meanwhile; try again".into(),
            },
        }
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// The database failed like this.
pub(super) fn unavailable(database: &str, error: &sqlx::Error) -> StoreError {
    let advice = dialect::advice(error);
    StoreError::Unavailable { database: database.into(), detail: format!("{advice} ({error})") }
}
