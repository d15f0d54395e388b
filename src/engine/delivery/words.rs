//! What messages say: templates and sentences, filled with values that are never templates themselves.

mod built_in;
mod check;
mod lines;
mod moment;
mod preview;
mod set;
mod short;
mod trial;
mod values;

pub use check::{TemplateFile, TemplateProblem};
pub(super) use lines::{one_line, wrapped};
pub(super) use moment::{in_form, minute};
pub use preview::{Preview, PreviewKind};
pub(super) use short::{Forms, Origin};

use super::notices::Notice;
use crate::domain::message::Content;
use set::Set;

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
    /// The sentences of a language are wrong.
    #[error("the sentences of a language are not valid")]
    Sentences,
    /// The content has no words, as it goes to nobody.
    #[error("the message is not to be sent")]
    ToNobody,
}

/// The templates of messages, parsed: those of this program and, over them, those of the operator.
pub struct Templates {
    /// Those of the operator over those of this program; `None` where there are none.
    own: Option<Set>,
    built_in: Set,
}

/// What a letter brings. The folder of a language has a template for each of its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Letter {
    /// A code.
    Code,
    /// A magic link.
    Link,
    /// Both, of which one is used.
    CodeAndLink,
}

impl Letter {
    /// Every one.
    pub(super) const ALL: [Self; 3] = [Self::Code, Self::Link, Self::CodeAndLink];

    /// The beginning of its templates' names.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Link => "link",
            Self::CodeAndLink => "code_link",
        }
    }

    /// The letter that a content is; `None` for what is none.
    fn of(content: &Content) -> Option<Self> {
        match content {
            Content::Code { link, .. } if link.is_empty() => Some(Self::Code),
            Content::Code { code, .. } if code.is_empty() => Some(Self::Link),
            Content::Code { .. } => Some(Self::CodeAndLink),
            _ => None,
        }
    }
}

impl Templates {
    /// Those of this program alone.
    ///
    /// # Errors
    /// None that the tests let pass.
    pub fn built_in() -> Result<Self, TemplateFault> {
        Ok(Self { own: None, built_in: Set::built_in()? })
    }

    /// Those of this program, with `files` of the operator in the place of those of the same name, or beside them for
    /// further languages. Every one is tried with every kind of message before it is taken.
    ///
    /// # Errors
    /// Everything that is wrong with the files, at once.
    pub fn with(files: Vec<TemplateFile>) -> Result<Self, Vec<TemplateProblem>> {
        let built_in = Self::built_in().map_err(|fault| vec![TemplateProblem::of_program(&fault)])?;
        let own = check::checked(files)?;
        Ok(Self { own: Some(own), ..built_in })
    }

    /// Puts `content` into the words of an email, in the language of its locale where there is one, else in English.
    /// `locale` is the recipient's, for contents that name none.
    pub(super) fn words(&self, content: &Content, locale: &str) -> Result<Words, TemplateFault> {
        self.in_either(|set| match Letter::of(content) {
            Some(letter) => set.letter(letter, content),
            None => set.notice(&notice(set, content, locale)?),
        })
    }

    /// The same as the words of an SMS; `domain` is what its code is bound to.
    pub(super) fn sms(&self, content: &Content, locale: &str, domain: &str) -> Result<String, TemplateFault> {
        self.in_either(|set| match Letter::of(content) {
            Some(letter) => set.short(letter, content, domain),
            None => Ok(short::that_fits(notice(set, content, locale)?.short)),
        })
    }

    /// The words of the operator's templates or, where those fail after all, of this program's: a message is not lost
    /// by a template that goes wrong with values that nobody thought of.
    fn in_either<T>(&self, words: impl Fn(&Set) -> Result<T, TemplateFault>) -> Result<T, TemplateFault> {
        let Some(own) = &self.own else { return words(&self.built_in) };
        words(own).or_else(|fault| {
            if let TemplateFault::Template(error) = &fault {
                // Its text may repeat a value; where it is does not.
                let (template, line) = (error.name().unwrap_or_default(), error.line().unwrap_or_default());
                tracing::error!(template, line, "a template of [templates] failed; the built-in one stands in");
            }
            words(&self.built_in)
        })
    }
}

/// The notice of a content that goes to a user of this language, unless it names one.
fn notice(set: &Set, content: &Content, locale: &str) -> Result<Notice, TemplateFault> {
    let locale = match content {
        Content::IdentifierLocked { locale, .. } => locale,
        _ => locale,
    };
    Notice::of(content, set.sentences(locale)?).ok_or(TemplateFault::ToNobody)
}

#[cfg(test)]
mod check_tests;
#[cfg(test)]
mod notice_sms_tests;
#[cfg(test)]
mod sms_tests;
#[cfg(test)]
mod tests;
