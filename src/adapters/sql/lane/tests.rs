use super::*;
use futures_util::future::join_all;
use std::sync::{
    Mutex,
    atomic::{AtomicBool, Ordering},
};
use tokio::time::timeout;

/// Does nothing, and notes how many steps came together.
#[derive(Clone, Default)]
struct Sizes(Arc<Mutex<Vec<usize>>>);

impl Work for Sizes {
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

/// Never comes to an end until it is told to.
#[derive(Clone, Default)]
struct Hangs(Arc<AtomicBool>);

impl Work for Hangs {
    type Step = ();
    type Outcome = ();

    fn marks((): &()) -> impl Iterator<Item = Mark> {
        std::iter::empty()
    }

    async fn run(&self, steps: &[&()]) -> Result<Vec<Option<()>>, Broken> {
        if !self.0.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        Ok(steps.iter().map(|()| Some(())).collect())
    }
}

/// The first hangs in a batch of its own; the second, which came a little later, in the next: that one gets what is left of its
/// time, not a time of its own, so that whoever comes when both have left finds the lane idle.
#[tokio::test]
async fn a_batch_whose_callers_have_left_holds_up_nobody() {
    let serves = Hangs::default();
    let limit = Duration::from_secs(1);
    let lane = Lane::start(serves.clone(), limit, &Turns::new(), Duration::ZERO);
    let begun = Instant::now();
    let second = async {
        sleep(Duration::from_millis(10)).await;
        lane.run(()).await
    };
    let (first, second) = tokio::join!(lane.run(()), second);
    assert!(matches!(first, Err(StoreFault::Unavailable(_))) && matches!(second, Err(StoreFault::Unavailable(_))));
    assert!(begun.elapsed() < limit * 9 / 5, "{:?}", begun.elapsed());
    serves.0.store(true, Ordering::Relaxed);
    lane.run(()).await.unwrap();
}
