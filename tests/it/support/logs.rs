//! What a program wrote, kept in a file and searched.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// A file that takes a program's output.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    path: PathBuf,
}

impl Log {
    /// An empty log at `path`, or the log that is there, which a restarted program goes on writing.
    pub(crate) fn at(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// A handle for `Command::stdout` or `Command::stderr`; it appends.
    pub(crate) fn writer(&self) -> Stdio {
        Stdio::from(File::options().create(true).append(true).open(&self.path).unwrap())
    }

    /// Everything written so far.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.path).unwrap_or_default()).into_owned()
    }

    /// The lines that contain `needle`.
    pub(crate) fn lines_with(&self, needle: &str) -> Vec<String> {
        self.text().lines().filter(|line| line.contains(needle)).map(str::to_owned).collect()
    }
}
