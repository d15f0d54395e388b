//! One call as its method sees it: where it comes from, and its place among the calls that run.

use crate::{
    domain::{refusal::Refusal, session::Origin},
    edge::work::to_its_end,
};
use std::future::Future;
use tokio::sync::OwnedSemaphorePermit;
use tonic::{Request, metadata::MetadataMap};

/// What the front knows of a call. It travels in the request's extensions.
#[derive(Default)]
pub(in crate::grpc) struct Call {
    /// Where the call comes from.
    pub(in crate::grpc) origin: Origin,
    /// Its place, given back when the work has ended, not when the caller has gone.
    place: Option<Place>,
}

/// A place among the calls that run. Extensions want what can be cloned; a clone holds no place.
struct Place(OwnedSemaphorePermit);

impl Clone for Call {
    fn clone(&self) -> Self {
        Self { origin: self.origin.clone(), place: None }
    }
}

impl Call {
    pub(in crate::grpc) const fn new(origin: Origin, place: OwnedSemaphorePermit) -> Self {
        Self { origin, place: Some(Place(place)) }
    }

    /// Takes a request apart.
    pub(in crate::grpc) fn of<T>(request: Request<T>) -> (Self, MetadataMap, T) {
        let (metadata, mut extensions, message) = request.into_parts();
        (extensions.remove::<Self>().unwrap_or_default(), metadata, message)
    }

    /// Does the work of a call in a task of its own, to its end: a caller who hangs up, or whose time is over, cannot
    /// cut it in half between two steps.
    ///
    /// # Errors
    /// Those of the work; [`Refusal::Internal`] where it panics.
    pub(in crate::grpc) fn run<T, W, F>(self, work: W) -> impl Future<Output = Result<T, Refusal>> + Send
    where
        T: Send + 'static,
        W: FnOnce(Origin) -> F,
        F: Future<Output = Result<T, Refusal>> + Send + 'static,
    {
        let Self { origin, place } = self;
        to_its_end(work(origin), place.map(|place| place.0))
    }
}
