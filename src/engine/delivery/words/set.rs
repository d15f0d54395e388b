//! One set of templates: every shared one, and those of each language.

use super::{
    Letter, TemplateFault, Words,
    built_in::{LANGUAGES, SHARED},
    lines::{one_line, wrapped},
    short::{self, Forms, Origin},
    values,
};
use crate::{
    domain::message::Content,
    engine::delivery::notices::{Notice, Sentences},
};
use minijinja::{Environment, Error, ErrorKind, Template, Value, context};
use std::{collections::BTreeMap, io};

/// The longest part that a message may have, in bytes: what mail programs show without a click.
const LONGEST: usize = 100 * 1024;

/// The language that serves everyone else.
pub(super) const FALLBACK: &str = LANGUAGES[0].tag;

/// A set of templates.
pub(super) struct Set {
    /// Those whose values are escaped.
    html: Environment<'static>,
    /// Those of text.
    text: Environment<'static>,
    /// The sentences of notices, by the folder's name.
    sentences: BTreeMap<String, Sentences>,
}

impl Set {
    /// The set of this program.
    pub(super) fn built_in() -> Result<Self, TemplateFault> {
        let mut set = Self { html: values::html(), text: values::text(), sentences: BTreeMap::new() };
        for (name, text) in SHARED.into_iter().chain(LANGUAGES.iter().flat_map(|language| language.letters)) {
            set.add(name.to_owned(), text.to_owned())?;
        }
        for language in &LANGUAGES {
            let sentences = Sentences::parse(language.tag, language.notices, None);
            set.add_sentences(sentences.map_err(|_| TemplateFault::Sentences)?);
        }
        Ok(set)
    }

    /// Adds a template, or puts it in the place of the one of the same name.
    pub(super) fn add(&mut self, name: String, text: String) -> Result<(), Error> {
        self.home_mut(&name).add_template_owned(name, text)
    }

    /// Adds the sentences of a language, or puts them in the place of those that are there.
    pub(super) fn add_sentences(&mut self, sentences: Sentences) {
        self.sentences.insert(sentences.tag.clone(), sentences);
    }

    /// A template by its name.
    pub(super) fn get(&self, name: &str) -> Option<Template<'_, '_>> {
        let home = if is_html(name) { &self.html } else { &self.text };
        home.get_template(name).ok()
    }

    /// The folders of languages that have a letter or sentences.
    pub(super) fn languages(&self) -> Vec<String> {
        let names = self.html.templates().chain(self.text.templates()).map(|(name, _)| name);
        let mut tags: Vec<String> =
            names.filter_map(|name| name.split_once('/')).map(|(tag, _)| tag.to_owned()).collect();
        tags.extend(self.sentences.keys().cloned());
        tags.sort();
        tags.dedup();
        tags
    }

    /// A letter in the words of an email.
    pub(super) fn letter(&self, letter: Letter, content: &Content) -> Result<Words, TemplateFault> {
        let part = |part| self.part(letter, part, content);
        Ok(Words { subject: part("subject")?, text: part("txt")?, html: part("html")? })
    }

    /// A letter in the words of an SMS, with so much of its origin as takes no further part; `domain` is what its code is
    /// bound to.
    pub(super) fn short(&self, letter: Letter, content: &Content, domain: &str) -> Result<String, TemplateFault> {
        self.short_forms(letter, content, domain).map(short::that_fits)
    }

    /// The forms that the SMS may go out in.
    pub(super) fn short_forms(&self, letter: Letter, content: &Content, domain: &str) -> Result<Forms, TemplateFault> {
        let (template, tag) = self.find(letter, "sms", locale(content))?;
        let mut forms = Forms::default();
        for (form, origin) in forms.iter_mut().zip(Origin::ALL) {
            let values = values::of_short_message(content, &tag, domain, origin);
            rendered(&template, values)?.trim().clone_into(form);
        }
        Ok(forms)
    }

    /// A part of a letter that is an email.
    pub(super) fn part(&self, letter: Letter, part: &str, content: &Content) -> Result<String, TemplateFault> {
        let (template, tag) = self.find(letter, part, locale(content))?;
        let values = values::of_letter(content, &tag);
        Ok(match part {
            "subject" => one_line(&rendered(&template, values)?),
            "txt" => wrapped(&rendered(&template, values)?),
            _ => rendered(&template, values)?,
        })
    }

    /// A notice in the words of an email.
    pub(super) fn notice(&self, notice: &Notice) -> Result<Words, TemplateFault> {
        let values = context! {
            language => &notice.tag,
            direction => values::direction(&notice.tag),
            title => &notice.title,
            preview => &notice.preview,
            paragraphs => &notice.paragraphs,
        };
        let html = rendered(&self.html.get_template("notice.html.j2")?, values)?;
        Ok(Words { subject: one_line(&notice.subject), text: notice.text(), html })
    }

    /// The sentences of the language of a locale, or the English ones.
    pub(super) fn sentences(&self, locale: &str) -> Result<&Sentences, TemplateFault> {
        folders(locale).find_map(|tag| self.sentences.get(&tag)).ok_or(TemplateFault::Sentences)
    }

    /// The template of a letter's part in the language that comes next to a locale, and the folder that it is in.
    pub(super) fn find(&self, letter: Letter, part: &str, locale: &str) -> Result<(Template<'_, '_>, String), Error> {
        let name = |tag: &str| format!("{tag}/{}.{part}.j2", letter.name());
        let found = folders(locale).find_map(|tag| Some((self.get(&name(&tag))?, tag)));
        found.ok_or_else(|| Error::new(ErrorKind::TemplateNotFound, "no language has this letter"))
    }

    fn home_mut(&mut self, name: &str) -> &mut Environment<'static> {
        if is_html(name) { &mut self.html } else { &mut self.text }
    }
}

fn is_html(name: &str) -> bool {
    name.ends_with(".html.j2")
}

fn locale(content: &Content) -> &str {
    if let Content::Code { locale, .. } = content { locale } else { "" }
}

/// The folders that serve a BCP 47 tag, the nearest first: `de-ch`, `de`, and English in the end.
fn folders(locale: &str) -> impl Iterator<Item = String> {
    let tag = locale.to_ascii_lowercase().replace('_', "-");
    let ends: Vec<usize> = tag.match_indices('-').map(|(at, _)| at).chain([tag.len()]).collect();
    let narrowing = ends.into_iter().rev().map(move |end| tag[..end].to_owned());
    narrowing.chain([FALLBACK.to_owned()])
}

/// What a template makes of the values, within bounds.
fn rendered(template: &Template<'_, '_>, values: Value) -> Result<String, Error> {
    let mut out = Bounded(Vec::with_capacity(4096));
    template.render_captured_to(values, &mut out)?;
    String::from_utf8(out.0).map_err(|_| Error::new(ErrorKind::WriteFailure, "the text is not UTF-8"))
}

/// Takes so much and no more.
struct Bounded(Vec<u8>);

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() > LONGEST.saturating_sub(self.0.len()) {
            return Err(io::Error::other("a part of a message is longer than 100 KiB"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locale_is_served_by_what_is_next_to_it() {
        for (locale, tags) in [
            ("", &["", "en"][..]),
            ("de", &["de", "en"]),
            ("de-CH", &["de-ch", "de", "en"]),
            ("zh_Hant_TW", &["zh-hant-tw", "zh-hant", "zh", "en"]),
            ("-", &["-", "", "en"]),
            ("e\u{301}n", &["e\u{301}n", "en"]),
        ] {
            assert_eq!(folders(locale).collect::<Vec<_>>(), tags, "{locale}");
        }
    }

    #[test]
    fn a_locale_without_messages_falls_back_to_english() {
        let set = Set::built_in().unwrap();
        for (locale, tag) in [
            ("", "en"),
            ("EN-gb", "en"),
            ("en_US", "en"),
            ("de-CH", "de"),
            ("PT_br", "pt"),
            ("ja", "ja"),
            ("fr-", "fr"),
            ("tlh", "en"),
            ("-", "en"),
            ("e\u{301}n", "en"),
            ("../de", "en"),
        ] {
            for letter in Letter::ALL {
                assert_eq!(set.find(letter, "html", locale).unwrap().1, tag, "{locale}");
            }
            assert_eq!(set.sentences(locale).unwrap().tag, tag, "{locale}");
        }
    }
}
