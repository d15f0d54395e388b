//! Whether this process is the only one that counts requests for a SQLite database: they are counted in its memory.

use rustix::fs::{FlockOperation, flock};
use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

/// Held by the one process. The system lets go of it when the process ends, however it ends.
pub(super) struct Lock(#[expect(dead_code, reason = "the open file is the lock")] File);

impl Lock {
    /// Takes the lock beside `database`; `None` where another process holds it.
    ///
    /// # Errors
    /// Where the folder cannot be written.
    pub(super) fn take(database: &Path) -> io::Result<Option<Self>> {
        let path = database.with_added_extension("lock");
        let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path)?;
        Ok(flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok().then(|| Self(file)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_knows_of_the_first_until_it_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("identity.db");
        let first = Lock::take(&database).unwrap();
        assert!(first.is_some());
        assert!(Lock::take(&database).unwrap().is_none());
        drop(first);
        assert!(Lock::take(&database).unwrap().is_some());
    }
}
