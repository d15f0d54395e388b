//! Charges what is simple to charge from known devices, attempts by code: who comes back to sign in does so mostly from one.

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

pub(in super::super) static CHARGE_KNOWN: Shaped = Shaped {
    text: TEXT,
    singles: 3,
    input: &[
        ("challenge_id", "uuid"),
        ("now", "bigint"),
        ("known_identifier", "bytea"),
        ("own_counter", "bytea"),
        ("device_key", "uuid"),
        ("issue_time", "bigint"),
    ],
};

const TEXT: &str = concat!(
    "WITH c AS MATERIALIZED (SELECT i.op, h.challenge_id AS id, i.own_counter AS counter_key, i.known_identifier AS owner \
    FROM {input} JOIN challenges AS h ON h.challenge_id = i.challenge_id AND h.identifier_key = i.known_identifier \
    JOIN users AS k ON k.identifier_key = i.known_identifier AND k.device_epoch <= i.issue_time WHERE ",
    stands!(),
    " AND NOT EXISTS (SELECT 1 FROM revoked_devices AS r WHERE r.device_key = i.device_key) FOR NO KEY UPDATE OF h), ",
    charged!(", owner_key", ", owner")
);

/// Charges attempts to the counters of their devices; `None`, and nothing written, where it is not that simple.
pub(in super::super) struct ChargeKnown(pub(in super::super) Connections);

impl ChargeKnown {
    /// Whether it may be that simple.
    pub(in super::super) const fn takes(attempt: &Attempt) -> bool {
        attempt.device.is_some() && !attempt.by_link
    }
}

impl Work for ChargeKnown {
    type Step = Attempt;
    type Outcome = Option<ChargeOutcome>;

    fn marks(step: &Attempt) -> impl Iterator<Item = Mark> {
        super::Charge::marks(step)
    }

    fn together(first: &Attempt, next: &Attempt) -> bool {
        super::Charge::together(first, next)
    }

    async fn run(&self, steps: &[&Attempt]) -> Result<Vec<Option<Self::Outcome>>, Broken> {
        let own = |step: &Attempt| step.device.map(|(_, own)| own);
        let mut each: Vec<_> = steps.iter().map(|step| (step.now, own(step))).collect();
        let mut outcomes: Vec<_> = steps.iter().map(|_| Some(None)).collect();
        let Some(first) = steps.first() else { return Ok(outcomes) };
        // The challenges are locked as they are given.
        let (places, sorted) = in_order(steps, |step| step.challenge_id.uuid());
        let devices = || sorted.iter().map(|step| step.device.as_ref());
        let query = super::bind_locks(CHARGE_KNOWN.query(0, steps.len()), first, steps);
        let query = Rows::of(query, steps.len())
            .column(column!(sorted, s => s.challenge_id.uuid()))
            .column(column!(sorted, s => s.now.micros()))
            .column(devices().map(|device| device.map(|(known, _)| known.identifier_key.0.bytes().as_slice())))
            .column(devices().map(|device| device.map(|(_, own)| own.bytes().as_slice())))
            .column(devices().map(|device| device.map(|(known, _)| known.device_key)))
            .column(devices().map(|device| device.map(|(known, _)| known.issue_time.micros())))
            // In the order in which they came: of several of one counter the first is charged.
            .numbers(places.into_iter().map(|place| i64::try_from(place + 1).unwrap_or(i64::MAX)));
        for row in &self.0.run(query).await? {
            let (now, own) = *place(row, &mut each)?;
            *place(row, &mut outcomes)? = Some(Some(simple::charged(row, now, own).map_err(Broken::Lost)?));
        }
        Ok(outcomes)
    }
}
