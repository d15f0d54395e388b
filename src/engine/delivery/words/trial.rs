//! Every message with sample values, and what is wrong with what a template makes of them.

use super::{
    Letter, TemplateFault,
    check::{PARTS, TemplateProblem, of_error, primary, problem},
    preview::{self, SAMPLE_CODE, SAMPLE_DOMAIN, SAMPLE_LINK, Sample},
    set::Set,
};
use crate::engine::delivery::notices::Notice;
use std::collections::BTreeSet;

/// Every message in every language, made and looked at.
pub(super) struct Trial<'a> {
    pub(super) set: &'a Set,
    /// The names of the operator's files.
    pub(super) own: &'a BTreeSet<String>,
    pub(super) problems: &'a mut Vec<TemplateProblem>,
}

impl Trial<'_> {
    pub(super) fn run(mut self) {
        for tag in self.set.languages() {
            for letter in Letter::ALL {
                self.is_whole(&tag, letter);
                for sample in Sample::ALL {
                    self.letter(&tag, letter, sample);
                }
            }
            self.notices(&tag);
        }
    }

    /// The parts of one email are in one language.
    fn is_whole(&mut self, tag: &str, letter: Letter) {
        let home = |part| self.set.find(letter, part, tag).map(|(_, folder)| folder).unwrap_or_default();
        let homes = ["subject", "txt", "html"].map(|part| (part, home(part)));
        let here = |home: &str| primary(home) == primary(tag);
        if homes.iter().any(|(_, home)| here(home)) {
            for (part, _) in homes.iter().filter(|(_, home)| !here(home)) {
                let name = format!("{tag}/{}.{part}.j2", letter.name());
                let what = "is missing, and an email is in one language";
                self.problems.push(problem(name, None, what, "add it, or remove the other parts of this letter"));
            }
        }
    }

    fn letter(&mut self, tag: &str, letter: Letter, sample: Sample) {
        let content = preview::letter(letter, tag, sample);
        for part in PARTS {
            let folder = self.set.find(letter, part, tag).map(|(_, folder)| folder).unwrap_or_default();
            let own = format!("{folder}/{}.{part}.j2", letter.name());
            let made = match part {
                // Whichever of its forms will go out.
                "sms" => self.set.short_forms(letter, &content, SAMPLE_DOMAIN).map(Vec::from),
                _ => self.set.part(letter, part, &content).map(|text| vec![text]),
            };
            match made {
                Err(fault) => self.failed(&fault, own),
                Ok(texts) => {
                    let found = |text: &String| match part {
                        "subject" => of_subject(text),
                        "txt" => of_text(text, letter),
                        "sms" => of_sms(text, letter),
                        _ => of_html(text).or_else(|| of_letter(text, letter)),
                    };
                    if let Some((what, remedy)) = texts.iter().find_map(found) {
                        self.blame(
                            &[own, "letter.html.j2".to_owned(), "layout.html.j2".to_owned()],
                            None,
                            what,
                            remedy,
                        );
                    }
                }
            }
        }
    }

    fn notices(&mut self, tag: &str) {
        let Ok(sentences) = self.set.sentences(tag) else { return };
        for content in preview::notices(tag) {
            let Some(notice) = Notice::of(&content, sentences) else { continue };
            if let Some((what, remedy)) = notice.short.iter().find_map(|text| too_long(text)) {
                self.blame(&[format!("{}/notices.json", sentences.tag)], None, what, remedy);
            }
            let of_notice = |html: &str| {
                let said = html.contains(preview::SAMPLE_ADDRESS);
                (!said).then_some(("leaves paragraphs out", "show every one of paragraphs"))
            };
            match self.set.notice(&notice) {
                Err(fault) => self.failed(&fault, "notice.html.j2".to_owned()),
                Ok(words) => {
                    if let Some((what, remedy)) = of_html(&words.html).or_else(|| of_notice(&words.html)) {
                        self.blame(&["notice.html.j2", "layout.html.j2"].map(str::to_owned), None, what, remedy);
                    }
                }
            }
        }
    }

    fn failed(&mut self, fault: &TemplateFault, name: String) {
        match fault {
            TemplateFault::Template(error) => {
                let told = of_error(error, &name);
                let names = [told.name, name, "letter.html.j2".to_owned(), "layout.html.j2".to_owned()];
                self.blame(&names, told.line, &told.what, &told.remedy);
            }
            other => self.problems.push(TemplateProblem::of_program(other)),
        }
    }

    /// Notes a problem with the first of the names that the operator's folder has.
    fn blame(&mut self, names: &[String], line: Option<usize>, what: &str, remedy: &str) {
        let own = names.iter().find(|name| self.own.contains(*name)).or(names.first());
        let line = line.filter(|_| own == names.first());
        self.problems.push(problem(own.cloned().unwrap_or_default(), line, what, remedy));
    }
}

/// What is wrong with a part, and what to do.
type Finding = (&'static str, &'static str);

fn of_subject(subject: &str) -> Option<Finding> {
    if subject.is_empty() || subject.chars().count() > 200 {
        return Some(("makes a subject that is empty or longer than 200 characters", "write one short line"));
    }
    let told = subject.contains(SAMPLE_CODE) || subject.contains(SAMPLE_LINK);
    told.then_some(("puts the code or the link into the subject, which mail servers log", "leave them to the body"))
}

const NO_CODE: Finding = ("leaves the code out", "write {{ code }} where it is to stand");
const NO_LINK: Finding = ("leaves the link out", "write {{ link }} on a line of its own");

fn of_text(text: &str, letter: Letter) -> Option<Finding> {
    if letter != Letter::Link && !text.contains(SAMPLE_CODE) {
        return Some(NO_CODE);
    }
    let stands = text.split_whitespace().any(|word| word == SAMPLE_LINK);
    (letter != Letter::Code && !stands).then_some(NO_LINK)
}

fn of_letter(html: &str, letter: Letter) -> Option<Finding> {
    if letter != Letter::Link && !html.contains(SAMPLE_CODE) {
        return Some(NO_CODE);
    }
    let leads = html.contains(&format!("href=\"{SAMPLE_LINK}\""));
    (letter != Letter::Code && !leads).then_some(("has no link to the link", "write <a href=\"{{ link }}\">"))
}

/// What is wrong with an SMS of any kind.
fn too_long(sms: &str) -> Option<Finding> {
    let long = sms.chars().count() > 600;
    long.then_some(("makes an SMS of more than 600 characters", "shorten it: each part of 160 is paid for"))
}

fn of_sms(text: &str, letter: Letter) -> Option<Finding> {
    if let Some(finding) = too_long(text) {
        return Some(finding);
    }
    let bound = format!("@{SAMPLE_DOMAIN} #{SAMPLE_CODE}");
    if letter != Letter::Link && text.lines().last() != Some(bound.as_str()) {
        return Some(("does not end with the line that binds the code", "end it with @{{ domain }} #{{ code }}"));
    }
    let stands = text.split_whitespace().any(|word| word == SAMPLE_LINK);
    (letter != Letter::Code && !stands).then_some(NO_LINK)
}

/// What makes a mail program fetch something, run something, or send something.
const FETCHING: [&str; 19] = [
    "<img",
    "<script",
    "<link",
    "<iframe",
    "<frame",
    "<object",
    "<embed",
    "<form",
    "<base",
    "<video",
    "<audio",
    "<svg",
    "<source",
    "src=",
    "srcset",
    "background=",
    "url(",
    "@import",
    "javascript:",
];

/// A56: a message fetches nothing from anywhere, so that nobody learns that it was read, or the link in it.
pub(super) fn of_html(html: &str) -> Option<Finding> {
    let small = html.to_ascii_lowercase();
    let fetches = FETCHING.iter().any(|mark| small.contains(mark));
    fetches.then_some((
        "fetches or runs something when it is read",
        "remove pictures, scripts, forms and everything else from outside",
    ))
}
