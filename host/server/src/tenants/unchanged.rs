//! What is unchanged since the revision before stays as it is: an account, above all, keeps its
//! pace and its memory of owners.

use std::sync::Arc;

use jiff::Timestamp;
use rota_crm::Secret;
use rota_crm::outbound::Reach;

/// What a port to an account or a destination is made from.
#[derive(Clone, PartialEq)]
pub(super) struct Makings<Named> {
    /// What the workspace says of it.
    pub(super) named: Named,
    /// Its token, or what its messages are signed with.
    pub(super) secret: Secret,
    /// Where it may call.
    pub(super) reach: Reach,
}

/// A port to what is outside, with what it was made from.
pub(super) struct Built<Named, Port: ?Sized> {
    from: Makings<Named>,
    /// When its secret was set; none where that is the environment's.
    pub(super) set: Option<Timestamp>,
    pub(super) port: Arc<Port>,
}

impl<Named: Clone, Port: ?Sized> Clone for Built<Named, Port> {
    fn clone(&self) -> Self {
        Self { from: self.from.clone(), set: self.set, port: self.port.clone() }
    }
}

impl<Named: Clone + PartialEq, Port: ?Sized> Built<Named, Port> {
    /// What the workspace says of it.
    pub(super) fn named(&self) -> &Named {
        &self.from.named
    }

    /// The one of before, if it was made from the same; else a new one.
    pub(super) fn kept_or_made(
        before: Option<&Self>,
        from: Makings<Named>,
        set: Option<Timestamp>,
        make: impl FnOnce(&Makings<Named>) -> anyhow::Result<Arc<Port>>,
    ) -> anyhow::Result<Self> {
        match before.filter(|before| before.from == from) {
            Some(before) => Ok(Self { set, ..before.clone() }),
            None => Ok(Self { port: make(&from)?, from, set }),
        }
    }
}
