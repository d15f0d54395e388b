//! Review accounts within the OTP engine: a given code takes the place of a drawn one, and nothing else is different.

use super::OtpEngine;
use crate::{
    domain::{
        audit::{Act, AuditEvent},
        challenge::{ChargedAttempt, Scope},
        contact::Identifier,
        refusal::Refusal,
        review_account::{ReviewAccount, ReviewAccounts},
        user::User,
    },
    engine::fault,
};
use std::sync::Arc;

/// Why an account may not be used: its user has a role that is elevated.
const ELEVATED: &str = "ELEVATED_ROLE";

impl OtpEngine {
    /// The account whose code a challenge gets instead of a drawn one; `length` is 0 where it has a link alone, and then no
    /// code is given, and no link sent. Where `identifier` is an account that may not be used,
    /// an event says why, and a code is drawn and sent as for everyone.
    pub(super) async fn review_account(
        &self,
        identifier: &Identifier,
        scope: &Scope,
        length: u8,
        event: &AuditEvent,
    ) -> Result<Option<Arc<ReviewAccount>>, Refusal> {
        let accounts = self.parts.review.current();
        let Some(account) = identifier.email().and_then(|email| accounts.of(email)) else { return Ok(None) };
        let user = self.parts.store.user_of(scope.identifier_key).await.map_err(|fault| fault::store(&fault))?;
        let reason = if account.expire_time <= event.time {
            "REVIEW_ACCOUNT_EXPIRED"
        } else if user.is_some_and(|user| accounts.is_elevated(&user.roles)) {
            ELEVATED
        } else if length > 0 && account.code.digits().len() != usize::from(length) {
            "CODE_LENGTH"
        } else {
            return Ok(Some(account));
        };
        // A challenge that is about to begin may yet not: an event names none that never was.
        let challenge_id = event.challenge_id.filter(|_| event.act != Act::CodeSent);
        let refused = AuditEvent { challenge_id, ..self.review_event(event, Act::ReviewCodeDrawn) }.failed(reason);
        self.parts.store.record(&refused).await.map_err(|fault| fault::store(&fault))?;
        Ok(None)
    }

    /// The accounts that gave one of the codes of an attempt: told by its keyed hash, as every code. Accounts that are no
    /// longer in force count too, for their codes outlive them.
    pub(super) fn reviewed(&self, attempt: &ChargedAttempt) -> Result<Option<Arc<ReviewAccounts>>, Refusal> {
        let lately = self.parts.review.lately();
        if lately.is_empty() {
            return Ok(None);
        }
        let Identifier::Email(email) = self.destination(&attempt.challenge)? else { return Ok(None) };
        let gave = |accounts: &Arc<ReviewAccounts>| {
            accounts.of(&email).is_some_and(|account| self.matches(attempt, &account.code))
        };
        Ok(lately.into_iter().find(gave))
    }

    /// The events of a given code that was right and is refused, where the user has come to an elevated role since the
    /// challenge began.
    pub(super) fn review_refused(
        &self,
        reviewed: Option<&Arc<ReviewAccounts>>,
        user: Option<&User>,
        event: &AuditEvent,
    ) -> Option<Vec<AuditEvent>> {
        reviewed.zip(user).filter(|(accounts, user)| accounts.is_elevated(&user.roles)).map(|(_, user)| {
            let event = AuditEvent { user_id: Some(user.user_id), ..event.clone() };
            let refused = self.review_event(&event, Act::ReviewCodeUsed).failed(ELEVATED);
            vec![event.failed(ELEVATED), refused]
        })
    }

    /// The event of a sign-in by a given code, beside its first.
    pub(super) fn review_used(&self, events: &[AuditEvent]) -> Option<AuditEvent> {
        events.first().map(|verified| self.review_event(verified, Act::ReviewCodeUsed))
    }

    /// The event of another act, about the same.
    fn review_event(&self, event: &AuditEvent, act: Act) -> AuditEvent {
        AuditEvent { event_id: self.event_id(), act, ..event.clone() }
    }
}
