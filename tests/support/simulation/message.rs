//! A destination of messages, which knows each message by its effect's id and takes it as often as
//! it comes: a message may come twice where an answer was lost.

use std::sync::Arc;

use async_trait::async_trait;
use rota_domain::delivery::Trouble;
use rota_domain::effect::Effect;
use rota_domain::id::EffectId;
use rota_flow::ports::{Carrier, CrmError, Delivered};

use super::crm::{refusal, way};
use super::life::Life;
use super::world::World;

/// One host's way to the destination.
pub(super) struct MessageLine {
    pub(super) world: Arc<World>,
    pub(super) life: Life,
}

#[async_trait]
impl Carrier for MessageLine {
    async fn deliver(&self, effects: &[(Effect, u32)]) -> Vec<(EffectId, Result<Delivered, CrmError>)> {
        self.life.gate().await;
        let mut answers = Vec::with_capacity(effects.len());
        for (effect, _) in effects {
            let answer = match refusal(&self.world) {
                Some(refusal) => Err(refusal),
                None => self.send(effect).await,
            };
            answers.push((effect.id.clone(), answer));
        }
        self.life.gate().await;
        answers
    }
}

impl MessageLine {
    async fn send(&self, effect: &Effect) -> Result<Delivered, CrmError> {
        let (there, _) = way(&self.world);
        // Many are sent one after the other within the lease.
        tokio::time::sleep(there / 10).await;
        self.world.note(format_args!("the destination has {}", effect.id));
        self.world.sent().messages.push(effect.id.clone());
        if self.world.befalls(self.world.plan.crm_lost) {
            return Err(CrmError { trouble: Trouble::Unknown, detail: "the answer was lost".into() });
        }
        Ok(Delivered::Done)
    }
}
