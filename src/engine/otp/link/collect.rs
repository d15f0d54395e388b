//! Collect: the device that asked gets the session that was approved on another.

use super::super::{OtpEngine, SignedIn, recorded::RecordedSignIn, sign_in::Proven};
use crate::{
    domain::{
        answer::AnswerKey,
        audit::Act,
        challenge::Challenge,
        id::ChallengeId,
        link::{Completion, Link, LinkState},
        refusal::Refusal,
        secret::SecretString,
        session::Origin,
        time::Timestamp,
    },
    engine::{answers::Repeatable, fault},
};

/// A wish to collect an approved sign-in.
#[derive(Debug)]
pub struct CompleteSignIn {
    /// The challenge, in the client's words.
    pub challenge_id: String,
    /// Proves that the caller asked for it.
    pub binding_secret: SecretString,
    /// Proves that the device signed in before; absent or strange where it did not.
    pub device_token: Option<SecretString>,
    /// Where the caller may repeat the call.
    pub repeatable: Option<Repeatable>,
}

impl OtpEngine {
    /// Opens the session that was approved, once, for the device that asked. Whoever proves to be that one need not be
    /// charged: the secret has 256 bits, and what could be guessed was on the approving side.
    ///
    /// # Errors
    /// [`Refusal::SignInPending`] until it is approved; [`Refusal::LinkInvalid`] for a sign-in that was collected,
    /// rejected or has expired, for one that never was and for another's alike; [`Refusal::UserDisabled`]; faults.
    pub async fn complete_sign_in(&self, request: CompleteSignIn, origin: &Origin) -> Result<SignedIn, Refusal> {
        self.parts.tokens.may_issue()?;
        let key = request.repeatable.as_ref().map(|repeatable| self.answers.key("CompleteSignIn", repeatable));
        let _turn = self.answers.turn(key.as_ref()).await;
        let now = self.parts.clock.now();
        if let Some(signed_in) = self.signed_in_before(key.as_ref(), now).await? {
            return Ok(signed_in);
        }
        match self.collect_anew(request, key, origin, now).await {
            Err(refusal) => match self.answers.meanwhile::<RecordedSignIn>(key.as_ref(), &refusal, now).await {
                Some(recorded) => recorded.restore(now).ok_or(Refusal::Internal),
                None => Err(refusal),
            },
            signed_in => signed_in,
        }
    }

    async fn collect_anew(
        &self,
        request: CompleteSignIn,
        key: Option<AnswerKey>,
        origin: &Origin,
        now: Timestamp,
    ) -> Result<SignedIn, Refusal> {
        let challenge = match ChallengeId::parse(&request.challenge_id) {
            Some(id) => self.parts.store.challenge(id).await.map_err(|fault| fault::store(&fault))?,
            None => None,
        };
        let Some(mut challenge) = challenge else {
            let event = self.nameless_event(now, Act::SignInCollected, origin).failed("CHALLENGE_NOT_FOUND");
            return Err(self.guessed(event, Refusal::LinkInvalid).await);
        };
        let link = challenge.link.take();
        let proven = Self::is_asker(&challenge, Some(&request.binding_secret));
        let device = link.as_ref().map(|link| link.asker.device.clone()).unwrap_or_default();
        let event = self.event(now, Act::SignInCollected, origin, &challenge.scope, &device.device_id);
        match standing(&challenge, link.as_deref().filter(|_| proven), now) {
            Ok(LinkState::Approved) => {}
            Ok(_) => return Err(Refusal::SignInPending),
            Err(reason) => {
                let reason = if proven { reason } else { "NOT_THE_ASKING_DEVICE" };
                return Err(self.guessed(event.failed(reason), Refusal::LinkInvalid).await);
            }
        }
        let identifier_key = challenge.scope.identifier_key;
        let user = self.parts.store.user_of(identifier_key).await.map_err(|fault| fault::store(&fault))?;
        let known = self.known_device(request.device_token.as_ref(), now);
        let is_known = self.is_known(known.as_ref(), identifier_key).await?;
        let counter_key = known.filter(|_| is_known).map_or(identifier_key.0, |(_, own)| own);
        let proven = Proven {
            counter_key,
            device_key: self.device_key(request.device_token.as_ref(), &counter_key, now),
            challenge,
            user,
            device,
            link: Some(LinkState::Approved),
            reviewed: None,
            event: event.clone(),
            now,
        };
        match self.sign_in(proven, key, origin).await? {
            Some(signed_in) => Ok(signed_in),
            None => Err(self.guessed(event.failed("LINK_USED"), Refusal::LinkInvalid).await),
        }
    }
}

/// How far a sign-in has come that the asking device is to collect; else why there is nothing to collect.
fn standing(challenge: &Challenge, link: Option<&Link>, now: Timestamp) -> Result<LinkState, &'static str> {
    let link = link.filter(|link| link.completion == Completion::AskingDevice).ok_or("NOTHING_TO_COLLECT")?;
    let lives = link.sent.first().is_some_and(|newest| newest.expire_time > now);
    match link.state {
        LinkState::Rejected => Err("LINK_REJECTED"),
        _ if challenge.used => Err("LINK_USED"),
        _ if !lives => Err("LINK_EXPIRED"),
        state => Ok(state),
    }
}
