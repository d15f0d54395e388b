//! Recorded answers within statements that do several steps.

use super::shaped::Rows;
use crate::{adapters::sql::lane::Mark, domain::answer::RecordedAnswer};

/// Binds the recorded answer of each step as five columns, with nothing where a step has none.
pub(super) fn bind<'a>(rows: Rows, answers: impl Iterator<Item = Option<&'a RecordedAnswer>> + Clone) -> Rows {
    rows.column(answers.clone().map(|a| a.map(|a| a.key.call.bytes().as_slice())))
        .column(answers.clone().map(|a| a.map(|a| a.key.fingerprint.bytes().as_slice())))
        .column(answers.clone().map(|a| a.map(|a| a.body.key_id.as_str())))
        .column(answers.clone().map(|a| a.map(|a| a.body.bytes.as_slice())))
        .column(answers.map(|a| a.map(|a| a.expire_time.micros())))
}

/// The row that an answer is written to.
pub(super) fn mark(answer: Option<&RecordedAnswer>) -> Option<Mark> {
    answer.map(|answer| *answer.key.call.bytes())
}
