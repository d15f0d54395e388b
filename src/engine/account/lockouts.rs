//! Lockouts, as an operator sees and ends them. Known and unknown addresses answer alike.

use super::AdminEngine;
use crate::{
    domain::{answer::AnswerKey, audit::Act, contact::Identifier, refusal::Refusal, session::Origin, time::Timestamp},
    engine::{answers::Repeatable, fault},
};

/// How an address stands, for attempts from devices that are not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LockoutView {
    /// Wrong codes in a row.
    pub failures: u32,
    /// Until when no code is evaluated; `None` where one is, and where time does not end it.
    pub locked_until: Option<Timestamp>,
    /// Whether an operator, or a sign-in from a known device, has to end it.
    pub suspended: bool,
}

/// A request to end a lockout.
#[derive(Debug)]
pub struct Unlock {
    /// Whose.
    pub identifier: Identifier,
    /// Where the caller may repeat the call.
    pub repeatable: Option<Repeatable>,
}

impl AdminEngine {
    /// How an address stands.
    ///
    /// # Errors
    /// Faults.
    pub async fn lockout(&self, identifier: &Identifier, origin: &Origin) -> Result<LockoutView, Refusal> {
        let key = identifier.identity_key(&self.parts.keys.index());
        let standing = self.parts.store.lockout(key).await.map_err(|fault| fault::store(&fault))?;
        let mut event = self.event(Act::LockoutRead, origin);
        event.identifier_key = Some(key);
        let now = event.time;
        self.parts.store.record(&event).await.map_err(|fault| fault::store(&fault))?;
        let suspended = standing.locked_until == Some(Timestamp::NEVER);
        let locked_until = standing.locked_until.filter(|until| *until > now && !suspended);
        Ok(LockoutView { failures: standing.consecutive_failures, locked_until, suspended })
    }

    /// Forgets the wrong codes of an address and of every device known to it.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] where the request id was used for another address; faults.
    pub async fn unlock(&self, request: Unlock, origin: &Origin) -> Result<(), Refusal> {
        let Unlock { identifier, repeatable } = request;
        let work = |key: Option<AnswerKey>, now| async move {
            let answer = key.map(|key| self.answers.record(key, &(), now)).transpose()?;
            let identifier_key = identifier.identity_key(&self.parts.keys.index());
            let mut event = self.event(Act::IdentifierUnlocked, origin);
            event.identifier_key = Some(identifier_key);
            let unlocked = self.parts.store.unlock(identifier_key, now, event, answer).await;
            Ok(unlocked.map_err(|fault| fault::store(&fault))?.then_some(()))
        };
        self.answers.once("Unlock", repeatable.as_ref(), &*self.parts.clock, work).await
    }
}
