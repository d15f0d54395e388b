//! What stands and what happened.

use crate::{
    adapters::sql::{
        fault,
        fields::Fields,
        link::{Link, values},
        rows, statements,
    },
    domain::{
        audit::{Outcome, PastRefusal, Subject},
        client::ClientId,
        contact::IdentifierKey,
        id::EventId,
        simulation::{Past, PastRequest},
        time::Timestamp,
    },
    ports::store::{Lockout, PastPage, StoreFault},
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

/// The next events of the log, and the requests among them.
pub(in super::super) async fn requests(
    link: &mut impl Link,
    after: EventId,
    limit: u32,
) -> Result<PastPage, StoreFault> {
    let rows = link.rows(statements::EVENTS_AFTER, values![after.uuid(), limit]).await?;
    let events = u32::try_from(rows.len()).unwrap_or(u32::MAX);
    let last = rows.last().filter(|_| events >= limit).map(|row| row.id("event_id")).transpose()?;
    let mut requests = Vec::new();
    for row in &rows {
        requests.extend(request(row)?);
    }
    Ok(PastPage { requests, events, last: last.map(EventId::new) })
}

fn request(row: &impl Fields) -> Result<Option<PastRequest>, StoreFault> {
    let Some(what) = Past::of(&row.text("act")?, &row.text("outcome")?, &row.text("reason")?) else { return Ok(None) };
    let address = row.text_or_none("address")?.map(|text| text.parse()).transpose();
    Ok(Some(PastRequest {
        time: rows::time(row, "time")?,
        what,
        client_id: row.text_or_none("client_id")?.and_then(|name| ClientId::new(&name)),
        identifier: rows::digest_or_none(row, "identifier_key")?.map(IdentifierKey),
        address: address.map_err(|_| fault::broken("an address"))?,
    }))
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
