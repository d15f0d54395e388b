//! A system that has no randomness to give, for as long as a test wants. The service then has no safe way on and panics,
//! wherever it draws a number: the only fault that does so from outside, in the very program that is released.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use tempfile::TempDir;

use super::preload::{self, Ailment};

/// None yet; its sign will be in `folder`.
pub(crate) fn in_folder(folder: &Path) -> Ailment {
    // Made once a run.
    static LIBRARY: LazyLock<(TempDir, PathBuf)> =
        LazyLock::new(|| preload::library("no_entropy", include_str!("no_entropy.c")));
    Ailment::by(&LIBRARY.1, "NO_ENTROPY_WHILE", folder.join("no-entropy"))
}
