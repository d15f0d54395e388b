//! A certificate authority of this run, made by `openssl`, for TLS between real parties.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use tempfile::TempDir;

use super::run;

/// A certificate and its key, in files, in PEM.
#[derive(Clone, Debug)]
pub(crate) struct Certificate {
    /// The certificate of the authority that signed this one.
    pub(crate) authority: PathBuf,
    /// The certificate itself.
    pub(crate) chain: PathBuf,
    /// Its private key.
    pub(crate) key: PathBuf,
}

static AUTHORITY: LazyLock<Authority> = LazyLock::new(Authority::new);

struct Authority {
    folder: TempDir,
}

/// A certificate for `localhost` and 127.0.0.1 by the run's authority.
pub(crate) fn localhost() -> &'static Certificate {
    static LOCALHOST: LazyLock<Certificate> = LazyLock::new(|| issue("localhost", "DNS:localhost,IP:127.0.0.1"));
    &LOCALHOST
}

/// A certificate by the run's authority for the alternative names `names`, in openssl's notation.
pub(crate) fn issue(file: &str, names: &str) -> Certificate {
    AUTHORITY.issue(file, names)
}

impl Authority {
    fn new() -> Self {
        let authority = Self { folder: run::folder("certificates") };
        authority.openssl(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=tests \
             -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign -keyout ca.key -out ca.pem",
        );
        authority
    }

    fn issue(&self, file: &str, names: &str) -> Certificate {
        self.openssl(&format!(
            "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN={file} -addext subjectAltName={names} \
             -addext basicConstraints=CA:FALSE -keyout {file}.key -out {file}.csr"
        ));
        self.openssl(&format!(
            "x509 -req -in {file}.csr -CA ca.pem -CAkey ca.key -days 1 -copy_extensions copy -out {file}.pem"
        ));
        let path = |name: &str| -> PathBuf { Path::join(self.folder.path(), name) };
        Certificate {
            authority: path("ca.pem"),
            chain: path(&format!("{file}.pem")),
            key: path(&format!("{file}.key")),
        }
    }

    fn openssl(&self, arguments: &str) {
        let output = Command::new("openssl")
            .args(arguments.split_whitespace())
            .current_dir(self.folder.path())
            .output()
            .unwrap_or_else(|error| panic!("cannot start openssl: {error}; `make tools` installs what is missing"));
        assert!(output.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&output.stderr));
    }
}
