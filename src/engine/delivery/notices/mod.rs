//! What security notices say: one sentence for each key, in a file for each language (`sentences`).
//!
//! A sentence never stands for a template: values are put in once, and what a value holds is text.

mod sentences;

pub(super) use sentences::Sentences;

use super::words::{Forms, Origin};
use crate::domain::message::Content;

/// A notice in words. Nothing in it is escaped.
pub(super) struct Notice {
    /// The language, as its folder is named.
    pub(super) tag: String,
    pub(super) subject: String,
    /// The heading.
    pub(super) title: String,
    /// What mail programs show beside the subject.
    pub(super) preview: String,
    pub(super) paragraphs: Vec<String>,
    /// What an SMS says, with so much of its origin as finds room.
    pub(super) short: Forms,
}

impl Notice {
    /// The notice that a content is, in the words of a language; `None` for what is none.
    pub(super) fn of(content: &Content, words: &Sentences) -> Option<Self> {
        let (kind, variant, address, noticed_at, until) = match content {
            Content::IdentifierLocked { address, noticed_at, until, .. } => {
                ("identifier_locked", until.map(|_| "until"), address, *noticed_at, *until)
            }
            Content::RefreshTokenReused { address, noticed_at, everywhere } => {
                ("refresh_token_reused", everywhere.then_some("everywhere"), address, *noticed_at, None)
            }
            Content::DeviceMismatch { address, noticed_at, everywhere } => {
                ("device_mismatch", everywhere.then_some("everywhere"), address, *noticed_at, None)
            }
            Content::NewDevice { address, noticed_at, everywhere } => {
                ("new_device", everywhere.then_some("everywhere"), address, *noticed_at, None)
            }
            Content::Code { .. } | Content::ToNobody { .. } => return None,
        };
        let address = super::words::one_line(address);
        let until = until.map(|until| super::words::minute(until, &words.minute)).unwrap_or_default();
        let values =
            [("time", super::words::minute(noticed_at, &words.minute)), ("until", until), ("address", address.clone())];
        let say = |part: &str| filled(words.sentence(&format!("{kind}.{part}"), variant), &values);
        let short = Origin::ALL.map(|origin| {
            let (happened, not_you) = (say("short"), say("not_you"));
            match noticed_in_short(words, origin.told(noticed_at, &address)) {
                // Lines, as not every language has a space between sentences.
                Some(noticed) => format!("{happened}\n{noticed}\n{not_you}"),
                None => format!("{happened}\n{not_you}"),
            }
        });
        let noticed = words.sentence("noticed", (!address.is_empty()).then_some("from"));
        Some(Self {
            tag: words.tag.clone(),
            title: say("title"),
            subject: say("subject"),
            preview: say("preview"),
            short,
            paragraphs: vec![say("what"), filled(noticed, &values), say("do")],
        })
    }

    /// The paragraphs as plain text.
    pub(super) fn text(&self) -> String {
        super::words::wrapped(&self.paragraphs.join("\n\n"))
    }
}

/// What an SMS says of when it was noticed and from which network; `None` where it tells neither.
fn noticed_in_short(words: &Sentences, (time, network): (String, String)) -> Option<String> {
    let noticed = words.sentence("noticed.short", (!network.is_empty()).then_some("from"));
    (!time.is_empty()).then(|| filled(noticed, &[("time", time), ("network", network)]))
}

/// The sentence with its placeholders filled; one that has no value stays as it is.
fn filled(sentence: &str, values: &[(&str, String)]) -> String {
    let mut text = String::with_capacity(sentence.len());
    let mut rest = sentence;
    while let Some((before, behind)) = rest.split_once('{') {
        text.push_str(before);
        let found = behind.split_once('}').and_then(|(name, behind)| {
            values.iter().find(|(known, _)| *known == name).map(|(_, value)| (value.as_str(), behind))
        });
        let (value, behind) = found.unwrap_or(("{", behind));
        text.push_str(value);
        rest = behind;
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests;
