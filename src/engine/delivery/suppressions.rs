//! Suppressions, as an operator sees and ends them.

use super::desk::DeliveryDesk;
use crate::{
    domain::{audit::Act, contact::Identifier, refusal::Refusal, session::Origin, suppression::Suppression},
    engine::{answers::Repeatable, fault},
    ports::store::{Lift, LiftOutcome},
};

/// A request to let an address get messages again.
#[derive(Debug)]
pub struct LiftSuppression {
    /// Whose.
    pub identifier: Identifier,
    /// Where the caller may repeat the call.
    pub repeatable: Option<Repeatable>,
}

impl DeliveryDesk {
    /// Whether and why an address gets no message.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] where it does get them; faults.
    pub async fn suppression(&self, identifier: &Identifier, origin: &Origin) -> Result<Suppression, Refusal> {
        let key = identifier.identity_key(&self.parts.keys.index());
        let mut event = self.event(Act::SuppressionRead, origin);
        event.identifier_key = Some(key);
        let found = self.parts.store.suppression(key, event.time).await.map_err(|fault| fault::store(&fault))?;
        let event = if found.is_none() { event.failed("NOT_FOUND") } else { event };
        self.parts.store.record(&event).await.map_err(|fault| fault::store(&fault))?;
        found.ok_or(Refusal::NotFound { resource: "suppression" })
    }

    /// Lets an address get messages again.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] where it does get them; faults.
    pub async fn lift_suppression(&self, request: LiftSuppression, origin: &Origin) -> Result<(), Refusal> {
        let now = self.parts.clock.now();
        let answer = match &request.repeatable {
            None => None,
            Some(repeatable) => {
                let key = self.answers.key("DeleteSuppression", repeatable);
                if self.answers.find::<()>(&key, now).await?.is_some() {
                    return Ok(());
                }
                Some(self.answers.record(key, &(), now)?)
            }
        };
        let key = request.identifier.identity_key(&self.parts.keys.index());
        let mut event = self.event(Act::SuppressionLifted, origin);
        event.identifier_key = Some(key);
        let lift = Lift { key, cause: None, now, event: event.clone(), answer };
        match self.parts.store.lift_suppression(lift).await.map_err(|fault| fault::store(&fault))? {
            // A call under the same request id was faster, and has done the same.
            LiftOutcome::Lifted | LiftOutcome::AlreadyAnswered => Ok(()),
            LiftOutcome::None => {
                let failed = event.failed("NOT_FOUND");
                self.parts.store.record(&failed).await.map_err(|fault| fault::store(&fault))?;
                Err(Refusal::NotFound { resource: "suppression" })
            }
        }
    }
}
