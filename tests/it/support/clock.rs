//! A clock that tests move: libfaketime shifts the wall clock of the real binary (and of its Redis); what sleeps and
//! times out goes by the monotonic clock, which stays as it is.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// How far the processes that were started with it are ahead of the machine's clock.
#[derive(Debug)]
pub(crate) struct Clock {
    file: PathBuf,
    ahead_micros: AtomicI64,
}

impl Clock {
    /// A clock that goes with the machine's, kept in `folder`.
    pub(crate) fn new(folder: &Path) -> Self {
        let clock = Self { file: folder.join("clock"), ahead_micros: AtomicI64::new(0) };
        clock.write(0);
        clock
    }

    /// Moves it forward by `span`, for every process that was started with it.
    pub(crate) fn advance(&self, span: Duration) {
        let span = i64::try_from(span.as_micros()).unwrap();
        self.write(self.ahead_micros.fetch_add(span, Ordering::SeqCst) + span);
    }

    /// Sets it to so many seconds ahead of the machine's clock, or behind it.
    pub(crate) fn set(&self, seconds: i64) {
        self.ahead_micros.store(seconds * 1_000_000, Ordering::SeqCst);
        self.write(seconds * 1_000_000);
    }

    /// How far it is ahead, in microseconds.
    pub(crate) fn ahead_micros(&self) -> i64 {
        self.ahead_micros.load(Ordering::SeqCst)
    }

    /// Lets a process that is to be started go by this clock.
    pub(crate) fn rule(&self, command: &mut Command) {
        command.env("LD_PRELOAD", library()).env("FAKETIME_TIMESTAMP_FILE", &self.file);
        command.env("FAKETIME_NO_CACHE", "1").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    }

    fn write(&self, micros: i64) {
        // Renamed into place: a reader never sees half of it.
        let new = self.file.with_extension("new");
        let (sign, micros) = (if micros < 0 { '-' } else { '+' }, micros.unsigned_abs());
        fs::write(&new, format!("{sign}{}.{:06}", micros / 1_000_000, micros % 1_000_000)).unwrap();
        fs::rename(new, &self.file).unwrap();
    }
}

/// The form of libfaketime for programs with threads.
fn library() -> PathBuf {
    let folders = fs::read_dir("/usr/lib").unwrap().flatten().map(|entry| entry.path().join("faketime"));
    let mut files = folders.map(|folder| folder.join("libfaketimeMT.so.1"));
    files.find(|file| file.is_file()).expect("libfaketime is not installed; `make tools` installs it")
}
