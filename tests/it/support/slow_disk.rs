//! A disk that takes a second and a half to keep what was written, for as long as a test wants: whoever waits for a commit of
//! SQLite gives up, and the commit is made.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use tempfile::TempDir;

use super::preload;
use super::server::PROGRAM;

/// The sign by which the disk is slow.
pub(crate) struct SlowDisk {
    sign: PathBuf,
}

impl SlowDisk {
    /// Not slow yet; its sign will be in `folder`.
    pub(crate) fn in_folder(folder: &Path) -> Self {
        Self { sign: folder.join("slow-disk") }
    }

    /// The service, to be started subject to it.
    pub(crate) fn rules(&self) -> Command {
        let mut command = Command::new("env");
        let set = |name: &str, value: &Path| format!("{name}={}", value.display());
        command.args([set("LD_PRELOAD", library()), set("SLOW_DISK_WHILE", &self.sign)]).arg(PROGRAM);
        command
    }

    /// From now on it is slow.
    pub(crate) fn begin(&self) {
        fs::write(&self.sign, "").unwrap();
    }

    /// It is as before.
    pub(crate) fn end(&self) {
        fs::remove_file(&self.sign).unwrap();
    }
}

/// Made once a run.
fn library() -> &'static Path {
    static LIBRARY: LazyLock<(TempDir, PathBuf)> =
        LazyLock::new(|| preload::library("slow_disk", include_str!("slow_disk.c")));
    &LIBRARY.1
}
