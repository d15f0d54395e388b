//! What the caller learns of a challenge.

use crate::domain::{
    challenge::Challenge,
    contact::{Channel, Identifier},
    link::MatchNumber,
    secret::{ExposeSecret, SecretString},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

/// A challenge as its asker sees it.
#[derive(Debug)]
pub struct ChallengeView {
    /// Names the challenge in later calls.
    pub challenge_id: String,
    /// The way its codes travel.
    pub channel: Channel,
    /// Where the code went, masked.
    pub masked_destination: String,
    /// Digits of its codes; 0 where it has a link alone.
    pub code_length: u8,
    /// How many more codes may be tried.
    pub attempts_remaining: u32,
    /// When the newest code stops working; the newest link where there is no code.
    pub expire_time: Timestamp,
    /// From this time on a further code may be sent.
    pub resend_time: Timestamp,
    /// Proves that the caller asked; only in the answer to the first request.
    pub binding_secret: Option<SecretString>,
    /// What the asking device shows, where its session is to be approved on another; with the binding secret alone.
    pub match_number: Option<MatchNumber>,
}

impl ChallengeView {
    /// The view of a challenge that goes to `destination`.
    #[must_use]
    pub fn of(challenge: &Challenge, destination: &Identifier, binding_secret: Option<SecretString>) -> Self {
        let link = challenge.link.as_ref().filter(|_| binding_secret.is_some());
        Self {
            match_number: link.and_then(|link| link.match_number),
            challenge_id: challenge.scope.challenge_id.to_string(),
            channel: challenge.scope.channel,
            masked_destination: destination.masked(),
            code_length: challenge.code_length,
            attempts_remaining: challenge.max_attempts.saturating_sub(challenge.attempts),
            expire_time: challenge.expire_time,
            resend_time: challenge.resend_time,
            binding_secret,
        }
    }
}

/// A view as it is recorded, sealed, for a repeated call.
#[derive(Serialize, Deserialize)]
pub(super) struct RecordedView {
    challenge_id: String,
    /// Not there in what the release before has recorded, which knew email alone.
    #[serde(default)]
    channel: Option<String>,
    masked_destination: String,
    code_length: u8,
    attempts_remaining: u32,
    expire_time: i64,
    resend_time: i64,
    binding_secret: Option<String>,
    #[serde(default)]
    match_number: Option<String>,
}

impl From<&ChallengeView> for RecordedView {
    fn from(view: &ChallengeView) -> Self {
        Self {
            challenge_id: view.challenge_id.clone(),
            channel: Some(view.channel.as_str().to_owned()),
            masked_destination: view.masked_destination.clone(),
            code_length: view.code_length,
            attempts_remaining: view.attempts_remaining,
            expire_time: view.expire_time.micros(),
            resend_time: view.resend_time.micros(),
            binding_secret: view.binding_secret.as_ref().map(|secret| secret.expose_secret().to_owned()),
            match_number: view.match_number.map(|number| number.to_string()),
        }
    }
}

impl From<RecordedView> for ChallengeView {
    fn from(recorded: RecordedView) -> Self {
        Self {
            challenge_id: recorded.challenge_id,
            channel: recorded.channel.as_deref().and_then(Channel::named).unwrap_or(Channel::Email),
            masked_destination: recorded.masked_destination,
            code_length: recorded.code_length,
            attempts_remaining: recorded.attempts_remaining,
            expire_time: Timestamp::from_micros(recorded.expire_time),
            resend_time: Timestamp::from_micros(recorded.resend_time),
            binding_secret: recorded.binding_secret.map(SecretString::from),
            match_number: recorded.match_number.as_deref().and_then(MatchNumber::parse),
        }
    }
}
