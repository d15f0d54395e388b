//! The paths that a file names, each from the root of the crate or from another crate.

use super::tokens::{Token, tokens};

/// A path and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reference {
    pub(super) path: Vec<String>,
    pub(super) line: usize,
}

/// Every path in `text`, the file `name` (`src/engine/otp/send.rs`). One within this crate begins with `crate`.
pub(super) fn references(name: &str, text: &str) -> Vec<Reference> {
    let mut reader = Reader { tokens: tokens(text), index: 0, module: module_of(name), found: Vec::new() };
    reader.read();
    reader.found
}

/// The module that a file is: `src/engine/otp/send.rs` is engine, otp, send.
fn module_of(name: &str) -> Vec<String> {
    let path = name.trim_start_matches("src/").trim_end_matches(".rs");
    let mut module: Vec<String> = path.split('/').map(str::to_owned).collect();
    if module.last().is_some_and(|last| matches!(last.as_str(), "mod" | "lib" | "main")) {
        module.pop();
    }
    module
}

struct Reader {
    tokens: Vec<Token>,
    index: usize,
    module: Vec<String>,
    found: Vec<Reference>,
}

impl Reader {
    fn text(&self, ahead: usize) -> &str {
        self.tokens.get(self.index + ahead).map_or("", |token| token.text.as_str())
    }

    fn is_name(&self, ahead: usize) -> bool {
        self.text(ahead).starts_with(|first: char| first.is_alphabetic() || first == '_')
    }

    fn read(&mut self) {
        // How deep each module written out in this file begins.
        let mut inner: Vec<usize> = Vec::new();
        let mut depth = 0;
        while self.index < self.tokens.len() {
            match self.text(0) {
                "mod" if self.text(2) == "{" => {
                    self.module.push(self.text(1).to_owned());
                    inner.push(depth);
                    depth += 1;
                    self.index += 3;
                }
                "{" => {
                    depth += 1;
                    self.index += 1;
                }
                "}" => {
                    depth -= 1;
                    if inner.last() == Some(&depth) {
                        inner.pop();
                        self.module.pop();
                    }
                    self.index += 1;
                }
                "use" => {
                    self.index += 1;
                    self.tree(&[]);
                }
                _ if self.is_name(0) && self.text(1) == "::" => self.path(),
                // The field or the method of a value is no path; nor is what follows `::` behind a type.
                "." => self.index += 2,
                _ => self.index += 1,
            }
        }
    }

    /// A path in an expression, a type or an attribute.
    fn path(&mut self) {
        let line = self.tokens[self.index].line;
        let mut path = vec![self.text(0).to_owned()];
        self.index += 1;
        while self.text(0) == "::" && self.is_name(1) {
            path.push(self.text(1).to_owned());
            self.index += 2;
        }
        self.add(path, line);
    }

    /// A `use` tree behind `prefix`, up to the `,`, `}` or `;` that ends it.
    fn tree(&mut self, prefix: &[String]) {
        let line = self.tokens.get(self.index).map_or(0, |token| token.line);
        let mut path = prefix.to_vec();
        loop {
            match self.text(0) {
                "::" => self.index += 1,
                "{" => {
                    self.index += 1;
                    while !matches!(self.text(0), "}" | "") {
                        self.tree(&path);
                        if self.text(0) == "," {
                            self.index += 1;
                        }
                    }
                    self.index += 1;
                    return;
                }
                "as" => self.index += 2,
                _ if self.is_name(0) || self.text(0) == "*" => {
                    path.push(self.text(0).to_owned());
                    self.index += 1;
                }
                _ => break,
            }
        }
        if path.len() > prefix.len() {
            self.add(path, line);
        }
    }

    fn add(&mut self, path: Vec<String>, line: usize) {
        let mut base: Option<Vec<String>> = None;
        let mut rest = path.as_slice();
        while let [first, behind @ ..] = rest {
            match first.as_str() {
                "crate" | "identity" if base.is_none() => base = Some(Vec::new()),
                "self" if base.is_none() => base = Some(self.module.clone()),
                "super" => {
                    let mut module = base.unwrap_or_else(|| self.module.clone());
                    module.pop();
                    base = Some(module);
                }
                _ => break,
            }
            rest = behind;
        }
        let path = match base {
            Some(base) => ["crate".to_owned()].into_iter().chain(base).chain(rest.iter().cloned()).collect(),
            None => path,
        };
        self.found.push(Reference { path, line });
    }
}
