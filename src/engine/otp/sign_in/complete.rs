//! The end of a sign-in: its tokens and its commit.

use super::{Draft, SignedIn};
use crate::{
    domain::{answer::AnswerKey, funnel::Step, refusal::Refusal},
    engine::{
        fault,
        otp::{OtpEngine, recorded::RecordedSignIn},
    },
    ports::store::{SignIn, SignInOutcome, SignInUser},
};
use futures_util::FutureExt as _;

impl OtpEngine {
    /// Signs beside the commit. A signer that is full refuses before it, for that must not cost the person the code; what
    /// it has taken on it signs. An answer that is kept for a repeated call has the tokens in it, so they come first there.
    pub(super) async fn complete(
        &self,
        draft: Draft,
        key: Option<AnswerKey>,
    ) -> Result<(SignInOutcome, SignedIn), Refusal> {
        let Draft { mut sign_in, live, first, view } = draft;
        let new_user = matches!(sign_in.user, SignInUser::New(_));
        let now = sign_in.now;
        let device_token = self.device_token(sign_in.identifier_key, sign_in.device_key, now)?;
        let session = live.session.clone();
        let signed_in = |tokens| SignedIn { tokens, user: view, session, new_user, device_token };
        let whom = if new_user { "new_user" } else { "known_user" };
        let mut issuing = Box::pin(self.parts.tokens.issue(&live, &first));
        if let Some(key) = key {
            let signed_in = signed_in(issuing.await?);
            sign_in.answer = Some(self.answers.record(key, &RecordedSignIn::from(&signed_in), now)?);
            return Ok((self.commit(sign_in, whom).await?, signed_in));
        }
        let begun = issuing.as_mut().now_or_never().transpose()?;
        let outcome = self.commit(sign_in, whom).await?;
        let tokens = match begun {
            Some(tokens) => tokens,
            None => issuing.await?,
        };
        Ok((outcome, signed_in(tokens)))
    }

    async fn commit(&self, sign_in: SignIn, whom: &'static str) -> Result<SignInOutcome, Refusal> {
        let (challenge_id, now, tells) = (sign_in.challenge_id, sign_in.now, sign_in.notice.is_some());
        let outcome = self.parts.store.complete_sign_in(sign_in).await.map_err(|fault| fault::store(&fault))?;
        if outcome == SignInOutcome::SignedIn {
            self.parts.funnel.step(Step::Verified, challenge_id, now, whom);
            if tells {
                self.parts.handoff.notice();
            }
        }
        Ok(outcome)
    }
}
