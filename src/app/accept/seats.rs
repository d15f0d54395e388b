//! The seats of a listener's connections. Where all are taken, a connection on which nothing is under way makes room: the oldest of
//! those that have had their time and never called; else the one that has been idle longest; else the oldest that is still to
//! call. So whoever only holds connections keeps nobody out, and who has just come is not sent away for the next.

use crate::telemetry::metrics::CONNECTIONS_FULL;
use http::{Request, Response};
use http_body::Body;
use hyper::{
    body::Incoming,
    service::{Service, service_fn},
};
use std::{
    collections::BTreeMap,
    convert::Infallible,
    future::Future,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// For how long a new connection is not taken for one that never calls: its handshake and its first call need a moment.
const GRACE: Duration = Duration::from_millis(500);

/// The places of words in the tables of the metric.
const MADE_ROOM: usize = 0;
const REFUSED: usize = 1;
const NEVER_CALLED: usize = 0;
const IDLE: usize = 1;
const ALL_BUSY: usize = 2;
const TOO_MANY_LEAVING: usize = 3;

/// How many may be on their way out at once, as a share of the seats; more are refused instead.
const LEAVING: usize = 8;

/// The seats of a listener.
pub(super) struct Seats {
    most: usize,
    begun: Instant,
    taken: Mutex<Taken>,
    leaving: AtomicUsize,
}

#[derive(Default)]
struct Taken {
    next: u64,
    /// By age.
    seats: BTreeMap<u64, Arc<Place>>,
}

/// What is known of a seat. Times are in microseconds since the listener began.
struct Place {
    /// When it was taken.
    since: u64,
    /// When the last call was answered, 0 where there was none yet.
    last: AtomicU64,
    leave: Leave,
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
    /// Calls that are being answered.
    under_way: Arc<AtomicUsize>,
}

impl Leave {
    /// For a new connection, which ends with `stop` too.
    pub(super) fn with(stop: &CancellationToken) -> Self {
        Self { stop: stop.clone(), ask: stop.child_token(), cut: CancellationToken::new(), under_way: Arc::default() }
    }

    /// Whether a call is being answered.
    pub(super) fn is_busy(&self) -> bool {
        self.under_way.load(Ordering::Relaxed) > 0
    }
}

/// A seat, free again when this is dropped.
pub(super) struct Seat {
    seats: Arc<Seats>,
    number: u64,
    place: Arc<Place>,
}

impl Seats {
    /// So many seats.
    pub(super) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, begun: Instant::now(), taken: Mutex::default(), leaving: AtomicUsize::default() })
    }

    /// A seat for a new connection, which is told by `leave` when it is to end; `None` where no other makes room.
    pub(super) fn take(self: &Arc<Self>, leave: Leave) -> Option<Seat> {
        let mut taken = self.taken();
        if taken.seats.len() >= self.most {
            if self.leaving.load(Ordering::Relaxed) > self.most / LEAVING {
                CONNECTIONS_FULL.add(REFUSED, TOO_MANY_LEAVING);
                return None;
            }
            let Some((number, place)) = taken.idle(self.now()) else {
                CONNECTIONS_FULL.add(REFUSED, ALL_BUSY);
                return None;
            };
            taken.seats.remove(&number);
            self.leaving.fetch_add(1, Ordering::Relaxed);
            if place.last.load(Ordering::Relaxed) == 0 {
                CONNECTIONS_FULL.add(MADE_ROOM, NEVER_CALLED);
                place.leave.cut.cancel();
            } else {
                CONNECTIONS_FULL.add(MADE_ROOM, IDLE);
                place.leave.ask.cancel();
            }
        }
        let (number, place) = (taken.next, Arc::new(Place { since: self.now(), last: AtomicU64::default(), leave }));
        taken.next += 1;
        taken.seats.insert(number, Arc::clone(&place));
        drop(taken);
        Some(Seat { seats: Arc::clone(self), number, place })
    }

    fn now(&self) -> u64 {
        micros(self.begun.elapsed())
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    /// Who makes room.
    fn idle(&self, now: u64) -> Option<(u64, Arc<Place>)> {
        let idle = || self.seats.iter().filter(|(_, place)| !place.leave.is_busy());
        let last = |place: &Place| place.last.load(Ordering::Relaxed);
        let never_called = || idle().find(|(_, place)| last(place) == 0);
        let had_its_time = |place: &Place| now.saturating_sub(place.since) > micros(GRACE);
        let called = || idle().filter(|(_, place)| last(place) > 0).min_by_key(|(_, place)| last(place));
        let (number, place) =
            never_called().filter(|(_, place)| had_its_time(place)).or_else(called).or_else(never_called)?;
        Some((*number, Arc::clone(place)))
    }
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}

impl Seat {
    /// The service, with its calls known to this seat.
    pub(super) fn knowing<S, B>(
        &self,
        service: S,
    ) -> impl Service<
        Request<Incoming>,
        Response = Response<B>,
        Error = Infallible,
        Future = impl Future<Output = Result<Response<B>, Infallible>> + Send + 'static,
    > + Send
    + 'static
    where
        S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Send + 'static,
        S::Future: Send + 'static,
        B: Body + 'static,
    {
        let (place, begun) = (Arc::clone(&self.place), self.seats.begun);
        service_fn(move |request| {
            let under_way = UnderWay::begin(&place, begun);
            let answer = service.call(request);
            async move {
                let _under_way = under_way;
                answer.await
            }
        })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        // Who made room has been taken out.
        if self.seats.taken().seats.remove(&self.number).is_none() {
            self.seats.leaving.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// A call on its way to its answer.
struct UnderWay {
    place: Arc<Place>,
    begun: Instant,
}

impl UnderWay {
    fn begin(place: &Arc<Place>, begun: Instant) -> Self {
        place.leave.under_way.fetch_add(1, Ordering::Relaxed);
        Self { place: Arc::clone(place), begun }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.place.last.store(micros(self.begun.elapsed()).max(1), Ordering::Relaxed);
        self.place.leave.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leave() -> Leave {
        Leave::with(&CancellationToken::new())
    }

    #[tokio::test]
    async fn who_never_called_makes_room_first_and_then_who_is_idle_longest() {
        let seats = Seats::new(3);
        let three = [leave(), leave(), leave()];
        let [first, second, third] = three.clone().map(|leave| seats.take(leave).unwrap());
        let told = || three.each_ref().map(|leave| (leave.ask.is_cancelled(), leave.cut.is_cancelled()));
        drop(UnderWay::begin(&first.place, seats.begun));
        let busy = UnderWay::begin(&second.place, seats.begun);
        tokio::time::sleep(GRACE + Duration::from_millis(100)).await;
        let fourth = seats.take(leave()).unwrap();
        assert_eq!(told(), [(false, false), (false, false), (false, true)], "the third never called");
        assert!(seats.take(leave()).is_none(), "one is still on its way out, and three may hold");
        drop(third);
        let busy_too = UnderWay::begin(&fourth.place, seats.begun);
        let fifth = seats.take(leave()).unwrap();
        assert_eq!(told(), [(true, false), (false, false), (false, true)], "the first is idle");
        drop(first);
        let busy_as_well = UnderWay::begin(&fifth.place, seats.begun);
        assert!(seats.take(leave()).is_none(), "on each a call is under way");
        drop((busy, busy_too, busy_as_well));
        assert!(seats.take(leave()).is_some());
        drop((second, fourth, fifth));
    }

    #[tokio::test]
    async fn who_has_just_come_is_not_sent_away_for_the_next() {
        let seats = Seats::new(2);
        let two = [leave(), leave()];
        let held = two.clone().map(|leave| seats.take(leave).unwrap());
        for seat in &held {
            drop(UnderWay::begin(&seat.place, seats.begun));
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let newcomer = leave();
        let seat = seats.take(newcomer.clone()).unwrap();
        let [first, second] = held;
        drop(first);
        let _next = seats.take(leave()).unwrap();
        assert!(two[1].ask.is_cancelled() && !newcomer.cut.is_cancelled(), "the one that has been idle goes");
        drop(second);
        let _last = seats.take(leave()).unwrap();
        assert!(newcomer.cut.is_cancelled(), "there is nobody else");
        drop(seat);
    }
}
