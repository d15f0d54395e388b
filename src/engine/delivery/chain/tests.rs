use super::*;
use crate::{
    domain::{breaker::BreakerState, contact::EmailAddress},
    ports::messenger::Messenger,
};
use async_trait::async_trait;
use std::sync::{
    Mutex,
    atomic::{AtomicI64, AtomicUsize, Ordering},
};
use tokio::sync::Semaphore;
use uuid::Uuid;

/// A clock that stands until it is moved.
#[derive(Default)]
struct Stopped(AtomicI64);

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(self.0.load(Ordering::SeqCst))
    }
}

/// A provider that does as it was last told, and counts what it is given.
struct Told {
    handover: Mutex<Option<Handover>>,
    given: AtomicUsize,
}

#[async_trait]
impl Messenger for Told {
    fn name(&self) -> &'static str {
        "told"
    }

    fn time_limit(&self) -> Duration {
        Duration::from_millis(300)
    }

    async fn hand_over(&self, _: &Envelope) -> Handover {
        self.given.fetch_add(1, Ordering::SeqCst);
        let handover = self.handover.lock().unwrap().clone();
        match handover {
            Some(handover) => handover,
            None => std::future::pending().await,
        }
    }
}

impl Told {
    fn says(handover: Handover) -> Arc<Self> {
        Arc::new(Self { handover: Mutex::new(Some(handover)), given: AtomicUsize::new(0) })
    }

    fn hangs() -> Arc<Self> {
        Arc::new(Self { handover: Mutex::new(None), given: AtomicUsize::new(0) })
    }

    fn given(&self) -> usize {
        self.given.load(Ordering::SeqCst)
    }
}

fn accepts() -> Handover {
    Handover::Accepted { provider_message_id: "id".to_owned() }
}

const DOWN: Handover = Handover::Deferred { reason: "PROVIDER_UNREACHABLE" };
const LOST: Handover = Handover::Unanswered { reason: "ANSWER_LOST" };
const UNSERVED: Handover = Handover::Unserved { reason: "DESTINATION_NOT_SERVED" };
const REFUSED: Handover = Handover::Refused { reason: "RECIPIENT_REFUSED" };
const WRONG: Handover = Handover::Misconfigured { reason: "LOGIN_REFUSED" };

/// A chain of the providers, named by their places from 0 on.
fn chain(providers: &[Arc<Told>], share: usize) -> Chain<Envelope> {
    let link = |(place, told): (usize, &Arc<Told>)| Provider {
        name: place.to_string(),
        route: Route::Everyone,
        messenger: told.clone(),
    };
    Chain::new(providers.iter().enumerate().map(link).collect(), share)
}

fn letter(to: &str) -> Envelope {
    Envelope {
        message_id: MessageId::new(Uuid::nil()),
        to: EmailAddress::parse(to).unwrap(),
        subject: String::new(),
        text: String::new(),
        html: String::new(),
        create_time: Timestamp::from_seconds(0),
        expire_time: Timestamp::from_seconds(300),
    }
}

async fn carry(chain: &Chain<Envelope>, unanswered: u32, clock: &Stopped) -> String {
    match chain.carry(&letter("ada@example.com"), unanswered, &mut None, clock).await {
        Carried::Accepted { provider, .. } => format!("accepted by {provider}"),
        Carried::Dropped { reason } => format!("dropped {reason}"),
        Carried::Later { not_before: None, unanswered } => format!("later {unanswered}"),
        Carried::Later { not_before: Some(time), unanswered } => format!("at {} {unanswered}", time.seconds()),
    }
}

#[tokio::test]
async fn what_one_provider_does_decides_whether_the_next_is_asked() {
    for (says, carried) in [
        (vec![accepts(), accepts()], "accepted by 0"),
        (vec![DOWN, accepts()], "accepted by 1"),
        (vec![WRONG, accepts()], "accepted by 1"),
        (vec![UNSERVED, accepts()], "accepted by 1"),
        (vec![LOST, accepts()], "accepted by 1"),
        (vec![REFUSED, accepts()], "dropped RECIPIENT_REFUSED"),
        (vec![DOWN, REFUSED], "dropped RECIPIENT_REFUSED"),
        (vec![UNSERVED, UNSERVED], "dropped DESTINATION_NOT_SERVED"),
        (vec![UNSERVED, DOWN], "later 0"),
        (vec![DOWN, UNSERVED], "later 0"),
        (vec![DOWN, WRONG], "later 0"),
        (vec![LOST, DOWN], "later 1"),
        (vec![LOST], "later 1"),
    ] {
        let providers: Vec<_> = says.iter().cloned().map(Told::says).collect();
        assert_eq!(carry(&chain(&providers, 4), 0, &Stopped::default()).await, carried, "{says:?}");
    }
}

/// A113: however many providers there are and however often it is tried, a message is sent twice at most where answers
/// are lost.
#[tokio::test]
async fn a113_no_message_is_sent_a_third_time_without_an_answer() {
    let clock = Stopped::default();
    let providers: Vec<_> = (0..3).map(|_| Told::says(LOST)).collect();
    let all = chain(&providers, 4);
    assert_eq!(carry(&all, 0, &clock).await, "dropped UNANSWERED");
    assert_eq!(providers.iter().map(|told| told.given()).collect::<Vec<_>>(), [1, 1, 0]);
    assert_eq!(carry(&all, 1, &clock).await, "dropped UNANSWERED");
    assert_eq!(providers.iter().map(|told| told.given()).sum::<usize>(), 3);
}

#[tokio::test]
async fn a_provider_that_fails_is_left_alone_and_tried_again() {
    let clock = Stopped::default();
    let providers = [Told::says(DOWN), Told::says(accepts())];
    let both = chain(&providers, 4);
    for _ in 0..20 {
        assert_eq!(carry(&both, 0, &clock).await, "accepted by 1");
    }
    assert_eq!(providers[0].given(), 5);
    assert_eq!(both.report(clock.now())[0].breaker, BreakerState::Open);
    assert_eq!(both.report(clock.now())[0].last_failure, Some((clock.now(), "PROVIDER_UNREACHABLE")));
    *providers[0].handover.lock().unwrap() = Some(accepts());
    clock.0.store(2, Ordering::SeqCst);
    assert_eq!(carry(&both, 0, &clock).await, "accepted by 0");
    let report = &both.report(clock.now())[0];
    assert_eq!(
        (report.breaker, report.handovers[0], report.handovers[3]),
        (BreakerState::Closed, ("accepted", 1), ("deferred", 5))
    );
}

/// Where nobody else can be asked, a message comes back as soon as the breaker lets the next trial through.
#[tokio::test]
async fn a_message_waits_no_longer_than_the_breaker() {
    let clock = Stopped::default();
    let providers = [Told::says(WRONG)];
    let alone = chain(&providers, 4);
    assert_eq!(carry(&alone, 0, &clock).await, "later 0");
    assert_eq!(carry(&alone, 1, &clock).await, "at 2 1");
    assert_eq!(providers[0].given(), 1);
}

#[tokio::test]
async fn what_is_drained_gets_nothing_until_it_is_resumed() {
    let clock = Stopped::default();
    let providers = [Told::says(accepts()), Told::says(accepts())];
    let both = chain(&providers, 4);
    both.drain(|name| name == "0");
    assert_eq!(carry(&both, 0, &clock).await, "accepted by 1");
    assert!(both.report(clock.now())[0].drained);
    both.drain(|_| true);
    assert_eq!(carry(&both, 0, &clock).await, "at 1 0");
    both.drain(|_| false);
    assert_eq!(carry(&both, 0, &clock).await, "accepted by 0");
}

#[tokio::test]
async fn a_message_goes_only_where_its_recipient_is_served() {
    let clock = Stopped::default();
    let [first, second] = [Told::says(accepts()), Told::says(accepts())];
    let only = Route::Domains(["example.org".to_owned()].into());
    let provider =
        |name: &str, route, told: &Arc<Told>| Provider { name: name.to_owned(), route, messenger: told.clone() };
    let chain = Chain::new(vec![provider("0", only, &first), provider("1", Route::Everyone, &second)], 4);
    assert_eq!(carry(&chain, 0, &clock).await, "accepted by 1");
    chain.carry(&letter("ada@example.org"), 0, &mut None, &clock).await;
    assert_eq!((first.given(), second.given()), (1, 1));
}

/// A provider that is slow keeps its own share busy, and neither the other providers nor the worker's hands.
#[tokio::test]
async fn a_slow_provider_holds_its_own_share() {
    let clock = Arc::new(Stopped::default());
    let providers = [Told::hangs(), Told::says(accepts())];
    let both = Arc::new(chain(&providers, 2));
    let slow: Vec<_> = (0..2)
        .map(|_| {
            let (both, clock) = (both.clone(), clock.clone());
            tokio::spawn(async move { carry(&both, 0, &clock).await })
        })
        .collect();
    tokio::task::yield_now().await;
    assert_eq!((providers[0].given(), carry(&both, 0, &clock).await), (2, "accepted by 1".to_owned()));
    for carried in slow {
        assert_eq!(carried.await.unwrap(), "accepted by 1", "after its time was over");
    }

    let alone = Arc::new(chain(&providers[..1], 1));
    let (first, first_clock) = (alone.clone(), clock.clone());
    let first = tokio::spawn(async move { carry(&first, 0, &first_clock).await });
    tokio::task::yield_now().await;
    let hands = Arc::new(Semaphore::new(1));
    let mut hand = hands.clone().try_acquire_owned().ok();
    let carried = alone.carry(&letter("ada@example.com"), 0, &mut hand, &*clock).await;
    assert!(hand.is_none() && hands.available_permits() == 1, "the hand is free while the message waits");
    assert!(matches!(carried, Carried::Later { not_before: None, unanswered: 1 }), "it had its turn after the first");
    assert_eq!(first.await.unwrap(), "later 1");
}

/// Says at the end of its time that the message never left, a moment after whoever looks at the same clock from outside.
struct Silent;

#[async_trait]
impl Messenger for Silent {
    fn name(&self) -> &'static str {
        "silent"
    }

    fn time_limit(&self) -> Duration {
        Duration::from_millis(300)
    }

    async fn hand_over(&self, _: &Envelope) -> Handover {
        tokio::time::sleep(Duration::from_millis(2)).await;
        tokio::time::sleep(self.time_limit()).await;
        DOWN
    }
}

/// A provider that says nothing until its time is over knows that it was given nothing: that is no lost answer, of which the second
/// would be the message's end.
#[tokio::test]
async fn a_provider_has_the_last_word_on_what_it_was_given() {
    let provider = Provider { name: "0".to_owned(), route: Route::Everyone, messenger: Arc::new(Silent) };
    let alone = Chain::new(vec![provider], 4);
    for _ in 0..2 {
        assert_eq!(carry(&alone, 1, &Stopped::default()).await, "later 1");
    }
}

/// What has expired on its way is not handed over any more.
#[tokio::test]
async fn nothing_is_handed_over_after_its_time() {
    let clock = Stopped::default();
    clock.0.store(300, Ordering::SeqCst);
    let providers = [Told::says(accepts())];
    assert_eq!(carry(&chain(&providers, 4), 0, &clock).await, "later 0");
    assert_eq!(providers[0].given(), 0);
}
