//! The seats of a listener's connections. Where all are taken, a connection on which nothing is under way makes room: the oldest of
//! those that have had their time and never called; else the one that has been idle longest; else the oldest that is still to
//! call. So whoever only holds connections keeps nobody out, and who has just come is not sent away for the next.

use super::{
    exchange::{Answer, Message, UnderWay, last_where_unread, too_many_fields},
    place::{Common, Leave, Place, micros},
};
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
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

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

/// Those of all listeners of the process.
static ALL: Mutex<Vec<Weak<Seats>>> = Mutex::new(Vec::new());

/// The seats of a listener.
pub(super) struct Seats {
    most: usize,
    common: Arc<Common>,
    taken: Mutex<Taken>,
    leaving: AtomicUsize,
}

#[derive(Default)]
struct Taken {
    next: u64,
    /// By age.
    seats: BTreeMap<u64, Arc<Place>>,
}

/// A seat, free again when this is dropped.
pub(super) struct Seat {
    seats: Arc<Seats>,
    number: u64,
    place: Arc<Place>,
}

impl Seats {
    /// So many seats. An answer may wait for `patience` to be taken, and for twice as long at the most; beyond `most_untaken` of all
    /// connections, one with several is ended.
    pub(super) fn new(most: usize, patience: Duration, most_untaken: usize) -> Arc<Self> {
        let common = Arc::new(Common::new(patience, most_untaken));
        let seats = Arc::new(Self { most, common, taken: Mutex::default(), leaving: AtomicUsize::default() });
        let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|seats| seats.strong_count() > 0);
        all.push(Arc::downgrade(&seats));
        seats
    }

    /// Ends every connection whose answers have waited too long to be taken. To be called several times within the patience.
    pub(super) fn collect(&self) {
        let overdue = self.taken().seats.values().filter(|place| place.collect()).count();
        if overdue > 0 {
            tracing::info!(connections = overdue, "connections are ended whose callers do not take their answers");
        }
    }

    /// A seat for a new connection, which is told by `leave` when it is to end; `None` where no other makes room.
    pub(super) fn take(self: &Arc<Self>, leave: Leave) -> Option<Seat> {
        let mut taken = self.taken();
        if taken.seats.len() >= self.most {
            if self.is_left(self.most) {
                CONNECTIONS_FULL.add(REFUSED, TOO_MANY_LEAVING);
                return None;
            }
            if !self.room(&mut taken, true) {
                CONNECTIONS_FULL.add(REFUSED, ALL_BUSY);
                return None;
            }
        }
        let (number, place) = (taken.next, Place::new(&self.common, leave));
        taken.next += 1;
        taken.seats.insert(number, Arc::clone(&place));
        drop(taken);
        Some(Seat { seats: Arc::clone(self), number, place })
    }

    /// Has a connection make room where the system gives no more of them than there are, which is to all listeners together: one
    /// of this listener, or else of another. Not one that has just come: the system refuses also where nobody waits to be accepted.
    /// Whether one does, or is on its way out.
    pub(super) fn make_room(&self) -> bool {
        let all = ALL.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let makes_room = |seats: &Self| {
            let mut taken = seats.taken();
            let most = taken.seats.len();
            // Who leaves makes room in a moment.
            seats.is_left(most) || seats.room(&mut taken, false)
        };
        makes_room(self) || all.iter().filter_map(Weak::upgrade).any(|seats| makes_room(&seats))
    }

    /// Whether so many of `most` are on their way out that no more are sent.
    fn is_left(&self, most: usize) -> bool {
        self.leaving.load(Ordering::Relaxed) > most / LEAVING
    }

    /// Has one make room, where nobody else can one of the `newcomers`, too.
    fn room(&self, taken: &mut Taken, newcomers: bool) -> bool {
        let Some((number, place)) = taken.idle(self.common.now(), newcomers) else { return false };
        taken.seats.remove(&number);
        self.leaving.fetch_add(1, Ordering::Relaxed);
        if place.last() == 0 {
            CONNECTIONS_FULL.add(MADE_ROOM, NEVER_CALLED);
            place.leave.cut.cancel();
        } else {
            CONNECTIONS_FULL.add(MADE_ROOM, IDLE);
            place.leave.ask.cancel();
        }
        true
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    /// Who makes room.
    fn idle(&self, now: u64, newcomers: bool) -> Option<(u64, Arc<Place>)> {
        let idle = || self.seats.iter().filter(|(_, place)| !place.leave.is_busy());
        let never_called = || idle().find(|(_, place)| place.last() == 0);
        let had_its_time = |place: &Place| now.saturating_sub(place.since) > micros(GRACE);
        let called = || idle().filter(|(_, place)| place.last() > 0).min_by_key(|(_, place)| place.last());
        let (number, place) = never_called()
            .filter(|(_, place)| had_its_time(place))
            .or_else(called)
            .or_else(|| never_called().filter(|_| newcomers))?;
        Some((*number, Arc::clone(place)))
    }
}

impl Seat {
    /// The service, with its calls known to this seat.
    pub(super) fn knowing<S, B>(
        &self,
        service: S,
    ) -> impl Service<
        Request<Incoming>,
        Response = Response<Answer<B>>,
        Error = Infallible,
        Future = impl Future<Output = Result<Response<Answer<B>>, Infallible>> + Send + 'static,
    > + Send
    + 'static
    where
        S: Service<Request<Message>, Response = Response<B>, Error = Infallible> + Send + 'static,
        S::Future: Send + 'static,
        B: Body + Default + Unpin + Send + 'static,
    {
        let place = Arc::clone(&self.place);
        service_fn(move |request: Request<Incoming>| {
            let under_way = Arc::new(UnderWay::new(&place));
            let version = request.version();
            let request = request.map(|body| Message::new(body, &under_way));
            let refused = too_many_fields(&request);
            let answer = refused.is_none().then(|| service.call(request));
            let place = Arc::clone(&place);
            async move {
                let mut answer = match answer {
                    Some(answer) => answer.await?,
                    None => refused.unwrap_or_default(),
                };
                last_where_unread(&mut answer, version, &under_way);
                drop(under_way);
                Ok(Answer::of(answer, &place))
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

#[cfg(test)]
mod tests {
    use super::*;
    use tokio_util::sync::CancellationToken;

    fn leave() -> Leave {
        Leave::with(&CancellationToken::new())
    }

    fn seats(most: usize) -> Arc<Seats> {
        Seats::new(most, Duration::from_secs(5), 100)
    }

    fn calling(seat: &Seat) -> UnderWay {
        let call = UnderWay::new(&seat.place);
        call.begin();
        call
    }

    #[tokio::test]
    async fn who_never_called_makes_room_first_and_then_who_is_idle_longest() {
        let seats = seats(3);
        let three = [leave(), leave(), leave()];
        let [first, second, third] = three.clone().map(|leave| seats.take(leave).unwrap());
        let told = || three.each_ref().map(|leave| (leave.ask.is_cancelled(), leave.cut.is_cancelled()));
        drop(calling(&first));
        let busy = calling(&second);
        tokio::time::sleep(GRACE + Duration::from_millis(100)).await;
        let fourth = seats.take(leave()).unwrap();
        assert_eq!(told(), [(false, false), (false, false), (false, true)], "the third never called");
        assert!(seats.take(leave()).is_none(), "one is still on its way out, and three may hold");
        drop(third);
        let busy_too = calling(&fourth);
        let fifth = seats.take(leave()).unwrap();
        assert_eq!(told(), [(true, false), (false, false), (false, true)], "the first is idle");
        drop(first);
        let busy_as_well = calling(&fifth);
        assert!(seats.take(leave()).is_none(), "on each a call is under way");
        drop((busy, busy_too, busy_as_well));
        assert!(seats.take(leave()).is_some());
        drop((second, fourth, fifth));
    }

    #[tokio::test]
    async fn who_has_just_come_is_not_sent_away_for_the_next() {
        let seats = seats(2);
        let two = [leave(), leave()];
        let held = two.clone().map(|leave| seats.take(leave).unwrap());
        for seat in &held {
            drop(calling(seat));
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
