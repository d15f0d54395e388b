//! Looks at attempts before they are charged, in one statement that locks and writes nothing.

use super::connections::{Connections, place};
use crate::{
    adapters::sql::{
        lane::{Broken, Mark, Work},
        statements::{challenge_columns, link_columns, user_columns},
        steps,
    },
    domain::challenge::OpenAttempt,
    ports::store::Attempt,
};

/// As `OPEN_ATTEMPT` of the common statements, for many at a time.
pub(super) const OPEN: &str = concat!(
    "WITH input AS MATERIALIZED (SELECT * FROM unnest($1::uuid[], $2::bytea[], $3::bytea[], $4::uuid[], $5::bigint[]) \
    WITH ORDINALITY AS t (wanted, known_identifier, own_counter, device_key, issue_time, op)), \
    c AS MATERIALIZED (SELECT i.op, h.*, u.*, CASE WHEN i.known_identifier = h.identifier_key \
    AND u.device_epoch <= i.issue_time \
    AND NOT EXISTS (SELECT 1 FROM revoked_devices AS r WHERE r.device_key = i.device_key) \
    THEN i.own_counter ELSE h.identifier_key END AS counter_key FROM input AS i JOIN (SELECT ",
    challenge_columns!(),
    " FROM challenges) AS h ON h.challenge_id = i.wanted \
    LEFT JOIN (SELECT identifier_key AS user_key, device_epoch, ",
    user_columns!(),
    " FROM users) AS u ON u.user_key = h.identifier_key) \
    SELECT c.*, k.locked_until FROM c LEFT JOIN lockouts AS k ON k.identifier_key = c.counter_key"
);

/// Looks at attempts.
pub(super) struct Open(pub(super) Connections);

impl Work for Open {
    type Step = Attempt;
    type Outcome = Option<Box<OpenAttempt>>;

    fn marks(_: &Attempt) -> impl Iterator<Item = Mark> {
        std::iter::empty()
    }

    async fn run(&self, steps: &[&Attempt]) -> Result<Vec<Option<Self::Outcome>>, Broken> {
        let known = || steps.iter().map(|step| step.device.as_ref().map(|(known, _)| known));
        let query = sqlx::query(OPEN)
            .bind(steps.iter().map(|step| step.challenge_id.uuid()).collect::<Vec<_>>())
            .bind(known().map(|known| known.map(|known| known.identifier_key.0.bytes().as_slice())).collect::<Vec<_>>())
            .bind(
                steps
                    .iter()
                    .map(|step| step.device.as_ref().map(|(_, own)| own.bytes().as_slice()))
                    .collect::<Vec<_>>(),
            )
            .bind(known().map(|known| known.map(|known| known.device_key)).collect::<Vec<_>>())
            .bind(known().map(|known| known.map(|known| known.issue_time.micros())).collect::<Vec<_>>());
        let rows = self.0.read(query).await?;
        let mut outcomes: Vec<_> = steps.iter().map(|step| (*step, None)).collect();
        for row in &rows {
            let (step, outcome) = place(row, &mut outcomes)?;
            *outcome = steps::charge::opened(row, step).map_err(Broken::Lost)?.map(Box::new);
        }
        Ok(outcomes.into_iter().map(|(_, outcome)| Some(outcome)).collect())
    }
}
