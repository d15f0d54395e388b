//! Libraries that are loaded before the system's own, made by the compiler that the build needs as well: what ails a machine for as
//! long as a test wants, in the very program that is released.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::run;
use super::server::PROGRAM;

/// What ails a machine while a sign is there.
pub(crate) struct Ailment {
    /// `variable=path`, for `env`.
    settings: [String; 2],
    sign: PathBuf,
}

impl Ailment {
    /// None yet: `library` begins it when the file at `sign`, which `variable` names, is there.
    pub(super) fn by(library: &Path, variable: &str, sign: PathBuf) -> Self {
        let set = |name: &str, value: &Path| format!("{name}={}", value.display());
        Self { settings: [set("LD_PRELOAD", library), set(variable, &sign)], sign }
    }

    /// The service, to be started subject to it.
    pub(crate) fn rules(&self) -> Command {
        let mut command = Command::new("env");
        command.args(&self.settings).arg(PROGRAM);
        command
    }

    /// From now on it is there.
    pub(crate) fn begin(&self) {
        fs::write(&self.sign, "").unwrap();
    }

    /// All is as before.
    pub(crate) fn end(&self) {
        fs::remove_file(&self.sign).unwrap();
    }
}

/// Compiles `source`; the library lives as long as its folder.
pub(super) fn library(name: &str, source: &str) -> (TempDir, PathBuf) {
    let folder = run::folder(name);
    let (text, library) = (folder.path().join(format!("{name}.c")), folder.path().join(format!("{name}.so")));
    fs::write(&text, source).unwrap();
    let output = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&text).output().unwrap();
    assert!(output.status.success(), "cc: {}", String::from_utf8_lossy(&output.stderr));
    (folder, library)
}
