//! Whether the file takes what is written: what is known of it from those who wrote.
//! See `docs/decisions/0173-a-commit-is-the-sign-of-life-on-sqlite.md`.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// What is known of the file.
#[derive(Default)]
pub(super) struct Trust {
    /// How much came to nothing, or was given up.
    failures: AtomicU64,
    /// How much of that has been followed by a commit.
    overcome: AtomicU64,
    locked: AtomicBool,
}

impl Trust {
    /// Something came to nothing.
    pub(super) fn doubt(&self) {
        self.failures.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether something came to nothing, and no commit is known since.
    pub(super) fn is_doubted(&self) -> bool {
        self.overcome.load(Ordering::Relaxed) != self.failures()
    }

    /// How much came to nothing so far.
    pub(super) fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// A commit has been made that was asked for after so many failures.
    pub(super) fn trust(&self, failures: u64) {
        self.overcome.store(failures, Ordering::Relaxed);
    }

    /// Whether the writer waits for another process, which writes: the file is sound, and waits do not tell against it.
    pub(super) fn is_locked(&self) -> bool {
        self.locked.load(Ordering::Relaxed)
    }

    /// The writer waits for its turn at the file, or does not any more.
    pub(super) fn set_locked(&self, locked: bool) {
        self.locked.store(locked, Ordering::Relaxed);
    }
}

/// Whoever waits for a step that writes. Dropped before the answer is there, the wait was given up.
pub(super) struct Waiting<'t> {
    trust: Option<&'t Trust>,
}

impl<'t> Waiting<'t> {
    /// Somebody waits.
    pub(super) const fn new(trust: &'t Trust) -> Self {
        Self { trust: Some(trust) }
    }

    /// The answer is there.
    pub(super) fn end(mut self) {
        self.trust = None;
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(trust) = self.trust
            && !trust.is_locked()
        {
            trust.doubt();
        }
    }
}
