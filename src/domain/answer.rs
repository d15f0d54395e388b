//! Writes that can be asked for again: the same request id with the same request gives the same answer (AIP-155).

use super::{digest::Digest, sealed::Sealed, time::Timestamp};

/// The column that holds a recorded answer.
pub const ANSWER_BODY: &str = "answers.body";

/// Names a repeatable call.
#[derive(Clone, Copy, Debug)]
pub struct AnswerKey {
    /// Keyed hash of the method and the request id: the row's primary key.
    pub call: Digest,
    /// Keyed hash of the whole request: the same id with another request is refused.
    pub fingerprint: Digest,
}

/// An answer recorded in the transaction of the write that it reports.
#[derive(Clone, Debug)]
pub struct RecordedAnswer {
    /// The call.
    pub key: AnswerKey,
    /// The answer, sealed in the place `ANSWER_BODY` of its row.
    pub body: Sealed,
    /// After this time it is forgotten.
    pub expire_time: Timestamp,
}
