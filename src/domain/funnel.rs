//! The funnel of signing in: what happened, in words that name nobody.

use super::{
    challenge::{Challenge, Purpose},
    client::ClientId,
    contact::Channel,
    digest::Digest,
    id::ChallengeId,
    secret::Secret32,
    time::Timestamp,
};
use serde::Serialize;
use std::time::Duration;

/// What happened. The names are stable: whoever counts them may rely on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A code or a link was asked for, for the first time or again.
    Requested,
    /// A provider took the message.
    Delivered,
    /// A code or a link was presented and was right.
    Verified,
    /// A message was given up, or what was presented was refused.
    Failed,
    /// Nobody presented what was right while it lived.
    Abandoned,
}

impl Step {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Requested, Self::Delivered, Self::Verified, Self::Failed, Self::Abandoned];

    /// The name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Delivered => "delivered",
            Self::Verified => "verified",
            Self::Failed => "failed",
            Self::Abandoned => "abandoned",
        }
    }
}

/// One event. Every field is coarse, and empty where it is not known: it is told of which challenge, never of whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FunnelEvent {
    /// The name of the step.
    pub event: &'static str,
    /// The version of this form; it rises where a field changes its meaning or goes.
    pub version: u32,
    /// The beginning of the five minutes in which it happened, in RFC 3339.
    pub time: String,
    /// Joins the events of one challenge, and nothing else: 32 hexadecimal digits.
    pub challenge: String,
    /// `email` or `sms`.
    pub channel: &'static str,
    /// What the challenge is for, such as `sign_in`.
    pub purpose: &'static str,
    /// The client application.
    pub client_id: String,
    /// The language that was asked for, without country or script.
    pub language: String,
    /// How the step ended, in a fixed word such as `sent` or `CODE_INVALID`.
    pub outcome: &'static str,
    /// The name of the provider that took the message, such as `smtp`.
    pub provider: String,
    /// The span since the challenge began, in a fixed word such as `under_1m`.
    pub elapsed: &'static str,
}

/// The version of the events' form.
const VERSION: u32 = 1;

/// How far times are rounded down.
const BUCKET: Duration = Duration::from_mins(5);

impl FunnelEvent {
    /// The names of the fields, in the order of the file.
    pub const FIELDS: [&'static str; 11] = [
        "event",
        "version",
        "time",
        "challenge",
        "channel",
        "purpose",
        "client_id",
        "language",
        "outcome",
        "provider",
        "elapsed",
    ];

    /// A step of a challenge. `key` keeps whoever reads the events from finding the challenge in the audit log.
    #[must_use]
    pub fn new(step: Step, challenge_id: ChallengeId, key: &Secret32, now: Timestamp, outcome: &'static str) -> Self {
        let alias = Digest::hmac(key, &[b"identity.v1 funnel", challenge_id.bytes()]).hex();
        Self {
            event: step.as_str(),
            version: VERSION,
            time: bucket(now),
            challenge: alias.get(..32).unwrap_or_default().to_owned(),
            channel: "",
            purpose: "",
            client_id: String::new(),
            language: String::new(),
            outcome,
            provider: String::new(),
            elapsed: challenge_id.create_time().map(|begun| elapsed(now.since(begun))).unwrap_or_default(),
        }
    }

    /// The same, with what the challenge says.
    #[must_use]
    pub fn of(self, challenge: &Challenge) -> Self {
        let scope = &challenge.scope;
        self.about(scope.channel, scope.purpose, &scope.client_id, &challenge.locale)
    }

    /// The same, with what a challenge said.
    #[must_use]
    pub fn about(self, channel: Channel, purpose: Purpose, client_id: &ClientId, locale: &str) -> Self {
        Self {
            channel: channel.as_str(),
            purpose: purpose.as_str(),
            client_id: client_id.as_str().to_owned(),
            language: language(locale),
            ..self
        }
    }
}

/// A challenge that ended unused.
#[derive(Clone, Debug)]
pub struct Abandoned {
    /// Its id.
    pub challenge_id: ChallengeId,
    /// The channel of its messages.
    pub channel: Channel,
    /// What it was for.
    pub purpose: Purpose,
    /// The client application.
    pub client_id: ClientId,
    /// The person's language.
    pub locale: String,
    /// When its last code expired.
    pub expire_time: Timestamp,
    /// Whether all its attempts were used.
    pub exhausted: bool,
}

/// The primary language of a BCP 47 tag; empty where it has none.
fn language(locale: &str) -> String {
    let primary = locale.split(['-', '_']).next().unwrap_or_default();
    let fits = (2..=3).contains(&primary.len()) && primary.bytes().all(|c| c.is_ascii_alphabetic());
    if fits { primary.to_ascii_lowercase() } else { String::new() }
}

fn bucket(now: Timestamp) -> String {
    let span = i64::try_from(BUCKET.as_secs()).unwrap_or(1);
    Timestamp::from_seconds(now.seconds().div_euclid(span) * span).to_string()
}

fn elapsed(span: Duration) -> &'static str {
    match span.as_secs() {
        0..5 => "under_5s",
        5..15 => "under_15s",
        15..60 => "under_1m",
        60..300 => "under_5m",
        300..900 => "under_15m",
        _ => "over_15m",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::secret::secret32;
    use uuid::Uuid;

    const NOW: i64 = 1_795_201_476;

    fn id(seconds: u64) -> ChallengeId {
        ChallengeId::new(Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, 0)))
    }

    #[test]
    fn an_event_is_coarse() {
        let key = secret32([7; 32]);
        let event =
            FunnelEvent::new(Step::Verified, id(1_795_201_446), &key, Timestamp::from_seconds(NOW), "known_user");
        let client = ClientId::new("shop").unwrap();
        let event = event.about(Channel::Email, Purpose::SignIn, &client, "de-CH-1996");
        assert_eq!((event.time.as_str(), event.elapsed), ("2026-11-20T19:00:00Z", "under_1m"));
        assert_eq!((event.language.as_str(), event.client_id.as_str(), event.channel), ("de", "shop", "email"));
        let json = serde_json::to_value(&event).unwrap();
        let keys: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
        let mut fields = FunnelEvent::FIELDS;
        fields.sort_unstable();
        assert_eq!(keys, fields);
    }

    #[test]
    fn the_alias_joins_one_challenge_and_tells_nothing_of_it() {
        let (one, other) = (secret32([1; 32]), secret32([2; 32]));
        let alias = |id, key| FunnelEvent::new(Step::Failed, id, key, Timestamp::from_seconds(NOW), "x").challenge;
        let challenge = id(NOW.unsigned_abs());
        assert_eq!(alias(challenge, &one), alias(challenge, &one));
        assert_ne!(alias(challenge, &one), alias(challenge, &other));
        assert_ne!(alias(challenge, &one), alias(id(NOW.unsigned_abs()), &one));
        assert!(!alias(challenge, &one).contains(&challenge.uuid().simple().to_string()[..12]), "not even its time");
    }

    #[test]
    fn a_language_is_a_language_alone() {
        for (locale, said) in
            [("de", "de"), ("zh-Hant-TW", "zh"), ("EN_us", "en"), ("", ""), ("x-secret", ""), ("abcd", "")]
        {
            assert_eq!(language(locale), said, "{locale}");
        }
    }
}
