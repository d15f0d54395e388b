//! Recorded answers within statements that do several steps.

use super::link::Bound;
use crate::{adapters::sql::lane::Mark, domain::answer::RecordedAnswer};

/// Binds the recorded answer of each step as five arrays, with nothing where a step has none.
pub(super) fn bind<'q, 'a>(query: Bound<'q>, answers: impl Iterator<Item = Option<&'a RecordedAnswer>>) -> Bound<'q> {
    let answers: Vec<_> = answers.collect();
    query
        .bind(answers.iter().map(|a| a.map(|a| a.key.call.bytes().as_slice())).collect::<Vec<_>>())
        .bind(answers.iter().map(|a| a.map(|a| a.key.fingerprint.bytes().as_slice())).collect::<Vec<_>>())
        .bind(answers.iter().map(|a| a.map(|a| a.body.key_id.as_str())).collect::<Vec<_>>())
        .bind(answers.iter().map(|a| a.map(|a| a.body.bytes.as_slice())).collect::<Vec<_>>())
        .bind(answers.iter().map(|a| a.map(|a| a.expire_time.micros())).collect::<Vec<_>>())
}

/// The row that an answer is written to.
pub(super) fn mark(answer: Option<&RecordedAnswer>) -> Option<Mark> {
    answer.map(|answer| *answer.key.call.bytes())
}
