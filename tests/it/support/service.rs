//! A program that runs beside the tests and ends with them.

use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::run::Watched;

/// How long a program may take to end after it was asked to, before it is killed.
const PATIENCE: Duration = Duration::from_secs(10);

/// A running program; dropping it ends it, by its own process id.
pub(crate) struct Service {
    name: String,
    child: Child,
    stop: Signal,
    ended: Option<ExitStatus>,
    _watched: Watched,
}

impl Service {
    /// Starts `command`, which is ended by `stop`. The message of a missing program says how to get it.
    pub(crate) fn spawn(name: &str, command: &mut Command, stop: Signal) -> Self {
        let child = command
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {name}: {error}; `make tools` installs what is missing"));
        let signal = match stop {
            Signal::QUIT => "QUIT",
            Signal::KILL => "KILL",
            _ => "TERM",
        };
        let watched = Watched::new(&child, signal);
        Self { name: name.to_owned(), child, stop, ended: None, _watched: watched }
    }

    /// The child itself, for its pipes.
    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Sends a signal, unless the program has ended.
    pub(crate) fn signal(&mut self, signal: Signal) {
        if self.exited().is_none() {
            kill_process(Pid::from_child(&self.child), signal).unwrap();
        }
    }

    /// How the program ended, or `None` while it runs.
    pub(crate) fn exited(&mut self) -> Option<ExitStatus> {
        if self.ended.is_none() {
            self.ended = self.child.try_wait().unwrap();
        }
        self.ended
    }

    /// Waits for the end; `None` when the program still runs after `limit`.
    pub(crate) fn wait(&mut self, limit: Duration) -> Option<ExitStatus> {
        let start = Instant::now();
        loop {
            let ended = self.exited();
            if ended.is_some() || start.elapsed() >= limit {
                return ended;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Asks the program to end, and kills it when it does not.
    pub(crate) fn stop(&mut self) -> ExitStatus {
        self.signal(self.stop);
        self.wait(PATIENCE).unwrap_or_else(|| self.kill())
    }

    /// Ends the program as a power cut would: SIGKILL.
    pub(crate) fn kill(&mut self) -> ExitStatus {
        self.signal(Signal::KILL);
        self.wait(PATIENCE).unwrap_or_else(|| panic!("{} outlives SIGKILL", self.name))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.stop();
    }
}
