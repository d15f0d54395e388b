use super::*;
use futures_util::future::join_all;
use std::sync::Mutex;

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
