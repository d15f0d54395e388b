//! What is known of a connection while it is served, and how it is told to end.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// What the connections of a listener have in common.
pub(super) struct Common {
    begun: Instant,
    /// For how long an answer may wait to be taken, and for twice as long at the most.
    patience: Duration,
    /// Answers that wait to be taken.
    untaken: AtomicUsize,
    /// Beyond so many of them, a connection with several is ended.
    most_untaken: usize,
}

/// How many answers a connection may leave untaken where those of all are too many: for a moment, as when much is answered at once
/// and its window is full, and for longer.
const SOME: u32 = 32;
const FEW: u32 = 4;

/// For how long a moment lasts.
const MOMENT: Duration = Duration::from_millis(250);

impl Common {
    pub(super) fn new(patience: Duration, most_untaken: usize) -> Self {
        Self { begun: Instant::now(), patience, untaken: AtomicUsize::default(), most_untaken }
    }

    /// Microseconds since the listener began.
    pub(super) fn now(&self) -> u64 {
        micros(self.begun.elapsed())
    }

    fn too_many_untaken(&self) -> bool {
        self.untaken.load(Ordering::Relaxed) > self.most_untaken
    }

    fn span(&self) -> u64 {
        self.now() / micros(self.patience).max(1)
    }
}

/// A duration in microseconds.
pub(super) fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}

/// What is known of a connection. Times are in microseconds since the listener began.
pub(super) struct Place {
    common: Arc<Common>,
    /// When it came.
    pub(super) since: u64,
    /// When the last call was answered, 0 where there was none yet.
    last: AtomicU64,
    untaken: Debts,
    /// Since when some have been untaken without a break.
    owes_since: AtomicU64,
    pub(super) leave: Leave,
}

impl Place {
    pub(super) fn new(common: &Arc<Common>, leave: Leave) -> Arc<Self> {
        let (last, owes_since) = (AtomicU64::default(), AtomicU64::default());
        let (since, untaken) = (common.now(), Debts::default());
        Arc::new(Self { since, common: Arc::clone(common), last, untaken, owes_since, leave })
    }

    /// When the last call was answered, 0 where there was none yet.
    pub(super) fn last(&self) -> u64 {
        self.last.load(Ordering::Relaxed)
    }

    /// A call is under way.
    pub(super) fn begin(&self) {
        self.leave.under_way.fetch_add(1, Ordering::Relaxed);
    }

    /// A call has been answered.
    pub(super) fn end(&self) {
        self.last.store(self.common.now().max(1), Ordering::Relaxed);
        self.leave.under_way.fetch_sub(1, Ordering::Relaxed);
    }

    /// An answer waits to be taken; the span it is counted in.
    pub(super) fn owe(&self) -> usize {
        let (span, own) = self.untaken.add(self.common.span());
        self.common.untaken.fetch_add(1, Ordering::Relaxed);
        if own == 1 {
            self.owes_since.store(self.common.now(), Ordering::Relaxed);
        }
        if own > SOME && self.common.too_many_untaken() {
            self.leave.end.cancel();
        }
        span
    }

    /// An answer of that span has been taken, or its caller has gone.
    pub(super) fn settle(&self, span: usize) {
        self.untaken.remove(span);
        self.common.untaken.fetch_sub(1, Ordering::Relaxed);
    }

    /// Ends the connection if an answer has waited too long to be taken, or several have for more than a moment while those of all
    /// are too many; whether it did.
    pub(super) fn collect(&self) -> bool {
        let overdue = self.untaken.is_overdue(self.common.span());
        let crowds = || {
            let owes_for = self.common.now().saturating_sub(self.owes_since.load(Ordering::Relaxed));
            self.common.too_many_untaken() && self.untaken.count() > FEW && owes_for > micros(MOMENT)
        };
        let ends = overdue || crowds();
        if ends {
            self.leave.end.cancel();
        }
        ends
    }
}

/// How a connection is told to end.
#[derive(Clone)]
pub(super) struct Leave {
    /// Everything stops.
    pub(super) stop: CancellationToken,
    /// It is to take no further calls: everything stops, or it has been idle and makes room.
    pub(super) ask: CancellationToken,
    /// It is to end at once: it makes room, and never called.
    pub(super) cut: CancellationToken,
    /// It is to end at once, whatever is under way: it does not take its answers.
    pub(super) end: CancellationToken,
    /// Calls that are being answered.
    under_way: Arc<AtomicUsize>,
}

impl Leave {
    /// For a new connection, which ends with `stop` too.
    pub(super) fn with(stop: &CancellationToken) -> Self {
        let (ask, cut, end) = (stop.child_token(), CancellationToken::new(), CancellationToken::new());
        Self { stop: stop.clone(), ask, cut, end, under_way: Arc::default() }
    }

    /// Whether a call is being answered.
    pub(super) fn is_busy(&self) -> bool {
        self.under_way.load(Ordering::Relaxed) > 0
    }
}

/// How many answers of a connection wait to be taken, by the span of time in which they began.
#[derive(Default)]
struct Debts([AtomicU32; 3]);

impl Debts {
    /// One more in this span, counted from the listener's beginning; its place among those, and how many there are now.
    fn add(&self, span: u64) -> (usize, u32) {
        let at = usize::try_from(span % 3).unwrap_or_default();
        self.0[at].fetch_add(1, Ordering::Relaxed);
        (at, self.count())
    }

    /// How many there are.
    fn count(&self) -> u32 {
        self.0.iter().map(|count| count.load(Ordering::Relaxed)).sum()
    }

    fn remove(&self, at: usize) {
        self.0[at].fetch_sub(1, Ordering::Relaxed);
    }

    /// Whether one has waited for longer than a span, and for two at the most if this is asked often enough.
    fn is_overdue(&self, span: u64) -> bool {
        // The place after the next is that before the last.
        let at = usize::try_from((span + 1) % 3).unwrap_or_default();
        self.0[at].load(Ordering::Relaxed) > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_debt_is_overdue_after_the_span_that_follows_its_own() {
        let debts = Debts::default();
        for span in [0, 1, 2, 7, 1_000_000] {
            let (at, all) = debts.add(span);
            assert_eq!(all, 1);
            assert!(!debts.is_overdue(span) && !debts.is_overdue(span + 1), "{span}");
            assert!(debts.is_overdue(span + 2), "{span}");
            debts.remove(at);
            assert!(!debts.is_overdue(span + 2), "{span}");
        }
        debts.add(4);
        debts.add(5);
        assert_eq!(debts.add(5).1, 3);
    }
}
