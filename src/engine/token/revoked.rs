//! Sessions that ended before their last access token did: exact, in memory, kept current by a feed.

use crate::domain::{id::SessionId, policy::SessionPolicy, revocation::Revocation, time::Timestamp};
use std::{
    collections::{HashSet, VecDeque},
    sync::{
        PoisonError, RwLock,
        atomic::{AtomicI64, AtomicU32, Ordering},
    },
    time::Duration,
};

/// How far each poll reaches back behind the one before it: a revocation is stamped before it is committed, so that it
/// may come to light this much later than its own time.
const OVERLAP: Duration = Duration::from_secs(10);

/// After so many polls one reaches back a whole life. What it brings as news was stamped by a clock far from this one, or
/// committed long after it was stamped: while a standby was away that PostgreSQL waits for, or a disk hung.
const WHOLE_AFTER: u32 = 16;

/// And later where a whole life is long: for so many sessions that it brought, one poll more.
const SESSIONS_A_POLL: usize = 500;

/// How many are asked of the store at once.
pub(super) const PAGE: u32 = 2000;

/// The feed has not been read yet.
const NEVER: i64 = i64::MIN;

/// The set of ended sessions.
pub(super) struct RevokedSessions {
    retention: Duration,
    max_age: Duration,
    ended: RwLock<Ended>,
    read_time: AtomicI64,
    /// Polls until one reaches back a whole life again.
    until_whole: AtomicU32,
    /// The latest that it was when something may have been forgotten, since the feed was last read.
    latest: AtomicI64,
}

#[derive(Default)]
struct Ended {
    sessions: HashSet<SessionId>,
    /// The same sessions, roughly in the order in which they may be forgotten.
    order: VecDeque<(Timestamp, SessionId)>,
}

impl RevokedSessions {
    /// An empty set whose feed has not been read.
    pub(super) fn new(policy: &SessionPolicy) -> Self {
        Self {
            // The last token of a session was issued before its end, by a clock that may be ahead; whoever checks it
            // allows for the same difference once more. Both as long as they may be set: who started before may have given
            // out tokens that live longer than those of now.
            retention: SessionPolicy::LONGEST_ACCESS_TOKEN_LIFETIME + 2 * SessionPolicy::LONGEST_CLOCK_SKEW,
            max_age: policy.max_feed_age,
            ended: RwLock::default(),
            read_time: AtomicI64::new(NEVER),
            until_whole: AtomicU32::default(),
            latest: AtomicI64::new(NEVER),
        }
    }

    /// Whether the session has ended.
    pub(super) fn contains(&self, session: SessionId) -> bool {
        self.ended.read().unwrap_or_else(PoisonError::into_inner).sessions.contains(&session)
    }

    /// Adds sessions that ended now.
    pub(super) fn note(&self, sessions: &[SessionId], now: Timestamp) {
        if !sessions.is_empty() {
            self.add(sessions.iter().map(|session| (now, *session)), now);
        }
    }

    /// From when on the feed is to be read: a whole life back at the start, and where the clock was set back, for it may have
    /// been ahead before, and what ended then been forgotten.
    pub(super) fn since(&self, now: Timestamp) -> Timestamp {
        match self.read_time.load(Ordering::Acquire) {
            NEVER => now.before(self.retention),
            micros if now.micros() < micros.max(self.latest.load(Ordering::Acquire)) => now.before(self.retention),
            _ if self.until_whole.load(Ordering::Acquire) == 0 => now.before(self.retention),
            micros => Timestamp::from_micros(micros).before(OVERLAP),
        }
    }

    /// Adds what a page of the feed brought; `asked` is when the first was asked for.
    pub(super) fn learn(&self, page: &[Revocation], asked: Timestamp) {
        self.add(page.iter().map(|revocation| (revocation.revoke_time, revocation.session_id)), asked);
    }

    /// The feed has been read to its end, which brought so many; `asked` is when that began.
    pub(super) fn note_read(&self, found: usize, asked: Timestamp) {
        let left = self.until_whole.load(Ordering::Acquire).checked_sub(1);
        let of_a_whole = || u32::try_from(found / SESSIONS_A_POLL).unwrap_or(u32::MAX).max(WHOLE_AFTER);
        self.until_whole.store(left.unwrap_or_else(of_a_whole), Ordering::Release);
        self.latest.store(asked.micros(), Ordering::Release);
        self.read_time.store(asked.micros(), Ordering::Release);
    }

    /// Whether the feed was read a short time ago. A clock that was set back does not make an old reading a fresh one.
    pub(super) fn is_fresh(&self, now: Timestamp) -> bool {
        let read = self.read_time.load(Ordering::Acquire);
        read != NEVER && now.micros().abs_diff(read) <= u64::try_from(self.max_age.as_micros()).unwrap_or(u64::MAX)
    }

    fn add(&self, sessions: impl Iterator<Item = (Timestamp, SessionId)>, now: Timestamp) {
        self.latest.fetch_max(now.micros(), Ordering::AcqRel);
        // Most of what a poll brings is known, and validation goes on beside the looking.
        let news: Vec<_> = {
            let known = self.ended.read().unwrap_or_else(PoisonError::into_inner);
            sessions.filter(|(_, session)| !known.sessions.contains(session)).collect()
        };
        let mut ended = self.ended.write().unwrap_or_else(PoisonError::into_inner);
        for (time, session) in news {
            if ended.sessions.insert(session) {
                ended.order.push_back((time, session));
            }
        }
        while let Some((time, session)) = ended.order.front().copied()
            && now.since(time) > self.retention
        {
            ended.order.pop_front();
            ended.sessions.remove(&session);
        }
    }
}
