//! What messages say: templates of this program, filled with values that are never templates themselves.

use super::{notices::Notice, sms};
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
    ToNobody,
}

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
        for (name, source) in SOURCES.into_iter().chain(sms::SOURCES) {
            environment.add_template(name, source)?;
        }
        Ok(Self(environment))
    }

    /// Puts `content` into the words of an email, in the language of its locale where there is one, else in English.
    /// `locale` is the recipient's, for contents that name none.
    pub(super) fn words(&self, content: &Content, locale: &str) -> Result<Words, TemplateFault> {
        match content {
            Content::Code { .. } => self.code(content),
            _ => self.notice(&notice(content, locale)?),
        }
    }

    /// The same as the words of an SMS; `domain` is what its code is bound to.
    pub(super) fn sms(&self, content: &Content, locale: &str, domain: &str) -> Result<String, TemplateFault> {
        let Content::Code { locale, .. } = content else { return Ok(notice(content, locale)?.short) };
        let values = context! { domain => domain, ..values(content) };
        let language = language(locale, &sms::LANGUAGES);
        Ok(self.0.get_template(&format!("{language}/code.sms.j2"))?.render(&values)?)
    }

    fn code(&self, content: &Content) -> Result<Words, TemplateFault> {
        let Content::Code { locale, .. } = content else { return Err(TemplateFault::ToNobody) };
        let language = language(locale, &LANGUAGES);
        let values = context! { language => language, direction => "ltr", ..values(content) };
        let part = |part: &str| self.0.get_template(&format!("{language}/code.{part}.j2"))?.render(&values);
        Ok(Words { subject: one_line(&part("subject")?), text: part("txt")?, html: part("html")? })
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
}

/// What a code's templates may name.
fn values(content: &Content) -> Value {
    let Content::Code { destination: _, code, link, client_name, minutes, locale: _, address, asked_at } = content
    else {
        return Value::default();
    };
    context! {
        code => one_line(code),
        link => one_line(link),
        client_name => one_line(client_name),
        minutes => minutes,
        address => one_line(address),
        asked_at => minute(*asked_at, MINUTE),
    }
}

/// The notice of a content that goes to a user of this language, unless it names one.
fn notice(content: &Content, locale: &str) -> Result<Notice, TemplateFault> {
    let locale = match content {
        Content::IdentifierLocked { locale, .. } => locale,
        _ => locale,
    };
    Notice::of(content, locale).ok_or(TemplateFault::ToNobody)
}

/// The language of a BCP 47 tag such as `de-CH`, if it is one of `languages`, else the first of them.
fn language(locale: &str, languages: &[&'static str]) -> &'static str {
    let primary = locale.split(['-', '_']).next().unwrap_or_default();
    let found = languages.iter().copied().find(|language| language.eq_ignore_ascii_case(primary));
    found.or(languages.first().copied()).unwrap_or("en")
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
