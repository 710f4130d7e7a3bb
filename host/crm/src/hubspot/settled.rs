//! What delivering effects ends with, whatever their kind.

use rota_domain::effect::Effect;
use rota_flow::ports::{CrmError, Delivered};

/// What became of effects, in any order.
pub(super) type Settled<'e> = Vec<(&'e Effect, Result<Delivered, CrmError>)>;
