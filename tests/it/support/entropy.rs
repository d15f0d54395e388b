//! A system that has no randomness to give, for as long as a test wants. The service then has no safe way on and panics,
//! wherever it draws a number: the only fault that does so from outside, in the very program that is released.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use tempfile::TempDir;

use super::preload;
use super::server::PROGRAM;

/// The sign by which randomness fails.
pub(crate) struct Drought {
    sign: PathBuf,
}

impl Drought {
    /// None yet; its sign will be in `folder`.
    pub(crate) fn in_folder(folder: &Path) -> Self {
        Self { sign: folder.join("no-entropy") }
    }

    /// The service, to be started subject to it.
    pub(crate) fn rules(&self) -> Command {
        let mut command = Command::new("env");
        let set = |name: &str, value: &Path| format!("{name}={}", value.display());
        command.args([set("LD_PRELOAD", library()), set("NO_ENTROPY_WHILE", &self.sign)]).arg(PROGRAM);
        command
    }

    /// From now on there is no randomness.
    pub(crate) fn begin(&self) {
        fs::write(&self.sign, "").unwrap();
    }

    /// There is again.
    pub(crate) fn end(&self) {
        fs::remove_file(&self.sign).unwrap();
    }
}

/// Made once a run.
fn library() -> &'static Path {
    static LIBRARY: LazyLock<(TempDir, PathBuf)> =
        LazyLock::new(|| preload::library("no_entropy", include_str!("no_entropy.c")));
    &LIBRARY.1
}
