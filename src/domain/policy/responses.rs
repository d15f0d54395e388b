//! `[responses]`: what is done by itself where an account is used in an unusual way.

use super::{review::Contradictions, text::Lines};
use std::fmt;

/// Unusual use of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SecurityEvent {
    /// Wrong codes in a row reached a rung of the ladder.
    FailureBurst,
    /// An old refresh token was presented again. Its session ends whatever the policy says.
    ReplayedToken,
    /// A refresh token was presented under another device's name. Its session ends whatever the policy says.
    DeviceMismatch,
    /// Somebody signed in to an account that exists, on a device that is not known with it.
    NewDevice,
}

impl SecurityEvent {
    /// All of them, in the order of the file.
    pub const ALL: [Self; 4] = [Self::FailureBurst, Self::ReplayedToken, Self::DeviceMismatch, Self::NewDevice];

    /// The name in the file, in stores and in the audit log.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FailureBurst => "failure_burst",
            Self::ReplayedToken => "replayed_token",
            Self::DeviceMismatch => "device_mismatch",
            Self::NewDevice => "new_device",
        }
    }

    /// The key in the file.
    const fn key(self) -> &'static str {
        match self {
            Self::FailureBurst => "responses.failure_burst",
            Self::ReplayedToken => "responses.replayed_token",
            Self::DeviceMismatch => "responses.device_mismatch",
            Self::NewDevice => "responses.new_device",
        }
    }

    /// When it happens, in words.
    const fn when(self) -> &'static str {
        match self {
            Self::FailureBurst => "when wrong codes in a row reach a rung of the ladder",
            Self::ReplayedToken => "when an old refresh token is presented again, its session ends",
            Self::DeviceMismatch => "when a refresh token is presented by another device, its session ends",
            Self::NewDevice => "when somebody signs in on a device that the account does not know",
        }
    }
}

/// What is done about one event. Written as a list: `["notify", "revoke"]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Responses {
    /// The person is told, by email or where there is only a number by text message.
    pub notify: bool,
    /// Every session of the user ends, and no device of theirs is known any more. On a sign-in: every other session.
    pub revoke: bool,
}

impl Responses {
    /// Nothing.
    pub const NONE: Self = Self { notify: false, revoke: false };
    /// The person is told.
    pub const NOTIFY: Self = Self { notify: true, revoke: false };
    /// The person is told, and every session ends.
    pub const BOTH: Self = Self { notify: true, revoke: true };

    /// The names in the file and in the audit log.
    #[must_use]
    pub fn names(self) -> Vec<&'static str> {
        [("notify", self.notify), ("revoke", self.revoke)]
            .into_iter()
            .filter_map(|(name, chosen)| chosen.then_some(name))
            .collect()
    }

    const fn is_less_than(self, other: Self) -> bool {
        (other.notify && !self.notify) || (other.revoke && !self.revoke)
    }

    const fn words(self) -> &'static str {
        match (self.notify, self.revoke) {
            (false, false) => "nothing more is done",
            (true, false) => "the person is told",
            (false, true) => "every session of the user ends",
            (true, true) => "the person is told, and every session of the user ends",
        }
    }
}

impl fmt::Display for Responses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.names().into_iter().map(|name| format!("\"{name}\"")).collect();
        write!(f, "[{}]", names.join(", "))
    }
}

/// What is done about each event: the same for all traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResponseRules {
    /// About [`SecurityEvent::FailureBurst`].
    pub failure_burst: Responses,
    /// About [`SecurityEvent::ReplayedToken`].
    pub replayed_token: Responses,
    /// About [`SecurityEvent::DeviceMismatch`].
    pub device_mismatch: Responses,
    /// About [`SecurityEvent::NewDevice`].
    pub new_device: Responses,
}

impl ResponseRules {
    /// What is done about `event`.
    #[must_use]
    pub const fn to(&self, event: SecurityEvent) -> Responses {
        match event {
            SecurityEvent::FailureBurst => self.failure_burst,
            SecurityEvent::ReplayedToken => self.replayed_token,
            SecurityEvent::DeviceMismatch => self.device_mismatch,
            SecurityEvent::NewDevice => self.new_device,
        }
    }

    /// The rules as a change that makes any rules these.
    #[must_use]
    pub const fn as_change(&self) -> ResponseChange {
        ResponseChange {
            failure_burst: Some(self.failure_burst),
            replayed_token: Some(self.replayed_token),
            device_mismatch: Some(self.device_mismatch),
            new_device: Some(self.new_device),
        }
    }

    pub(super) fn contradictions(self, found: &mut Contradictions) {
        if self.failure_burst.revoke {
            found.error(
                SecurityEvent::FailureBurst.key(),
                "has \"revoke\": whoever knows an address could sign its owner out by entering wrong codes",
                "remove \"revoke\"",
            );
        }
        if !self.replayed_token.notify {
            found.error(
                SecurityEvent::ReplayedToken.key(),
                "lacks \"notify\": whose token was copied would not learn of it",
                "add \"notify\"",
            );
        }
        if self.new_device.revoke {
            found.warning(
                SecurityEvent::NewDevice.key(),
                "has \"revoke\": each sign-in on a further device signs the person out of all others, and a device \
                 that forgets its token is a further one at each sign-in",
                "remove \"revoke\", unless one device at a time is meant",
            );
        }
    }

    /// The keys by which these rules do less than `strict` does.
    pub(super) fn looser_than(self, strict: Self) -> Vec<&'static str> {
        let looser = |event: &SecurityEvent| self.to(*event).is_less_than(strict.to(*event));
        SecurityEvent::ALL.into_iter().filter(looser).map(SecurityEvent::key).collect()
    }
}

/// What is to be different of responses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ResponseChange {
    /// All that is done about [`SecurityEvent::FailureBurst`].
    pub failure_burst: Option<Responses>,
    /// All that is done about [`SecurityEvent::ReplayedToken`].
    pub replayed_token: Option<Responses>,
    /// All that is done about [`SecurityEvent::DeviceMismatch`].
    pub device_mismatch: Option<Responses>,
    /// All that is done about [`SecurityEvent::NewDevice`].
    pub new_device: Option<Responses>,
}

impl ResponseChange {
    fn each(self) -> [(SecurityEvent, Option<Responses>); 4] {
        [
            (SecurityEvent::FailureBurst, self.failure_burst),
            (SecurityEvent::ReplayedToken, self.replayed_token),
            (SecurityEvent::DeviceMismatch, self.device_mismatch),
            (SecurityEvent::NewDevice, self.new_device),
        ]
    }

    pub(super) fn apply(self, rules: &mut ResponseRules) {
        rules.failure_burst = self.failure_burst.unwrap_or(rules.failure_burst);
        rules.replayed_token = self.replayed_token.unwrap_or(rules.replayed_token);
        rules.device_mismatch = self.device_mismatch.unwrap_or(rules.device_mismatch);
        rules.new_device = self.new_device.unwrap_or(rules.new_device);
    }

    pub(super) fn write(self, lines: &mut Lines) {
        lines.section("responses");
        for (event, responses) in self.each() {
            lines.figure(event.as_str(), responses);
        }
    }

    /// One sentence for each event.
    pub(super) fn words(self) -> Vec<String> {
        let chosen = self.each().into_iter().filter_map(|(event, responses)| Some((event, responses?)));
        chosen
            .map(|(event, responses)| {
                let joint = if event.when().ends_with("session ends") { "; beyond that " } else { ", " };
                format!("{}: {}{joint}{}", event.key(), event.when(), responses.words())
            })
            .collect()
    }
}
