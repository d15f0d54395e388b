//! A disk that takes a second and a half to keep what was written, for as long as a test wants: whoever waits for a commit of
//! SQLite gives up, and the commit is made.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use tempfile::TempDir;

use super::preload::{self, Ailment};

/// None yet; its sign will be in `folder`.
pub(crate) fn in_folder(folder: &Path) -> Ailment {
    // Made once a run.
    static LIBRARY: LazyLock<(TempDir, PathBuf)> =
        LazyLock::new(|| preload::library("slow_disk", include_str!("slow_disk.c")));
    Ailment::by(&LIBRARY.1, "SLOW_DISK_WHILE", folder.join("slow-disk"))
}
