//! What messages say: templates of this program, filled with values that are never templates themselves.

use super::notices::Notice;
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

/// A template of this program is wrong, or lacks a value.
#[derive(Debug, thiserror::Error)]
#[error("a message template is not valid")]
pub struct TemplateFault(#[from] minijinja::Error);

/// The templates, parsed.
pub(super) struct Templates(Environment<'static>);

/// The languages that codes are sent in; the first serves everyone else.
const LANGUAGES: [&str; 1] = ["en"];

const SOURCES: [(&str, &str); 5] = [
    ("layout.html.j2", include_str!("templates/layout.html.j2")),
    ("notice.html.j2", include_str!("templates/notice.html.j2")),
    ("en/code.subject.j2", include_str!("templates/en/code.subject.j2")),
    ("en/code.txt.j2", include_str!("templates/en/code.txt.j2")),
    ("en/code.html.j2", include_str!("templates/en/code.html.j2")),
];

impl Templates {
    /// Parses the templates. What they name and do not get is an error; HTML is escaped by the file's name.
    pub(super) fn new() -> Result<Self, TemplateFault> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        // An error with debug information would carry the values, and so the code.
        environment.set_debug(false);
        for (name, source) in SOURCES {
            environment.add_template(name, source)?;
        }
        Ok(Self(environment))
    }

    /// Puts `content` into words, in the language of its locale where there is one, else in English; `None` for what is
    /// not to be sent. `locale` is the recipient's, for contents that name none.
    pub(super) fn words(&self, content: &Content, locale: &str) -> Result<Option<Words>, TemplateFault> {
        let locale = match content {
            Content::Code { locale, .. } | Content::IdentifierLocked { locale, .. } => locale,
            _ => locale,
        };
        let words = match content {
            Content::Code { destination: _, code, client_name, minutes, locale, address, asked_at } => self.fill(
                "code",
                language(locale),
                &context! {
                    language => language(locale),
                    direction => "ltr",
                    code => one_line(code),
                    client_name => one_line(client_name),
                    minutes => minutes,
                    address => one_line(address),
                    asked_at => minute(*asked_at, MINUTE),
                },
            )?,
            _ => match Notice::of(content, locale) {
                Some(notice) => self.notice(&notice)?,
                None => return Ok(None),
            },
        };
        Ok(Some(words))
    }

    fn notice(&self, notice: &Notice) -> Result<Words, TemplateFault> {
        let values = context! {
            language => notice.tag,
            direction => "ltr",
            title => &notice.title,
            preview => &notice.preview,
            paragraphs => &notice.paragraphs,
        };
        let html = self.0.get_template("notice.html.j2")?.render(&values)?;
        Ok(Words { subject: one_line(&notice.subject), text: notice.text(), html })
    }

    fn fill(&self, kind: &str, language: &str, values: &Value) -> Result<Words, TemplateFault> {
        let part = |part: &str| self.0.get_template(&format!("{language}/{kind}.{part}.j2"))?.render(values);
        Ok(Words { subject: one_line(&part("subject")?), text: part("txt")?, html: part("html")? })
    }
}

/// The language of a BCP 47 tag such as `de-CH`, if messages exist in it.
fn language(locale: &str) -> &'static str {
    let primary = locale.split(['-', '_']).next().unwrap_or_default();
    LANGUAGES.into_iter().find(|language| language.eq_ignore_ascii_case(primary)).unwrap_or(LANGUAGES[0])
}

/// The text without what could begin a line, end a header or turn the reading direction.
pub(super) fn one_line(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    let text: String = text.chars().filter(|c| !turns(*c)).map(|c| if breaks(c) { ' ' } else { c }).collect();
    text.trim().to_owned()
}

/// How codes write a minute, such as `20 November 2026, 19:04 UTC`.
const MINUTE: &str = "%-d %B %Y, %H:%M UTC";

/// Day and minute in UTC, in a form of `strftime`.
pub(super) fn minute(micros: i64, form: &str) -> String {
    jiff::Timestamp::from_microsecond(micros)
        .map_or_else(|_| Timestamp::from_micros(micros).to_string(), |time| time.strftime(form).to_string())
}

#[cfg(test)]
mod tests;
