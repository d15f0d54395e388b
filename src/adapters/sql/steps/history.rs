//! What stands and what happened.

use crate::{
    adapters::sql::{
        fields::Fields,
        link::{Link, values},
        rows, statements,
    },
    domain::{
        audit::{Outcome, PastRefusal, Subject},
        contact::IdentifierKey,
        id::EventId,
        time::Timestamp,
    },
    ports::store::{Lockout, StoreFault},
};

/// How an identifier stands with the ladder.
pub(in super::super) async fn lockout(link: &mut impl Link, key: IdentifierKey) -> Result<Lockout, StoreFault> {
    let Some(row) = link.row(statements::LOCKOUT, values![key.0.bytes()]).await? else {
        return Ok(Lockout::default());
    };
    let until = rows::time(&row, "locked_until")?;
    Ok(Lockout {
        consecutive_failures: row.count("consecutive_failures")?,
        locked_until: (until.micros() != 0).then_some(until),
    })
}

/// The last refusals of a subject.
pub(in super::super) async fn refusals(
    link: &mut impl Link,
    subject: Subject,
    since: Timestamp,
    limit: u32,
) -> Result<Vec<PastRefusal>, StoreFault> {
    let found = match subject {
        Subject::Identifier(key) => {
            let values = values![key.0.bytes(), since.micros(), limit];
            link.rows(statements::REFUSALS_OF_IDENTIFIER, values).await?
        }
        Subject::Address(address) => {
            let address = address.to_string();
            let values = values![address.as_str(), since.micros(), limit];
            link.rows(statements::REFUSALS_OF_ADDRESS, values).await?
        }
    };
    found.iter().map(refusal).collect()
}

fn refusal(row: &impl Fields) -> Result<PastRefusal, StoreFault> {
    Ok(PastRefusal {
        event_id: EventId::new(row.id("event_id")?),
        time: rows::time(row, "time")?,
        act: row.text("act")?,
        shadowed: row.text("outcome")? == Outcome::WouldRefuse.as_str(),
        reason: row.text("reason")?,
        client_id: row.text_or_none("client_id")?.unwrap_or_default(),
    })
}
