//! The log on its way out: a bounded queue, and a thread of its own behind it. Whoever reads standard error slowly, or not at
//! all, holds up the log and nobody else (`docs/decisions/0170-a-log-that-nobody-reads.md`).

use super::metrics::LOG_LINES;
use std::{
    collections::VecDeque,
    io::{self, Write},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

/// Lines that may wait to be written; what is beyond is lost and counted.
const PLACES: usize = 4096;

/// Columns of the metric.
const QUEUE_FULL: usize = 0;
const NOT_WRITTEN: usize = 1;

/// Takes lines to be written. Clones are the same queue.
#[derive(Clone, Default)]
pub(super) struct Lines(Arc<Queue>);

#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Vec<u8>>,
    /// Whether a line is on its way to whoever reads.
    writing: bool,
    /// How many were lost that nobody has been told of.
    lost: u64,
}

impl Lines {
    /// A queue whose lines are written to `out`.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub(super) fn start(out: impl Write + Send + 'static) -> io::Result<Self> {
        let lines = Self::default();
        let written = lines.clone();
        thread::Builder::new().name("log".to_owned()).spawn(move || written.write_to(out))?;
        Ok(lines)
    }

    /// Waits until every line has been written, and no longer than `limit`.
    pub(super) fn flush(&self, limit: Duration) {
        let pending = |state: &mut State| state.writing || !state.waiting.is_empty();
        let _ = self.0.changed.wait_timeout_while(self.state(), limit, pending);
    }

    fn write_to(&self, mut out: impl Write) {
        loop {
            let line = self.next();
            if out.write_all(&line).is_err() {
                self.lose(NOT_WRITTEN);
            } else if let Some(lines) = self.lost() {
                tracing::warn!(lines, "lines of the log were lost: whoever reads it did not keep up");
            }
        }
    }

    /// The next line, as soon as there is one.
    fn next(&self) -> Vec<u8> {
        let mut state = self.state();
        state.writing = false;
        self.0.changed.notify_all();
        loop {
            if let Some(line) = state.waiting.pop_front() {
                state.writing = true;
                return line;
            }
            state = self.0.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// How many were lost since this was last asked; `None` where none was, or where lines still wait, among which there
    /// may be no room to tell.
    fn lost(&self) -> Option<u64> {
        let mut state = self.state();
        let lost = state.waiting.is_empty().then(|| std::mem::take(&mut state.lost));
        lost.filter(|lost| *lost > 0)
    }

    fn lose(&self, column: usize) {
        self.state().lost += 1;
        LOG_LINES.add(0, column);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Each write is a whole line, as the log's layer makes them.
impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut state = self.state();
        if state.waiting.len() < PLACES {
            state.waiting.push_back(line.to_vec());
            drop(state);
            self.0.changed.notify_all();
        } else {
            drop(state);
            self.lose(QUEUE_FULL);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, Sender, channel};

    /// Takes a line when somebody reads it.
    struct Slow(Receiver<()>, Sender<Vec<u8>>);

    impl Write for Slow {
        fn write(&mut self, line: &[u8]) -> io::Result<usize> {
            self.0.recv().map_err(|_| io::ErrorKind::BrokenPipe)?;
            self.1.send(line.to_vec()).map_err(|_| io::ErrorKind::BrokenPipe)?;
            Ok(line.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn whoever_does_not_read_holds_up_nobody() {
        let ((read, reads), (writes, written)) = (channel(), channel());
        let mut lines = Lines::start(Slow(reads, writes)).unwrap();
        for nth in 0..PLACES + 10 {
            lines.write_all(nth.to_string().as_bytes()).unwrap();
        }
        Lines::flush(&lines, Duration::from_millis(50));
        let lost = lines.state().lost;
        assert!((9..=10).contains(&lost), "one may be on its way: {lost}");
        assert_eq!(lines.lost(), None, "there is no room to tell");

        let kept = PLACES + 10 - usize::try_from(lost).unwrap();
        for nth in 0..kept {
            read.send(()).unwrap();
            assert_eq!(written.recv().unwrap(), nth.to_string().as_bytes());
        }
        Lines::flush(&lines, Duration::from_secs(5));
        assert_eq!(lines.state().lost, 0, "it has been told");
        // Nobody is there any more.
        drop(read);
        lines.write_all(b"more").unwrap();
        Lines::flush(&lines, Duration::from_secs(5));
        assert_eq!(lines.lost(), Some(1));
    }
}
