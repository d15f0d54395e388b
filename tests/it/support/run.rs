//! The folder of this run, and the guardian that clears up after it. The guardian is a process of its own that waits
//! on a pipe from this one: when the tests end, by a panic, an abort or SIGKILL too, it ends the programs that are left
//! and removes the folder.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::LazyLock;

use tempfile::TempDir;

const GUARDIAN: &str = include_str!("guardian.sh");

struct Run {
    folder: PathBuf,
    /// Held open for the life of this process, and by no other: its end is the guardian's signal.
    _pipe: ChildStdin,
}

static RUN: LazyLock<Run> = LazyLock::new(|| start_in(&std::env::temp_dir()).unwrap());

fn start_in(parent: &Path) -> io::Result<Run> {
    let folder = tempfile::Builder::new().prefix("identity-tests-").tempdir_in(parent)?.keep();
    // PostgreSQL runs as another user when the tests run as root; it must be able to reach its own folder in here.
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o711))?;
    fs::create_dir(folder.join("watched"))?;
    let mut guardian = Command::new("sh")
        .args(["-c", GUARDIAN, "guardian"])
        .arg(&folder)
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()?;
    let pipe = guardian.stdin.take().ok_or_else(|| io::Error::other("the guardian has no pipe"))?;
    Ok(Run { folder, _pipe: pipe })
}

/// A folder that is gone when the value is dropped, and at the latest when the run ends.
pub(crate) fn folder(name: &str) -> TempDir {
    tempfile::Builder::new().prefix(&format!("{name}-")).tempdir_in(&RUN.folder).unwrap()
}

/// A program that the guardian ends if this process cannot.
pub(crate) struct Watched {
    entry: PathBuf,
}

impl Watched {
    /// Registers `child`, to be ended by `signal` (a name without SIG, as `kill -s` takes it).
    pub(crate) fn new(child: &Child, signal: &str) -> Self {
        Self::process(child.id(), signal)
    }

    /// The same for a program that another one started.
    pub(crate) fn process(id: u32, signal: &str) -> Self {
        let program = fs::read_link(format!("/proc/{id}/exe")).unwrap_or_default();
        let entry = RUN.folder.join("watched").join(id.to_string());
        fs::write(&entry, format!("{signal} {}\n", program.display())).unwrap();
        Self { entry }
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.entry);
    }
}
