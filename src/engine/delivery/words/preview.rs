//! Messages with sample values, to look at and to try templates with.

use super::{Letter, TemplateFault, Templates, Words};
use crate::domain::message::Content;

pub(super) const SAMPLE_CODE: &str = "048213";
pub(super) const SAMPLE_LINK: &str =
    "https://identity.example.com/link#AZq6mEwHf9mX3sL1o0Vn2RkzJ4uTqPd7-cYbW_hGxNs5eK8iOtMaDl6vBfQrUyCw";
pub(super) const SAMPLE_DOMAIN: &str = "identity.example.com";
pub(super) const SAMPLE_ADDRESS: &str = "203.0.113.7";

/// 20 November 2026, 19:04 UTC.
const SAMPLE_TIME: i64 = 1_795_201_476_123_456;

/// The values that a letter is tried with.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sample {
    /// Usual ones.
    Usual,
    /// One minute, and no address.
    Least,
    /// Values as long as they become.
    Longest,
}

impl Sample {
    pub(super) const ALL: [Self; 3] = [Self::Usual, Self::Least, Self::Longest];
}

/// A letter with sample values.
pub(super) fn letter(letter: Letter, locale: &str, sample: Sample) -> Content {
    let longest = "Example Shop of Somewhere and of Anywhere Else, Limited & <Sons>".to_owned();
    let (client_name, minutes, link_minutes, address) = match sample {
        Sample::Usual => ("Example Shop".to_owned(), 5, 15, SAMPLE_ADDRESS.to_owned()),
        Sample::Least => ("X".to_owned(), 1, 1, String::new()),
        Sample::Longest => (longest, 10, 60, "2001:db8:1234:5678:9abc:def0:1234:5678".to_owned()),
    };
    let only = |wanted: bool, text: &str| if wanted { text.to_owned() } else { String::new() };
    Content::Code {
        destination: "ada@example.com".to_owned(),
        code: only(letter != Letter::Link, SAMPLE_CODE),
        link: only(letter != Letter::Code, SAMPLE_LINK),
        client_name,
        minutes,
        link_minutes,
        locale: locale.to_owned(),
        address,
        asked_at: SAMPLE_TIME,
    }
}

/// Each notice in each of its variants, with sample values.
pub(super) fn notices(locale: &str) -> Vec<Content> {
    let contents = |wide| PreviewKind::ALL.map(|kind| kind.content(locale, wide));
    [true, false].into_iter().flat_map(contents).filter(|content| content.noticed_from().is_some()).collect()
}

/// A kind of message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PreviewKind {
    /// A code.
    Code,
    /// A magic link.
    Link,
    /// Both.
    CodeAndLink,
    /// The notice that too many wrong codes were entered.
    IdentifierLocked,
    /// The notice that an old refresh token was used again.
    RefreshTokenReused,
    /// The notice that a refresh token was used by another device.
    DeviceMismatch,
    /// The notice of a sign-in on a new device.
    NewDevice,
}

impl PreviewKind {
    /// Every one.
    pub const ALL: [Self; 7] = [
        Self::Code,
        Self::Link,
        Self::CodeAndLink,
        Self::IdentifierLocked,
        Self::RefreshTokenReused,
        Self::DeviceMismatch,
        Self::NewDevice,
    ];

    /// Its name, such as `code_link`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Code => Letter::Code.name(),
            Self::Link => Letter::Link.name(),
            Self::CodeAndLink => Letter::CodeAndLink.name(),
            Self::IdentifierLocked => "identifier_locked",
            Self::RefreshTokenReused => "refresh_token_reused",
            Self::DeviceMismatch => "device_mismatch",
            Self::NewDevice => "new_device",
        }
    }

    /// A message of this kind; `wide` for the wider variant of a notice, such as the one of all devices.
    pub(super) fn content(self, locale: &str, wide: bool) -> Content {
        let (address, noticed_at, everywhere) = (SAMPLE_ADDRESS.to_owned(), SAMPLE_TIME, wide);
        match self {
            Self::Code => letter(Letter::Code, locale, Sample::Usual),
            Self::Link => letter(Letter::Link, locale, Sample::Usual),
            Self::CodeAndLink => letter(Letter::CodeAndLink, locale, Sample::Usual),
            Self::IdentifierLocked => Content::IdentifierLocked {
                destination: "ada@example.com".to_owned(),
                locale: locale.to_owned(),
                address,
                noticed_at,
                until: (!wide).then_some(SAMPLE_TIME + 15 * 60_000_000),
            },
            Self::RefreshTokenReused => Content::RefreshTokenReused { address, noticed_at, everywhere },
            Self::DeviceMismatch => Content::DeviceMismatch { address, noticed_at, everywhere },
            Self::NewDevice => Content::NewDevice { address, noticed_at, everywhere },
        }
    }
}

/// A message in words, on both channels. Its values are samples: there is no secret in it.
#[derive(Clone, Debug)]
pub struct Preview {
    /// The subject line of the email.
    pub subject: String,
    /// The text part of the email.
    pub text: String,
    /// The HTML part of the email.
    pub html: String,
    /// The SMS.
    pub sms: String,
}

impl Templates {
    /// The languages that messages are sent in, by their tags in lower case.
    #[must_use]
    pub fn languages(&self) -> Vec<String> {
        self.own.as_ref().unwrap_or(&self.built_in).languages()
    }

    /// A message with sample values, as a caller with this locale would get it.
    ///
    /// # Errors
    /// None for templates that were taken.
    pub fn preview(&self, kind: PreviewKind, locale: &str) -> Result<Preview, TemplateFault> {
        let content = kind.content(locale, true);
        let Words { subject, text, html } = self.words(&content, locale)?;
        Ok(Preview { subject, text, html, sms: self.sms(&content, locale, SAMPLE_DOMAIN)? })
    }
}
