//! Charges what is simple to charge: attempts by code, from no known device.

use super::{
    super::{
        connections::{Connections, in_order, place},
        shaped::{Rows, Shaped},
    },
    simple,
};
use crate::{
    adapters::sql::lane::{Broken, Mark, Work},
    ports::store::{Attempt, ChargeOutcome},
};

pub(in super::super) static CHARGE_PLAIN: Shaped =
    Shaped { text: TEXT, singles: 3, input: &[("challenge_id", "uuid"), ("now", "bigint")] };

const TEXT: &str = concat!(
    "WITH c AS MATERIALIZED (SELECT i.op, h.challenge_id AS id, h.identifier_key AS counter_key FROM {input} \
    JOIN challenges AS h ON h.challenge_id = i.challenge_id WHERE ",
    stands!(),
    " FOR NO KEY UPDATE OF h), ",
    charged!("", "")
);

/// Charges attempts; `None`, and nothing written, where it is not that simple.
pub(in super::super) struct ChargePlain(pub(in super::super) Connections);

impl ChargePlain {
    /// Whether it may be that simple.
    pub(in super::super) const fn takes(attempt: &Attempt) -> bool {
        attempt.device.is_none() && !attempt.by_link
    }
}

impl Work for ChargePlain {
    type Step = Attempt;
    type Outcome = Option<ChargeOutcome>;

    fn marks(step: &Attempt) -> impl Iterator<Item = Mark> {
        super::Charge::marks(step)
    }

    fn together(first: &Attempt, next: &Attempt) -> bool {
        super::Charge::together(first, next)
    }

    async fn run(&self, steps: &[&Attempt]) -> Result<Vec<Option<Self::Outcome>>, Broken> {
        let mut each_now: Vec<_> = steps.iter().map(|step| step.now).collect();
        let mut outcomes: Vec<_> = steps.iter().map(|_| Some(None)).collect();
        let Some(first) = steps.first() else { return Ok(outcomes) };
        // The challenges are locked as they are given.
        let (places, sorted) = in_order(steps, |step| step.challenge_id.uuid());
        let query = super::bind_locks(CHARGE_PLAIN.query(0, steps.len()), first, steps);
        let query = Rows::of(query, steps.len())
            .column(column!(sorted, s => s.challenge_id.uuid()))
            .column(column!(sorted, s => s.now.micros()))
            // In the order in which they came: of several of one counter the first is charged.
            .numbers(places.into_iter().map(|place| i64::try_from(place + 1).unwrap_or(i64::MAX)));
        for row in &self.0.run(query).await? {
            let now = *place(row, &mut each_now)?;
            *place(row, &mut outcomes)? = Some(Some(simple::charged(row, now, None).map_err(Broken::Lost)?));
        }
        Ok(outcomes)
    }
}
