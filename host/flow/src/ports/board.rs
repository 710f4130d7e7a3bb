//! The port to what the processes of one database tell each other: short notes under names, and
//! whose claims are whose. A note says nothing of a lead and holds no secret: it is not sealed.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use rota_domain::id::HostId;

use super::StoreError;

/// Whose claims are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Those of this process.
    Of(HostId),
    /// Those of every process but this one.
    Others,
}

/// What the processes of a database tell each other.
#[async_trait]
pub trait Board: Send + Sync {
    /// The name of this process, which its claims bear. A process that is started again has
    /// another one.
    fn host(&self) -> &HostId;

    /// All notes, by name.
    ///
    /// # Errors
    /// When the database fails; so for every method.
    async fn notes(&self) -> Result<BTreeMap<String, String>, StoreError>;

    /// Puts one note in the place of another; none stands for no note. False if something else
    /// stands there by now, and nothing is changed.
    async fn swap(&self, name: &str, old: Option<&str>, new: Option<&str>) -> Result<bool, StoreError>;

    /// Lets claims of processes that are dead end at this time, if they do not end before; gives
    /// their number. A process that lives after all settles nothing of them once somebody else
    /// claimed: the fence is another.
    async fn free(&self, whose: &Whose, at: Timestamp) -> Result<u64, StoreError>;
}
