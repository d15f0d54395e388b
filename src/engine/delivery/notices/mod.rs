//! What security notices say: one file for each language, one sentence for each key.
//!
//! A further language is a further file, and a line in [`LANGUAGES`]. The tests hold that each has each sentence, with the
//! same placeholders. A sentence never stands for a template: values are put in once, and what a value holds is text.

mod de;
mod en;
mod es;
mod fr;
mod ja;
mod pt;

use crate::domain::message::Content;

/// The languages that notices exist in; the first serves everyone else.
const LANGUAGES: [&Catalogue; 6] =
    [&en::ENGLISH, &de::GERMAN, &fr::FRENCH, &es::SPANISH, &pt::PORTUGUESE, &ja::JAPANESE];

/// How long a line of the text part may become.
const LINE: usize = 72;

/// The sentences of a language, by key. A key with a variant behind a dot, such as `new_device.what.everywhere`, is for
/// that variant; the key without it for the others.
struct Catalogue {
    /// Its tag (RFC 5646).
    tag: &'static str,
    /// How a minute in UTC is written, for `strftime`.
    minute: &'static str,
    sentences: &'static [(&'static str, &'static str)],
}

/// A notice in words. Nothing in it is escaped.
pub(super) struct Notice {
    /// The language.
    pub(super) tag: &'static str,
    pub(super) subject: String,
    /// The heading.
    pub(super) title: String,
    /// What mail programs show beside the subject.
    pub(super) preview: String,
    pub(super) paragraphs: Vec<String>,
    /// What an SMS says.
    pub(super) short: String,
}

impl Notice {
    /// The notice that a content is; `None` for what is none.
    pub(super) fn of(content: &Content, locale: &str) -> Option<Self> {
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
            Content::Code { .. } | Content::ToNobody => return None,
        };
        let words = Catalogue::of(locale);
        let address = super::words::one_line(address);
        let until = until.map(|until| words.minute(until)).unwrap_or_default();
        let values = [("time", words.minute(noticed_at)), ("until", until), ("address", address.clone())];
        let say = |part: &str| filled(words.sentence(&format!("{kind}.{part}"), variant), &values);
        let (subject, preview) = (say("subject"), say("preview"));
        // Only where the preview speaks of email.
        let own = words.sentence(&format!("{kind}.short"), None);
        let short = format!("{subject}\n{}", if own.is_empty() { &preview } else { own });
        let noticed = words.sentence("noticed", (!address.is_empty()).then_some("from"));
        Some(Self {
            tag: words.tag,
            title: say("title"),
            subject,
            preview,
            short,
            paragraphs: vec![say("what"), filled(noticed, &values), say("do")],
        })
    }

    /// The paragraphs as plain text.
    pub(super) fn text(&self) -> String {
        let paragraphs: Vec<String> = self.paragraphs.iter().map(|paragraph| wrapped(paragraph)).collect();
        format!("{}\n", paragraphs.join("\n\n"))
    }
}

impl Catalogue {
    /// The language of a BCP 47 tag such as `de-CH`, or English.
    fn of(locale: &str) -> &'static Self {
        let primary = locale.split(['-', '_']).next().unwrap_or_default();
        LANGUAGES.into_iter().find(|language| language.tag.eq_ignore_ascii_case(primary)).unwrap_or(LANGUAGES[0])
    }

    fn sentence(&self, key: &str, variant: Option<&str>) -> &'static str {
        let find = |key: &str| self.sentences.iter().find(|(name, _)| *name == key).map(|(_, text)| *text);
        let of_variant = variant.and_then(|variant| find(&format!("{key}.{variant}")));
        // The tests hold that it is there.
        of_variant.or_else(|| find(key)).unwrap_or_default()
    }

    fn minute(&self, micros: i64) -> String {
        super::words::minute(micros, self.minute)
    }
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

/// Broken into lines at blanks.
fn wrapped(paragraph: &str) -> String {
    let mut text = String::with_capacity(paragraph.len());
    let mut length = 0;
    for word in paragraph.split(' ') {
        let own = word.chars().count();
        if length > 0 {
            let fits = length + 1 + own <= LINE;
            text.push(if fits { ' ' } else { '\n' });
            length = if fits { length + 1 } else { 0 };
        }
        text.push_str(word);
        length += own;
    }
    text
}

#[cfg(test)]
mod tests;
