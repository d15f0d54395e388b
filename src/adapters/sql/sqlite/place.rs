//! Whether the file that is open still lies at its path. The system lets a program write on into a file that was removed or
//! replaced, and nobody finds it again: see `docs/decisions/0172-the-file-at-the-path.md`.

use std::{
    fs, io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

/// Where the file lies that is open.
pub(super) struct Place {
    path: PathBuf,
    file: (u64, u64),
    gone: AtomicBool,
}

impl Place {
    /// The file that lies at `path` now, which is about to be opened.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), file: file_at(path)?, gone: AtomicBool::new(false) })
    }

    /// Looks whether the file is there, and logs where that has changed.
    pub(super) fn holds(&self) -> bool {
        // An open file keeps its number: no other gets it.
        let there = file_at(&self.path).is_ok_and(|file| file == self.file);
        let changed = self.gone.swap(!there, Ordering::Relaxed) == there;
        let path = self.path.display();
        match (changed, there) {
            (true, true) => tracing::warn!(%path, "the file of the database is back"),
            (true, false) => tracing::error!(
                %path,
                "the file of the database was removed or replaced, and nothing is written any more: \
                put that very file back, or restart the service to go on with what lies there then"
            ),
            (false, _) => {}
        }
        there
    }
}

fn file_at(path: &Path) -> io::Result<(u64, u64)> {
    let found = fs::metadata(path)?;
    Ok((found.dev(), found.ino()))
}
