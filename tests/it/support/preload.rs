//! Libraries that are loaded before the system's own, made by the compiler that the build needs as well.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use super::run;

/// Compiles `source`; the library lives as long as its folder.
pub(super) fn library(name: &str, source: &str) -> (TempDir, PathBuf) {
    let folder = run::folder(name);
    let (text, library) = (folder.path().join(format!("{name}.c")), folder.path().join(format!("{name}.so")));
    fs::write(&text, source).unwrap();
    let output = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&text).output().unwrap();
    assert!(output.status.success(), "cc: {}", String::from_utf8_lossy(&output.stderr));
    (folder, library)
}
