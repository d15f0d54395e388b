//! What is wrong with a configuration: where, what, and how to mend it. Never a value.

use std::{
    fmt,
    io::ErrorKind,
    path::{Path, PathBuf},
};

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file at fault: the configuration itself, or a file that it names.
    pub file: PathBuf,
    /// The line in it, counted from 1, where there is one.
    pub line: Option<usize>,
    /// The key, such as `sessions.idle_lifetime`; empty where the file as a whole is at fault.
    pub key: String,
    /// What is wrong, without the value: it may be a secret in the wrong place.
    pub what: String,
    /// What to do.
    pub remedy: String,
}

impl Problem {
    /// A problem with a file as a whole, named by `key`.
    #[must_use]
    pub fn of_file(file: &Path, key: &str, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line: None, key: key.to_owned(), what: what.into(), remedy: remedy.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if !self.key.is_empty() {
            write!(f, ": {}", self.key)?;
        }
        write!(f, ": {}; {}", self.what, self.remedy)
    }
}

/// Why a file or folder cannot be used, in words of its own for what happens most: the system's kinds of errors speak of
/// entities.
#[must_use]
pub fn because(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "there is no such file or folder".to_owned(),
        ErrorKind::AlreadyExists | ErrorKind::NotADirectory => "a file stands where a folder is needed".to_owned(),
        ErrorKind::IsADirectory => "it is a folder".to_owned(),
        ErrorKind::InvalidData => "it is not in UTF-8".to_owned(),
        kind => kind.to_string(),
    }
}

/// Everything that is wrong, in the order in which it stands in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.0.iter().enumerate() {
            if i > 0 {
                writeln!(f)?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}
