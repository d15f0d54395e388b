//! Key files that change while the service runs.

use crate::{
    adapters::keys::{FileKeys, KeyMaterial},
    config::secrets::{SecretsFolder, ServiceKeys, Stamp},
};
use std::{sync::Arc, time::Duration};
use tokio::{
    signal::unix::Signal,
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(5);

/// The key files, and the keys that they are in force as.
pub(in crate::app) struct KeyFiles {
    folder: SecretsFolder,
    keys: Arc<FileKeys>,
    seen: Stamp,
}

impl KeyFiles {
    /// Watches the folder that `keys` were read from. `seen` is its state before they were read, so that a change
    /// between the two is not missed.
    pub(in crate::app) const fn new(folder: SecretsFolder, keys: Arc<FileKeys>, seen: Stamp) -> Self {
        Self { folder, keys, seen }
    }

    /// Reads the files again when one has changed or `hang_up` (SIGHUP) comes, until told to stop.
    pub(in crate::app) async fn follow(mut self, mut hang_up: Signal, stop: CancellationToken) {
        let mut ticks = interval(LOOK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let asked = tokio::select! {
                () = stop.cancelled() => return,
                _ = hang_up.recv() => true,
                _ = ticks.tick() => false,
            };
            let look = tokio::task::spawn_blocking(move || {
                self.look(asked);
                self
            });
            // The files are read elsewhere, for a disk may be slow; what panics there ends this job.
            let Ok(back) = look.await else { return };
            self = back;
        }
    }

    fn look(&mut self, asked: bool) {
        let now = self.folder.stamp();
        if !asked && now == self.seen {
            return;
        }
        self.seen = now;
        match self.folder.load() {
            Ok(keys) => self.replace(keys),
            Err(problems) => {
                for problem in problems.0 {
                    tracing::error!(%problem, "a key file is wrong; the earlier keys stay in force");
                }
            }
        }
    }

    fn replace(&self, keys: ServiceKeys) {
        let ServiceKeys { peppers, sealing, refresh, index, .. } = keys;
        let newest = peppers.newest_id().clone();
        match self.keys.replace(KeyMaterial { peppers, sealing, refresh, index }) {
            Ok(()) => tracing::info!(pepper = %newest, "the keys have been read again"),
            Err(fault) => tracing::error!(error = %fault, "the earlier keys stay in force"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::keys::Keys as _;
    use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

    fn put(folder: &Path, name: &str, mode: u32) {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "ab".repeat(32)).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn watched() -> (tempfile::TempDir, KeyFiles) {
        let folder = tempfile::tempdir().unwrap();
        for name in ["peppers/1", "sealing/1", "refresh/1", "index-key", "signing-keys/1.pem", "admin-token"] {
            put(folder.path(), name, 0o600);
        }
        let secrets = SecretsFolder { directory: folder.path().to_owned() };
        let seen = secrets.stamp();
        let ServiceKeys { peppers, sealing, refresh, index, .. } = secrets.load().unwrap();
        let keys = Arc::new(FileKeys::new(KeyMaterial { peppers, sealing, refresh, index }));
        (folder, KeyFiles::new(secrets, keys, seen))
    }

    #[test]
    fn a_new_key_comes_into_force_and_a_bad_one_does_not() {
        let (folder, mut files) = watched();
        let newest = |files: &KeyFiles| files.keys.peppers().newest_id().as_str().to_owned();
        files.look(false);
        assert_eq!(newest(&files), "1");
        put(folder.path(), "peppers/2", 0o600);
        files.look(false);
        assert_eq!(newest(&files), "2");
        put(folder.path(), "peppers/3", 0o644);
        files.look(false);
        assert_eq!(newest(&files), "2");
        fs::set_permissions(folder.path().join("peppers/3"), fs::Permissions::from_mode(0o600)).unwrap();
        files.look(false);
        assert_eq!(newest(&files), "3");
    }

    #[test]
    fn another_index_key_is_not_taken() {
        let (folder, mut files) = watched();
        fs::write(folder.path().join("index-key"), "cd".repeat(32)).unwrap();
        put(folder.path(), "peppers/2", 0o600);
        files.look(false);
        assert_eq!(files.keys.peppers().newest_id().as_str(), "1");
    }
}
