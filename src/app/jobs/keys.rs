//! Key files that change while the service runs.

use super::Watched;
use crate::{
    adapters::keys::{FileKeys, KeyMaterial, ReplacedKey},
    app::{accept::Certificate, material},
    config::{
        listen::TlsFiles,
        problem::{Problem, Problems},
        secrets::{SecretsFolder, ServiceKeys, Stamp},
    },
    grpc::OperatorToken,
};
use std::{convert::Infallible, sync::Arc};

/// What is replaced when its files change.
pub(in crate::app) struct InForce {
    /// Peppers, sealing and refresh keys.
    pub(in crate::app) keys: Arc<FileKeys>,
    /// What operators show.
    pub(in crate::app) operator_token: OperatorToken,
    /// The listeners' certificate and its files, where they have one.
    pub(in crate::app) certificate: Option<(TlsFiles, Certificate)>,
}

/// The state of the key files and of the listeners' certificate.
#[derive(PartialEq, Eq)]
pub(in crate::app) struct KeyStamp(Stamp, Stamp);

impl KeyStamp {
    /// The state now.
    pub(in crate::app) fn of(folder: &SecretsFolder, tls: Option<&TlsFiles>) -> Self {
        let files = tls.into_iter().flat_map(|tls| [tls.certificate_file.clone(), tls.key_file.clone()]);
        Self(folder.stamp(), Stamp::of(files))
    }
}

/// The key files, and what they are in force as.
pub(in crate::app) struct KeyFiles {
    folder: SecretsFolder,
    in_force: InForce,
    seen: KeyStamp,
}

impl KeyFiles {
    /// Watches the folder that the keys were read from. `seen` is its state before they were read, so that a change
    /// between the two is not missed.
    pub(in crate::app) const fn new(folder: SecretsFolder, in_force: InForce, seen: KeyStamp) -> Self {
        Self { folder, in_force, seen }
    }

    fn look_at_keys(&self) {
        let keys = match self.folder.load() {
            Ok(keys) => keys,
            Err(problems) => return complain(problems),
        };
        let ServiceKeys { peppers, sealing, refresh, index, admin_token, .. } = keys;
        let newest = peppers.newest_id().clone();
        match self.in_force.keys.replace(KeyMaterial { peppers, sealing, refresh, index }) {
            Ok(()) => {
                self.in_force.operator_token.replace(&admin_token);
                tracing::info!(pepper = %newest, "the keys have been read again");
            }
            Err(replaced) => complain(Problems(replaced.iter().map(|key| self.replaced(key)).collect())),
        }
    }

    /// Values of the store name the key that made them: under its name another one would make them unreadable.
    fn replaced(&self, key: &ReplacedKey) -> Problem {
        let (name, remedy) = match key {
            ReplacedKey::Index => (SecretsFolder::INDEX.to_owned(), "it cannot change, as it is the key to every row"),
            ReplacedKey::InRing(ring, id) => {
                (format!("{ring}/{id}"), "give the new one a new name, which comes last in byte order")
            }
        };
        let what = "holds another key than before, and what the earlier one made would be lost";
        let remedy = format!("put the earlier content back; {remedy}");
        Problem::of_file(&self.folder.directory.join(name), "secrets.directory", what, remedy)
    }

    fn look_at_certificate(&self) {
        let Some((files, certificate)) = &self.in_force.certificate else { return };
        let replaced = material::read_identity(files)
            .and_then(|identity| certificate.replace(&identity).map_err(|fault| material::unfit(files, &fault).into()));
        match replaced {
            Ok(()) => tracing::info!("the certificate has been read again"),
            Err(problems) => complain(problems),
        }
    }
}

/// What is read is in force at once, on the thread that read it: nothing is left to take.
impl Watched for KeyFiles {
    type Read = Infallible;

    fn look(&mut self, asked: bool) -> Option<Infallible> {
        let now = KeyStamp::of(&self.folder, self.in_force.certificate.as_ref().map(|(files, _)| files));
        if asked || now.0 != self.seen.0 {
            self.look_at_keys();
        }
        if asked || now.1 != self.seen.1 {
            self.look_at_certificate();
        }
        self.seen = now;
        None
    }

    async fn take(&mut self, read: Infallible) {
        match read {}
    }
}

fn complain(problems: Problems) {
    for problem in problems.0 {
        tracing::error!(%problem, "a key file is wrong; what was read earlier stays in force");
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
        let seen = KeyStamp::of(&secrets, None);
        let ServiceKeys { peppers, sealing, refresh, index, admin_token, .. } = secrets.load().unwrap();
        let keys = Arc::new(FileKeys::new(KeyMaterial { peppers, sealing, refresh, index }));
        let in_force = InForce { keys, operator_token: OperatorToken::new(&admin_token), certificate: None };
        (folder, KeyFiles::new(secrets, in_force, seen))
    }

    #[test]
    fn a_new_key_comes_into_force_and_a_bad_one_does_not() {
        let (folder, mut files) = watched();
        let newest = |files: &KeyFiles| files.in_force.keys.peppers().newest_id().as_str().to_owned();
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
        assert_eq!(files.in_force.keys.peppers().newest_id().as_str(), "1");
    }
}
