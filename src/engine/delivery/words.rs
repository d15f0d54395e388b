//! What messages say: templates of this program, filled with values that are never templates themselves.

use super::sms;
use crate::domain::{message::Content, time::Timestamp};
use minijinja::{Environment, UndefinedBehavior, Value, context};

/// A message in words.
pub(super) struct Words {
    /// One line.
    pub(super) subject: String,
    /// The text part.
    pub(super) text: String,
    /// The HTML part.
    pub(super) html: String,
}

/// A message cannot be put into words.
#[derive(Debug, thiserror::Error)]
pub enum TemplateFault {
    /// A template of this program is wrong, or lacks a value.
    #[error("a message template is not valid")]
    Template(#[from] minijinja::Error),
    /// The content has no words, as it goes to nobody.
    #[error("the message is not to be sent")]
    Withheld,
}

/// The templates, parsed.
pub(super) struct Templates(Environment<'static>);

/// The languages that messages exist in; the first serves everyone else.
const LANGUAGES: [&str; 1] = ["en"];

const SOURCES: [(&str, &str); 10] = [
    ("layout.html.j2", include_str!("templates/layout.html.j2")),
    ("en/code.subject.j2", include_str!("templates/en/code.subject.j2")),
    ("en/code.txt.j2", include_str!("templates/en/code.txt.j2")),
    ("en/code.html.j2", include_str!("templates/en/code.html.j2")),
    ("en/identifier_locked.subject.j2", include_str!("templates/en/identifier_locked.subject.j2")),
    ("en/identifier_locked.txt.j2", include_str!("templates/en/identifier_locked.txt.j2")),
    ("en/identifier_locked.html.j2", include_str!("templates/en/identifier_locked.html.j2")),
    ("en/refresh_token_reused.subject.j2", include_str!("templates/en/refresh_token_reused.subject.j2")),
    ("en/refresh_token_reused.txt.j2", include_str!("templates/en/refresh_token_reused.txt.j2")),
    ("en/refresh_token_reused.html.j2", include_str!("templates/en/refresh_token_reused.html.j2")),
];

impl Templates {
    /// Parses the templates. What they name and do not get is an error; HTML is escaped by the file's name.
    pub(super) fn new() -> Result<Self, TemplateFault> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        // An error with debug information would carry the values, and so the code.
        environment.set_debug(false);
        for (name, source) in SOURCES.into_iter().chain(sms::SOURCES) {
            environment.add_template(name, source)?;
        }
        Ok(Self(environment))
    }

    /// Puts `content` into the words of an email, in the language of its locale where there is one, else in English.
    pub(super) fn words(&self, content: &Content) -> Result<Words, TemplateFault> {
        let Told { kind, locale, values } = told(content)?;
        let language = language(locale, &LANGUAGES);
        let values = context! { language => language, direction => "ltr", ..values };
        let part = |part: &str| self.0.get_template(&format!("{language}/{kind}.{part}.j2"))?.render(&values);
        Ok(Words { subject: one_line(&part("subject")?), text: part("txt")?, html: part("html")? })
    }

    /// Puts `content` into the words of an SMS; `domain` is what its code is bound to.
    pub(super) fn sms(&self, content: &Content, domain: &str) -> Result<String, TemplateFault> {
        let Told { kind, locale, values } = told(content)?;
        let language = language(locale, sms::languages(kind));
        let values = context! { domain => domain, ..values };
        Ok(self.0.get_template(&format!("{language}/{kind}.sms.j2"))?.render(&values)?)
    }
}

/// What a content tells, for templates of every channel.
struct Told<'a> {
    /// The templates' name.
    kind: &'static str,
    /// The person's language.
    locale: &'a str,
    /// What templates may name.
    values: Value,
}

fn told(content: &Content) -> Result<Told<'_>, TemplateFault> {
    Ok(match content {
        Content::Code { destination: _, code, client_name, minutes, locale, address, asked_at } => Told {
            kind: "code",
            locale,
            values: context! {
                code => one_line(code),
                client_name => one_line(client_name),
                minutes => minutes,
                address => one_line(address),
                asked_at => minute(*asked_at),
            },
        },
        Content::IdentifierLocked { destination: _, address, noticed_at, until } => Told {
            kind: "identifier_locked",
            locale: "",
            values: context! {
                address => one_line(address),
                noticed_at => minute(*noticed_at),
                until => until.map(minute).unwrap_or_default(),
            },
        },
        Content::RefreshTokenReused { address, noticed_at } => Told {
            kind: "refresh_token_reused",
            locale: "",
            values: context! { address => one_line(address), noticed_at => minute(*noticed_at) },
        },
        Content::Withheld => return Err(TemplateFault::Withheld),
    })
}

/// The language of a BCP 47 tag such as `de-CH`, if it is one of `languages`, else the first of them.
fn language(locale: &str, languages: &[&'static str]) -> &'static str {
    let primary = locale.split(['-', '_']).next().unwrap_or_default();
    let found = languages.iter().copied().find(|language| language.eq_ignore_ascii_case(primary));
    found.or(languages.first().copied()).unwrap_or("en")
}

/// The text without what could begin a line, end a header or turn the reading direction.
fn one_line(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    let text: String = text.chars().filter(|c| !turns(*c)).map(|c| if breaks(c) { ' ' } else { c }).collect();
    text.trim().to_owned()
}

/// Day and minute in UTC, such as `20 November 2026, 19:04 UTC`.
fn minute(micros: i64) -> String {
    jiff::Timestamp::from_microsecond(micros).map_or_else(
        |_| Timestamp::from_micros(micros).to_string(),
        |time| time.strftime("%-d %B %Y, %H:%M UTC").to_string(),
    )
}

#[cfg(test)]
mod tests;
