//! The first start of the embedded default: the keys that it lacks are made, and none is ever replaced.

use super::Failure;
use crate::{
    adapters::{signer, system::SystemEntropy},
    config::{
        Config,
        problem::{Problem, Problems, because},
        secrets::SecretsFolder,
        store::Store,
    },
    domain::{
        digest::Digest,
        secret::{ExposeSecret as _, SecretString},
    },
    ports::entropy::Entropy as _,
};
use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

/// Whether the folder has neither a database nor keys yet.
#[must_use]
pub fn is_new(config: &Config) -> bool {
    !has_database(config) && !config.secrets.directory.exists()
}

/// Makes the folder and the keys that are missing. Folders are private to the owner, and so are files, which are
/// complete as soon as they can be seen.
///
/// # Errors
/// Where the folder cannot be written; where the database exists and a key is missing, as a new key would not open it.
pub fn prepare(config: &Config) -> Result<(), Failure> {
    let secrets = &config.secrets.directory;
    let missing: Vec<Wanted> = wanted(secrets).into_iter().filter(|wanted| !wanted.is_there()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    if has_database(config) {
        let lost = |wanted: &Wanted| {
            let remedy = "put it back from a copy; a new key would not open what the database holds";
            Problem::of_file(&wanted.path, "secrets.directory", "is missing while the database exists", remedy)
        };
        return Err(Problems(missing.iter().map(lost).collect()).into());
    }
    for wanted in missing {
        wanted.make().map_err(|error| {
            let what = format!("cannot be made: {}", because(&error));
            Problem::of_file(&wanted.path, "--data-dir", what, "name a folder that this user can write")
        })?;
    }
    Ok(())
}

fn has_database(config: &Config) -> bool {
    matches!(&config.store, Store::Sqlite { path } if path.exists())
}

enum Kind {
    Hex,
    Pem,
}

/// A key file that must be there.
struct Wanted {
    path: PathBuf,
    kind: Kind,
    /// Any other key beside it will do.
    or_any: bool,
}

fn wanted(secrets: &Path) -> Vec<Wanted> {
    let ring = |name| Wanted { path: secrets.join(name).join("1"), kind: Kind::Hex, or_any: true };
    let single = |name| Wanted { path: secrets.join(name), kind: Kind::Hex, or_any: false };
    let signing = Wanted { path: secrets.join(SecretsFolder::SIGNING).join("1.pem"), kind: Kind::Pem, or_any: true };
    let mut all: Vec<_> = SecretsFolder::RINGS.into_iter().map(ring).collect();
    all.extend([single(SecretsFolder::INDEX), single(SecretsFolder::ADMIN_TOKEN), signing]);
    all
}

impl Wanted {
    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(&self.path)
    }

    /// What stands there may be wrong; whoever reads it says so.
    fn is_there(&self) -> bool {
        let visible = |entry: io::Result<fs::DirEntry>| {
            entry.is_ok_and(|entry| !entry.file_name().as_encoded_bytes().starts_with(b"."))
        };
        let any = || fs::read_dir(self.folder()).is_ok_and(|mut entries| entries.any(visible));
        fs::symlink_metadata(&self.path).is_ok() || (self.or_any && any())
    }

    fn make(&self) -> io::Result<()> {
        let content = match self.kind {
            Kind::Hex => SecretString::from(Digest::from_bytes(SystemEntropy.bytes32()).hex()),
            Kind::Pem => signer::generate_pem().map_err(io::Error::other)?,
        };
        DirBuilder::new().recursive(true).mode(0o700).create(self.folder())?;
        // Under another name first: a start that is cut off leaves no half key. A link never replaces what is there.
        let name = format!(".{}.{}", self.path.file_name().unwrap_or_default().display(), std::process::id());
        let draft = self.folder().join(name);
        let written = write_private(&draft, content.expose_secret()).and_then(|()| fs::hard_link(&draft, &self.path));
        let _ = fs::remove_file(&draft);
        match written {
            // Another process was as quick; its key is as good.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(error),
            Ok(()) => File::open(self.folder())?.sync_all(),
        }
    }
}

fn write_private(path: &Path, content: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(content.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::embedded::{ISSUER, Listeners};
    use std::os::unix::fs::PermissionsExt as _;

    fn config(folder: &Path) -> Config {
        let address = "127.0.0.1:0".parse().unwrap();
        Config::embedded(folder, Listeners { grpc: address, http: address, admin: address, metrics: None }, ISSUER)
            .unwrap()
    }

    fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
        let mut found = Vec::new();
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
            if path.is_dir() {
                assert_eq!(mode, 0o700, "{}", path.display());
                found.extend(files(&path));
            } else {
                assert_eq!(mode, 0o600, "{}", path.display());
                found.push((path.clone(), fs::read(path).unwrap()));
            }
        }
        found.sort();
        found
    }

    #[test]
    fn the_first_start_makes_private_keys_and_no_later_one_replaces_them() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(&folder.path().join("data"));
        assert!(is_new(&config));
        prepare(&config).unwrap();
        assert!(!is_new(&config));
        config.secrets.load().unwrap();
        let made = files(&config.secrets.directory);
        assert_eq!(made.len(), 6);
        prepare(&config).unwrap();
        assert_eq!(files(&config.secrets.directory), made);
    }

    #[test]
    fn a_start_that_was_cut_off_is_finished_by_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path());
        prepare(&config).unwrap();
        let before = files(&config.secrets.directory);
        fs::remove_file(config.secrets.directory.join("index-key")).unwrap();
        fs::write(config.secrets.directory.join(".index-key.1"), "half").unwrap();
        prepare(&config).unwrap();
        config.secrets.load().unwrap();
        let after = fs::read(config.secrets.directory.join("index-key")).unwrap();
        assert!(before.iter().all(|(_, content)| *content != after));
    }

    #[test]
    fn a_key_that_the_database_needs_is_never_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path());
        prepare(&config).unwrap();
        fs::write(folder.path().join("identity.db"), "").unwrap();
        prepare(&config).unwrap();
        fs::remove_file(config.secrets.directory.join("sealing/1")).unwrap();
        let told = prepare(&config).unwrap_err().to_string();
        assert!(told.contains("sealing/1: secrets.directory: is missing while the database exists"), "{told}");
        // A later key in the ring is as good as the first.
        fs::write(config.secrets.directory.join("sealing/2026-01-01"), "").unwrap();
        prepare(&config).unwrap();
    }
}
