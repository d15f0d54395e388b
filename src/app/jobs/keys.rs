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
    domain::audit::AuditEvent,
    engine::key_log::{KeyChange, KeyLog},
    grpc::OperatorToken,
};
use std::sync::Arc;

/// What is replaced when its files change.
pub(in crate::app) struct InForce {
    /// Peppers, sealing and refresh keys.
    keys: Arc<FileKeys>,
    /// What operators show.
    operator_token: OperatorToken,
    /// The listeners' certificate and its files, where they have one.
    certificate: Option<(TlsFiles, Certificate)>,
}

impl InForce {
    /// These keys, this token, and the certificate of the listeners, where they have one.
    pub(in crate::app) fn new(
        keys: Arc<FileKeys>,
        operator_token: OperatorToken,
        files: Option<TlsFiles>,
        certificate: Option<Certificate>,
    ) -> Self {
        Self { keys, operator_token, certificate: files.zip(certificate) }
    }
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
    log: KeyLog,
    seen: KeyStamp,
    /// What has changed and is not in the audit log yet.
    untold: Vec<AuditEvent>,
}

impl KeyFiles {
    /// Watches the folder that the keys were read from. `seen` is its state before they were read, so that a change
    /// between the two is not missed.
    pub(in crate::app) const fn new(folder: SecretsFolder, in_force: InForce, log: KeyLog, seen: KeyStamp) -> Self {
        Self { folder, in_force, log, seen, untold: Vec::new() }
    }

    fn look_at_keys(&mut self) {
        let keys = match self.folder.load() {
            Ok(keys) => keys,
            Err(problems) => return self.complain(problems),
        };
        let ServiceKeys { peppers, sealing, refresh, index, admin_token, .. } = keys;
        let newest = peppers.newest_id().clone();
        match self.in_force.keys.replace(KeyMaterial { peppers, sealing, refresh, index }) {
            Ok(mut changes) => {
                if self.in_force.operator_token.replace(&admin_token) {
                    changes.push(SecretsFolder::ADMIN_TOKEN.to_owned());
                }
                tracing::info!(pepper = %newest, "the keys have been read again");
                self.changed(&changes);
            }
            Err(replaced) => self.complain(Problems(replaced.iter().map(|key| self.replaced(key)).collect())),
        }
    }

    /// Has it recorded which files came and went, where any did.
    fn changed(&mut self, names: &[String]) {
        if !names.is_empty() {
            self.untold.push(self.log.event(KeyChange::InForce(names.join(" "))));
        }
    }

    fn complain(&mut self, problems: Problems) {
        for problem in problems.0 {
            tracing::error!(%problem, "a key file is wrong; what was read earlier stays in force");
        }
        self.untold.push(self.log.event(KeyChange::Refused));
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

    fn look_at_certificate(&mut self, is_another: bool) {
        let Some((files, certificate)) = &self.in_force.certificate else { return };
        let replaced = material::read_identity(files)
            .and_then(|identity| certificate.replace(&identity).map_err(|fault| material::unfit(files, &fault).into()));
        match replaced {
            Ok(()) => {
                tracing::info!("the certificate has been read again");
                if is_another {
                    self.changed(&["certificate".to_owned()]);
                }
            }
            Err(problems) => self.complain(problems),
        }
    }
}

/// What is read is in force at once, on the thread that read it: left to take are the events.
impl Watched for KeyFiles {
    type Read = ();

    fn look(&mut self, asked: bool) -> Option<()> {
        let now = KeyStamp::of(&self.folder, self.in_force.certificate.as_ref().map(|(files, _)| files));
        if asked || now.0 != self.seen.0 {
            self.look_at_keys();
        }
        if asked || now.1 != self.seen.1 {
            self.look_at_certificate(now.1 != self.seen.1);
        }
        self.seen = now;
        (!self.untold.is_empty()).then_some(())
    }

    async fn take(&mut self, (): ()) {
        while let Some(event) = self.untold.first() {
            if let Err(fault) = self.log.write(event).await {
                tracing::warn!(error = %fault, "a change of the keys cannot be recorded yet");
                return;
            }
            self.untold.remove(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        adapters::system::{SystemClock, SystemEntropy},
        domain::{answer::AnswerKey, time::Timestamp},
        ports::{
            keys::Keys as _,
            store::{KnownAnswer, Ledger, StoreFault, Swept},
        },
    };
    use async_trait::async_trait;
    use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

    /// A store that is away.
    struct Nobody;

    #[async_trait]
    impl Ledger for Nobody {
        async fn answer(&self, _: &AnswerKey, _: Timestamp) -> Result<KnownAnswer, StoreFault> {
            Err(StoreFault::Unavailable("away".into()))
        }

        async fn record(&self, _: &AuditEvent) -> Result<(), StoreFault> {
            Err(StoreFault::Unavailable("away".into()))
        }

        async fn ping(&self) -> Result<Option<Timestamp>, StoreFault> {
            Err(StoreFault::Unavailable("away".into()))
        }

        async fn sweep(&self, _: Timestamp) -> Result<Swept, StoreFault> {
            Err(StoreFault::Unavailable("away".into()))
        }
    }

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
        let log = KeyLog::new(Arc::new(Nobody), Arc::new(SystemClock), Arc::new(SystemEntropy));
        (folder, KeyFiles::new(secrets, in_force, log, seen))
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

    #[tokio::test]
    async fn what_changed_is_kept_until_it_is_recorded() {
        let (folder, mut files) = watched();
        assert_eq!(files.look(true), None, "nothing has");
        put(folder.path(), "refresh/2", 0o600);
        fs::remove_file(folder.path().join("peppers/1")).unwrap();
        put(folder.path(), "peppers/2", 0o600);
        files.look(false).unwrap();
        files.take(()).await;
        fs::write(folder.path().join("admin-token"), "cd".repeat(32)).unwrap();
        files.look(true).unwrap();
        let told: Vec<_> = files.untold.iter().map(|event| event.reason.as_ref()).collect();
        assert_eq!(told, ["+peppers/2 -peppers/1 +refresh/2", "admin-token"]);
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
