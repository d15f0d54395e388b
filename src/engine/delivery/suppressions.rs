//! Suppressions, as an operator sees and ends them.

use super::desk::DeliveryDesk;
use crate::{
    domain::{
        answer::AnswerKey, audit::Act, contact::Identifier, refusal::Refusal, session::Origin, suppression::Suppression,
    },
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
    /// [`Refusal::NotFound`] where it does get them; [`Refusal::Invalid`] where the request id was used for another address;
    /// faults.
    pub async fn lift_suppression(&self, request: LiftSuppression, origin: &Origin) -> Result<(), Refusal> {
        let LiftSuppression { identifier, repeatable } = request;
        let work = |call: Option<AnswerKey>, now| async move {
            let answer = call.map(|call| self.answers.record(call, &(), now)).transpose()?;
            let key = identifier.identity_key(&self.parts.keys.index());
            let mut event = self.event(Act::SuppressionLifted, origin);
            event.identifier_key = Some(key);
            let lift = Lift { key, cause: None, now, event: event.clone(), answer };
            match self.parts.store.lift_suppression(lift).await.map_err(|fault| fault::store(&fault))? {
                LiftOutcome::Lifted => Ok(Some(())),
                LiftOutcome::AlreadyAnswered => Ok(None),
                // Another process may have lifted it for the same call.
                LiftOutcome::None if self.answers.find::<()>(call.as_ref(), now).await?.is_some() => Ok(Some(())),
                LiftOutcome::None => {
                    let failed = event.failed("NOT_FOUND");
                    self.parts.store.record(&failed).await.map_err(|fault| fault::store(&fault))?;
                    Err(Refusal::NotFound { resource: "suppression" })
                }
            }
        };
        self.answers.once("DeleteSuppression", repeatable.as_ref(), &*self.parts.clock, work).await
    }
}
