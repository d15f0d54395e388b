//! Appends audit events that go with no other write.

use super::{
    connections::Connections,
    events::{Events, RECORD},
};
use crate::{
    adapters::sql::lane::{Broken, Mark, Work},
    domain::audit::AuditEvent,
};

/// Appends events.
pub(super) struct Record(pub(super) Connections);

impl Work for Record {
    const OPERATION: &'static str = "record";

    type Step = Vec<AuditEvent>;
    type Outcome = ();

    fn marks(_: &Vec<AuditEvent>) -> impl Iterator<Item = Mark> {
        std::iter::empty()
    }

    async fn run(&self, steps: &[&Vec<AuditEvent>]) -> Result<Vec<Option<()>>, Broken> {
        let events = Events::of(steps.iter().map(|events| events.as_slice()));
        self.0.run(events.bind(RECORD.query(events.len(), 0))).await?;
        Ok(vec![Some(()); steps.len()])
    }
}
