//! The operator's templates, tried before they are taken.

use super::{
    Letter, TemplateFault,
    set::{FALLBACK, Set},
    trial::Trial,
    values::{OF_LETTERS, OF_NOTICES, OF_SHORT_MESSAGES},
};
use crate::engine::delivery::notices::Sentences;
use minijinja::{Error, ErrorKind};
use std::collections::BTreeSet;

/// A file of the operator's folder of templates.
#[derive(Clone, Debug)]
pub struct TemplateFile {
    /// Its path within the folder, such as `de/code.txt.j2`.
    pub name: String,
    /// What stands in it.
    pub text: String,
}

/// Something that is wrong with the operator's templates.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TemplateProblem {
    /// The path of the file within the folder.
    pub name: String,
    /// The line in it, counted from 1, where there is one.
    pub line: Option<usize>,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub remedy: String,
}

impl TemplateProblem {
    /// What only a fault of this program can be.
    pub(super) fn of_program(fault: &TemplateFault) -> Self {
        problem(String::new(), None, &fault.to_string(), "report this fault of the program")
    }
}

pub(super) fn problem(name: impl Into<String>, line: Option<usize>, what: &str, remedy: &str) -> TemplateProblem {
    TemplateProblem { name: name.into(), line, what: what.to_owned(), remedy: remedy.to_owned() }
}

/// What a file is, by its name.
enum Place<'a> {
    /// A template whose values are these.
    Template(Vec<&'static str>),
    /// The sentences of the notices of a language.
    Sentences(&'a str),
}

pub(super) const PARTS: [&str; 4] = ["subject", "txt", "html", "sms"];

impl<'a> Place<'a> {
    fn of(name: &'a str) -> Option<Self> {
        let Some((tag, file)) = name.split_once('/') else {
            return Some(Self::Template(match name {
                "layout.html.j2" => OF_LETTERS.into_iter().filter(|name| OF_NOTICES.contains(name)).collect(),
                "letter.html.j2" => OF_LETTERS.to_vec(),
                "notice.html.j2" => OF_NOTICES.to_vec(),
                _ => return None,
            }));
        };
        if !is_tag(tag) {
            return None;
        }
        if file == "notices.json" {
            return Some(Self::Sentences(tag));
        }
        let (letter, part) = file.strip_suffix(".j2")?.split_once('.')?;
        let known = Letter::ALL.iter().any(|known| known.name() == letter) && PARTS.contains(&part);
        let short: &[&str] = if part == "sms" { &OF_SHORT_MESSAGES } else { &[] };
        known.then(|| Self::Template([&OF_LETTERS[..], short].concat()))
    }
}

/// Whether a folder's name is a language tag in lower case, such as `it` or `zh-hant`.
fn is_tag(name: &str) -> bool {
    let mut parts = name.split('-');
    let primary = parts.next().unwrap_or_default();
    let small = |text: &str| text.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    (2..=3).contains(&primary.len())
        && primary.bytes().all(|c| c.is_ascii_lowercase())
        && parts.all(|part| (2..=8).contains(&part.len()) && small(part))
}

/// The set of this program with the operator's files over it.
pub(super) fn checked(mut files: Vec<TemplateFile>) -> Result<Set, Vec<TemplateProblem>> {
    let mut set = Set::built_in().map_err(|fault| vec![TemplateProblem::of_program(&fault)])?;
    // A language comes before its varieties, which fall back on it.
    files.sort_by_key(|file| (file.name.find('/').unwrap_or_default(), file.name.clone()));
    let mut problems = Vec::new();
    let own: BTreeSet<String> = files.iter().map(|file| file.name.clone()).collect();
    for file in files {
        take(&mut set, file, &mut problems);
    }
    if problems.is_empty() {
        Trial { set: &set, own: &own, problems: &mut problems }.run();
    }
    problems.sort();
    problems.dedup();
    if problems.is_empty() { Ok(set) } else { Err(problems) }
}

fn take(set: &mut Set, TemplateFile { name, text }: TemplateFile, problems: &mut Vec<TemplateProblem>) {
    match Place::of(&name) {
        None => problems.push(problem(name, None, "is not the name of a template", NAMES)),
        Some(Place::Template(known)) => {
            if let Err(error) = set.add(name.clone(), text.clone()) {
                problems.push(of_error(&error, &name));
                return;
            }
            let Some(template) = set.get(&name) else { return };
            for strange in template.undeclared_variables(false) {
                if !known.contains(&strange.as_str()) && !OF_THE_LANGUAGE.contains(&strange.as_str()) {
                    let line = text.lines().position(|line| line.contains(&strange)).map(|at| at + 1);
                    let what = format!("names {strange}, which it does not get");
                    problems.push(problem(name.clone(), line, &what, &format!("known here: {}", known.join(", "))));
                }
            }
        }
        Some(Place::Sentences(tag)) => {
            let english = set.sentences(FALLBACK).ok().cloned();
            let nearest = set.sentences(tag).ok().cloned();
            // English stands in for a whole language, and never for a part of one.
            let base = nearest.filter(|nearest| primary(&nearest.tag) == primary(tag));
            let Some(english) = english else { return };
            match Sentences::checked(tag, &text, base.as_ref(), &english) {
                Ok(sentences) => set.add_sentences(sentences),
                Err(faults) => problems.extend(faults.into_iter().map(|fault| TemplateProblem {
                    name: name.clone(),
                    line: Some(fault.line),
                    what: fault.what,
                    remedy: fault.remedy,
                })),
            }
        }
    }
}

const NAMES: &str = "remove it, or give it a name of docs/templates.md, such as de/code.txt.j2";

/// What templates name without a value.
const OF_THE_LANGUAGE: [&str; 4] = ["self", "super", "loop", "caller"];

pub(super) fn primary(tag: &str) -> &str {
    tag.split('-').next().unwrap_or_default()
}

pub(super) fn of_error(error: &Error, name: &str) -> TemplateProblem {
    let remedy = match error.kind() {
        ErrorKind::UndefinedError => "name only what docs/templates.md lists",
        ErrorKind::UnknownFilter | ErrorKind::UnknownTest | ErrorKind::UnknownFunction | ErrorKind::UnknownMethod => {
            "use only the filters and tests of docs/templates.md"
        }
        ErrorKind::TemplateNotFound | ErrorKind::BadInclude => "extend and include templates of the same folder alone",
        ErrorKind::WriteFailure => "make it shorter: a part of a message has at most 100 KiB",
        ErrorKind::OutOfFuel => "make it shorter: a template may take so many steps and no more",
        _ => "mend the template here",
    };
    let what = match error.detail() {
        Some(detail) => format!("{}: {detail}", error.kind()),
        None => error.kind().to_string(),
    };
    problem(error.name().unwrap_or(name), error.line(), &what, remedy)
}
