use super::*;
use futures_util::future::join_all;
use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};
use tokio::time::{sleep, timeout};

/// Does nothing, and notes how many steps came together.
#[derive(Clone, Default)]
struct Sizes(Arc<Mutex<Vec<usize>>>);

impl Work for Sizes {
    const OPERATION: &'static str = "a test's";

    type Step = usize;
    type Outcome = usize;

    fn marks(_: &usize) -> impl Iterator<Item = Mark> {
        std::iter::empty()
    }

    async fn run(&self, steps: &[&usize]) -> Result<Vec<Option<usize>>, Broken> {
        self.0.lock().unwrap().push(steps.len());
        Ok(steps.iter().map(|step| Some(**step)).collect())
    }
}

const HOUR: Duration = Duration::from_hours(1);

/// Under load the pause of a lane is no limit to what it does: a full batch goes at once.
#[tokio::test]
async fn a_full_batch_waits_for_no_pause() {
    let sizes = Sizes::default();
    let lane = Lane::start(sizes.clone(), HOUR, &Turns::new(), HOUR);
    let steps = 10 * MOST;
    let done = timeout(Duration::from_secs(20), join_all((0..steps).map(|step| lane.run(step)))).await;
    let done: Vec<usize> =
        done.expect("somebody waits for the pause").into_iter().map(|done| done.ok().unwrap()).collect();
    assert_eq!(done, (0..steps).collect::<Vec<_>>());
    assert_eq!(*sizes.0.lock().unwrap(), [MOST; 10]);
}

/// Where a step is to hang it does so for a second and is then to come again, once.
#[derive(Clone, Default)]
struct Hangs(Arc<AtomicUsize>);

impl Work for Hangs {
    const OPERATION: &'static str = "a test's";

    type Step = bool;
    type Outcome = ();

    fn marks(hangs: &bool) -> impl Iterator<Item = Mark> {
        std::iter::once([u8::from(*hangs); 32])
    }

    fn together(_: &bool, _: &bool) -> bool {
        false
    }

    async fn run(&self, steps: &[&bool]) -> Result<Vec<Option<()>>, Broken> {
        if steps == [&true] && self.0.fetch_add(1, Ordering::Relaxed) == 0 {
            sleep(Duration::from_secs(1)).await;
            return Ok(vec![None]);
        }
        Ok(vec![Some(())])
    }
}

/// A step whose row somebody has locked, or whose connection does not answer, holds up nobody who comes after it, however many
/// want the same row.
#[tokio::test]
async fn a_batch_that_hangs_is_left_behind() {
    let lane = Lane::start(Hangs::default(), HOUR, &Turns::new(), Duration::ZERO);
    let others = async {
        sleep(Duration::from_millis(10)).await;
        let one = timeout(Duration::from_millis(800), lane.run(false)).await;
        one.expect("it waits for the one that hangs").unwrap();
    };
    let same = join_all((0..2 * MOST).map(|_| lane.run(true)));
    let (hung, same, ()) = tokio::join!(lane.run(true), same, others);
    // It came again, although its lane had gone on; and those who waited for its end were not forgotten.
    hung.unwrap();
    assert!(same.iter().all(Result::is_ok));
}

/// Whoever has waited for a batch before has no more time within the next: it ends when the last of its callers has left.
#[tokio::test]
async fn a_batch_ends_with_the_time_of_its_steps() {
    let (answer, outcome) = oneshot::channel();
    let late = Waiting { step: true, deadline: Instant::now(), answer };
    let flight = timeout(Duration::from_millis(800), flight(Arc::new(Hangs::default()), vec![late]));
    assert!(flight.await.expect("it has a time of its own").is_empty());
    assert!(matches!(outcome.await, Ok(Err(StoreFault::Unavailable(_)))));
}

/// Who waits behind a step that hangs and has hardly any time left is told so, and the database is asked nothing for him: it would
/// do it later all the same.
#[tokio::test]
async fn what_has_no_time_left_is_not_begun() {
    let work = Hangs::default();
    let lane = Lane::start(work.clone(), Duration::from_millis(400), &Turns::new(), Duration::ZERO);
    let later = async {
        sleep(Duration::from_millis(10)).await;
        lane.run(true).await
    };
    let (hung, later) = tokio::join!(lane.run(true), later);
    assert!(matches!((hung, later), (Err(StoreFault::Unavailable(_)), Err(StoreFault::Unavailable(_)))));
    assert_eq!(work.0.load(Ordering::Relaxed), 1, "it was begun");
    lane.run(true).await.unwrap();
}
