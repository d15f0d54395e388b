//! Reads a TOML document key by key and collects everything that is wrong with it.
//!
//! A derived `Deserialize` stops at the first fault; an operator who mends one key at a time restarts ten times.

use super::{form::Form, problem::Problem};
use std::{
    cell::RefCell,
    path::{Path, PathBuf},
};
use toml::de::{DeTable, DeValue};
use zeroize::Zeroizing;

/// The document being read, and what is wrong with it so far.
pub(super) struct Report {
    file: PathBuf,
    folder: PathBuf,
    // A file of review accounts holds codes.
    source: Zeroizing<String>,
    problems: RefCell<Vec<Problem>>,
    #[cfg(test)]
    asked: RefCell<Vec<String>>,
}

impl Report {
    /// A report on `file`, whose text is `source`. Relative paths in it start at the file's own folder.
    pub(super) fn new(file: &Path, source: String) -> Self {
        let absolute = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
        Self {
            file: file.to_owned(),
            folder: absolute.parent().map(Path::to_owned).unwrap_or_default(),
            source: Zeroizing::new(source),
            problems: RefCell::default(),
            #[cfg(test)]
            asked: RefCell::default(),
        }
    }

    /// Reads the document with `read`; `None` with at least one problem where anything is wrong.
    pub(super) fn read<T>(&self, read: impl FnOnce(&mut Section<'_>) -> Option<T>) -> Option<T> {
        let (document, faults) = DeTable::parse_recoverable(&self.source);
        for fault in &faults {
            let at = fault.span().map_or(0, |span| span.start);
            // The message alone: the error's own display quotes the line, which may hold a secret.
            self.add(at, "", fault.message(), "mend the TOML here");
        }
        if !faults.is_empty() {
            return None;
        }
        let mut root =
            Section { path: String::new(), table: Some(document.get_ref()), at: 0, known: Vec::new(), report: self };
        let value = read(&mut root);
        root.finish();
        value
    }

    /// Notes a problem at a byte of the document.
    pub(super) fn add(&self, at: usize, key: &str, what: impl Into<String>, remedy: impl Into<String>) {
        let before = self.source.as_bytes().get(..at).unwrap_or_default();
        self.problems.borrow_mut().push(Problem {
            file: self.file.clone(),
            line: Some(1 + before.split(|byte| *byte == b'\n').skip(1).count()),
            key: key.to_owned(),
            what: what.into(),
            remedy: remedy.into(),
        });
    }

    /// The problems, by line.
    pub(super) fn into_problems(self) -> Vec<Problem> {
        let mut problems = self.problems.into_inner();
        problems.sort_by_key(|problem| problem.line);
        problems
    }

    /// Every key that was asked for, present or not.
    #[cfg(test)]
    pub(super) fn asked(&self) -> Vec<String> {
        self.asked.borrow().clone()
    }
}

/// What stands under a key.
pub(super) enum Found<T> {
    /// Nothing.
    Absent,
    /// Something wrong; a problem has been noted.
    Wrong,
    /// A value.
    Value(T),
}

impl<T> Found<T> {
    /// The value, or the default where there is none; `None` where it is wrong.
    pub(super) fn or(self, default: T) -> Option<T> {
        match self {
            Self::Absent => Some(default),
            Self::Wrong => None,
            Self::Value(value) => Some(value),
        }
    }

    /// The value or nothing, where it may be left out; `None` where it is wrong.
    #[expect(clippy::option_option, reason = "the outer tells whether it could be read, the inner whether it is there")]
    pub(super) fn optional(self) -> Option<Option<T>> {
        match self {
            Self::Absent => Some(None),
            Self::Wrong => None,
            Self::Value(value) => Some(Some(value)),
        }
    }
}

/// A table of the document.
pub(super) struct Section<'d> {
    path: String,
    table: Option<&'d DeTable<'d>>,
    at: usize,
    known: Vec<&'static str>,
    report: &'d Report,
}

impl<'d> Section<'d> {
    /// The section's own name, such as `delivery.smtp`.
    pub(super) fn place(&self) -> &str {
        &self.path
    }

    /// What stands under `key`.
    pub(super) fn get<F: Form>(&mut self, key: &'static str, form: &F) -> Found<F::Value> {
        let Some((value, at)) = self.value(key) else { return Found::Absent };
        match form.read(value) {
            Ok(value) => Found::Value(value),
            Err(what) => {
                self.report.add(at, &self.name(key), what, format!("give {}", form.expected()));
                Found::Wrong
            }
        }
    }

    /// What stands under `key`, which must not be left out.
    pub(super) fn need<F: Form>(&mut self, key: &'static str, form: &F) -> Option<F::Value> {
        match self.get(key, form) {
            Found::Value(value) => Some(value),
            Found::Wrong => None,
            Found::Absent => {
                let remedy = format!("give {}", form.expected());
                self.report.add(self.at, &self.name(key), "is missing", remedy);
                None
            }
        }
    }

    /// The path as it counts: one that is not absolute starts at the configuration's own folder.
    pub(super) fn resolve(&self, path: &Path) -> PathBuf {
        self.report.folder.join(path)
    }

    /// Reads the table under `key`; where it is missing, as an empty one.
    pub(super) fn section<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&mut Section<'d>) -> Option<T>,
    ) -> Option<T> {
        let (table, at) = match self.value(key) {
            None => (None, self.at),
            Some((DeValue::Table(table), at)) => (Some(table), at),
            Some((_, at)) => {
                let remedy = format!("write it as the section [{}]", self.name(key));
                self.report.add(at, &self.name(key), "is not a table", remedy);
                return None;
            }
        };
        self.child(self.name(key), table, at, read)
    }

    /// Whether anything stands under `key`.
    pub(super) fn has(&mut self, key: &'static str) -> bool {
        self.value(key).is_some()
    }

    /// The name of the one table that is there, of those that exclude each other.
    pub(super) fn choice(&mut self, keys: &[&'static str]) -> Option<&'static str> {
        let found: Vec<_> = keys.iter().copied().filter(|key| self.value(key).is_some()).collect();
        if let [key] = found[..] {
            return Some(key);
        }
        let what = if found.is_empty() { "has no choice" } else { "has more than one choice" };
        self.report.add(self.at, &self.path, what, format!("write exactly one of {}", keys.join(", ")));
        None
    }

    /// Reads each table of the list under `key`; `Absent` where there is no such key.
    pub(super) fn tables<T>(
        &mut self,
        key: &'static str,
        mut read: impl FnMut(&mut Section<'d>) -> Option<T>,
    ) -> Found<Vec<T>> {
        let Some((value, at)) = self.value(key) else { return Found::Absent };
        let name = self.name(key);
        let DeValue::Array(list) = value else {
            self.report.add(at, &name, "is not a list", format!("write each entry as [[{name}]]"));
            return Found::Wrong;
        };
        let mut out = Vec::new();
        for (i, entry) in list.iter().enumerate() {
            let DeValue::Table(table) = entry.get_ref() else {
                self.report.add(entry.span().start, &name, "has an entry that is not a table", "write it as { … }");
                continue;
            };
            out.extend(self.child(format!("{name}[{i}]"), Some(table), entry.span().start, &mut read));
        }
        if out.len() == list.len() { Found::Value(out) } else { Found::Wrong }
    }

    /// Notes that `key` is wrong by a rule that its form does not know; empty for the section itself.
    pub(super) fn wrong(&mut self, key: &'static str, what: &str, remedy: &str) {
        let at = self.value(key).map_or(self.at, |(_, at)| at);
        let name = if key.is_empty() { self.path.clone() } else { self.name(key) };
        self.report.add(at, &name, what, remedy);
    }

    fn value(&mut self, key: &'static str) -> Option<(&'d DeValue<'d>, usize)> {
        if !self.known.contains(&key) && !key.is_empty() {
            self.known.push(key);
            #[cfg(test)]
            self.report.asked.borrow_mut().push(self.name(key));
        }
        let (name, value) = self.table?.get_key_value(key)?;
        Some((value.get_ref(), name.span().start))
    }

    fn name(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    fn child<T>(
        &self,
        path: String,
        table: Option<&'d DeTable<'d>>,
        at: usize,
        read: impl FnOnce(&mut Section<'d>) -> Option<T>,
    ) -> Option<T> {
        let mut child = Section { path, table, at, known: Vec::new(), report: self.report };
        let value = read(&mut child);
        child.finish();
        value
    }

    /// Notes every key that nobody asked for.
    fn finish(self) {
        for (key, _) in self.table.into_iter().flatten() {
            let name: &str = key.get_ref();
            if !self.known.contains(&name) {
                let remedy = remedy_for_unknown(name, &self.known);
                self.report.add(key.span().start, &self.name(name), "is not a known key", remedy);
            }
        }
    }
}

/// Whoever writes a secret into the file is told where secrets belong.
fn remedy_for_unknown(key: &str, known: &[&str]) -> String {
    let key = key.to_lowercase();
    if !key.ends_with("_file")
        && ["password", "secret", "token", "pepper", "private"].iter().any(|word| key.contains(word))
    {
        return "secrets stand in files of their own with mode 0600: remove it here and name the file".to_owned();
    }
    if known.is_empty() {
        return "remove it: no key is known here".to_owned();
    }
    format!("known here: {}", known.join(", "))
}
