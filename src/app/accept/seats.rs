//! The seats of a listener's connections. Where all are taken, a connection on which nothing is under way makes room: first one
//! that never called, the oldest of them, then the one that has done nothing for the longest time. So whoever only holds
//! connections keeps nobody out.

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
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

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

/// What is known of a seat.
struct Place {
    /// Calls that are being answered.
    under_way: AtomicUsize,
    /// When the last call was answered, in microseconds since the listener began; 0 where there was none yet.
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
}

impl Leave {
    /// For a new connection, which ends with `stop` too.
    pub(super) fn with(stop: &CancellationToken) -> Self {
        Self { stop: stop.clone(), ask: stop.child_token(), cut: CancellationToken::new() }
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
                return None;
            }
            let (number, place) = taken.idle()?;
            taken.seats.remove(&number);
            self.leaving.fetch_add(1, Ordering::Relaxed);
            if place.last.load(Ordering::Relaxed) == 0 { place.leave.cut.cancel() } else { place.leave.ask.cancel() }
        }
        let (number, place) = (taken.next, Arc::new(Place::new(leave)));
        taken.next += 1;
        taken.seats.insert(number, Arc::clone(&place));
        drop(taken);
        Some(Seat { seats: Arc::clone(self), number, place })
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    /// Who makes room.
    fn idle(&self) -> Option<(u64, Arc<Place>)> {
        let idle = || self.seats.iter().filter(|(_, place)| place.under_way.load(Ordering::Relaxed) == 0);
        let last = |place: &Place| place.last.load(Ordering::Relaxed);
        let never_called = idle().find(|(_, place)| last(place) == 0);
        let (number, place) = never_called.or_else(|| idle().min_by_key(|(_, place)| last(place)))?;
        Some((*number, Arc::clone(place)))
    }
}

impl Place {
    fn new(leave: Leave) -> Self {
        Self { under_way: AtomicUsize::default(), last: AtomicU64::default(), leave }
    }
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
        place.under_way.fetch_add(1, Ordering::Relaxed);
        Self { place: Arc::clone(place), begun }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let now = u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.place.last.store(now.max(1), Ordering::Relaxed);
        self.place.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_never_called_makes_room_first_and_then_who_is_idle_longest() {
        let seats = Seats::new(3);
        let leave = || Leave::with(&CancellationToken::new());
        let three = [leave(), leave(), leave()];
        let [first, second, third] = three.clone().map(|leave| seats.take(leave).unwrap());
        let told = || three.each_ref().map(|leave| (leave.ask.is_cancelled(), leave.cut.is_cancelled()));
        drop(UnderWay::begin(&first.place, seats.begun));
        let busy = UnderWay::begin(&second.place, seats.begun);
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
}
