//! Where the calls of an HTTP/2 connection run: see `docs/decisions/0016-calls-in-the-task-of-their-connection.md`.

use futures_util::{FutureExt as _, Stream as _, StreamExt as _, stream::FuturesUnordered};
use hyper::rt::Executor;
use hyper_util::server::graceful::GracefulConnection;
use std::{
    future::Future,
    mem,
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

/// How many calls that came in at once share a task. The first so many of them run in the task of their connection; more
/// would hold up those behind them, and leave other processors idle where a few connections carry everything.
const SHARING: usize = 8;

type Call = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Takes the calls of one connection as they come in. Clones take them for the same connection.
#[derive(Clone, Default)]
pub(super) struct Calls(Arc<Mutex<Vec<Call>>>);

impl Calls {
    /// Those that have come in since the last time.
    fn take(&self) -> Vec<Call> {
        mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Calls {
    fn execute(&self, call: F) {
        // A call that panics takes no other with it that shares its task.
        let call = AssertUnwindSafe(call).catch_unwind().map(|ended| {
            if ended.is_err() {
                tracing::error!("a call ended in a panic");
            }
        });
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Box::pin(call));
    }
}

/// A connection and its calls: what the calls answer at once leaves in one write.
pub(super) struct Together<C> {
    connection: Pin<Box<C>>,
    calls: Calls,
    running: FuturesUnordered<Call>,
}

impl<C> Together<C> {
    /// `connection` is one that gives its calls to `calls`.
    pub(super) fn new(connection: C, calls: Calls) -> Self {
        Self { connection: Box::pin(connection), calls, running: FuturesUnordered::new() }
    }
}

impl<C: GracefulConnection> Together<C> {
    /// Takes no further calls, and ends when those that run have ended.
    pub(super) fn graceful_shutdown(self: Pin<&mut Self>) {
        self.get_mut().connection.as_mut().graceful_shutdown();
    }
}

impl<C: Future> Future for Together<C> {
    type Output = C::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        loop {
            if let Poll::Ready(ended) = this.connection.as_mut().poll(context) {
                return Poll::Ready(ended);
            }
            let mut calls = this.calls.take();
            let mut others = calls.split_off(calls.len().min(SHARING));
            this.running.extend(calls);
            while !others.is_empty() {
                let group: FuturesUnordered<Call> = others.drain(..others.len().min(SHARING)).collect();
                tokio::spawn(group.collect::<()>());
            }
            let mut ended = false;
            while let Poll::Ready(Some(())) = Pin::new(&mut this.running).poll_next(context) {
                ended = true;
            }
            // What a call has answered waits in the connection to be written.
            if !ended {
                return Poll::Pending;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;
    use tokio::sync::{Barrier, mpsc};

    /// The tasks that `count` calls run in which come in at once and end only together, and how many share each; that of
    /// the connection first.
    async fn tasks(count: usize) -> Vec<usize> {
        let calls = Calls::default();
        let taker = calls.clone();
        let connection = async move {
            let all = Arc::new(Barrier::new(count));
            let (ran, mut answers) = mpsc::unbounded_channel();
            for _ in 0..count {
                let (all, ran) = (Arc::clone(&all), ran.clone());
                taker.execute(async move {
                    all.wait().await;
                    ran.send(tokio::task::id()).unwrap();
                });
            }
            let mut shares = HashMap::new();
            for _ in 0..count {
                *shares.entry(answers.recv().await.unwrap()).or_insert(0) += 1;
            }
            let own = shares.remove(&tokio::task::id()).unwrap_or_default();
            let mut shares: Vec<_> = shares.into_values().collect();
            shares.sort_unstable_by(|a, b| b.cmp(a));
            shares.insert(0, own);
            shares
        };
        tokio::spawn(Together::new(connection, calls)).await.unwrap()
    }

    #[tokio::test]
    async fn a_few_calls_run_where_their_connection_does() {
        assert_eq!(tasks(1).await, [1]);
        assert_eq!(tasks(SHARING).await, [SHARING]);
    }

    #[tokio::test]
    async fn of_many_calls_the_others_run_elsewhere() {
        assert_eq!(tasks(2 * SHARING + 3).await, [SHARING, SHARING, 3]);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn calls_that_wait_for_one_another_end() {
        assert_eq!(tasks(20 * SHARING).await.iter().sum::<usize>(), 20 * SHARING);
    }
}
