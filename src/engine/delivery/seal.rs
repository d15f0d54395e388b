//! What a message says, sealed for its row of the outbox and opened again.

use crate::domain::{
    id::{ChallengeId, MessageId},
    keyring::KeyRing,
    message::{Content, NewMessage, OUTBOX_CONTENT},
    sealed::{CannotOpen, Place, Sealed, open, seal},
    secret::ExposeSecret,
    time::Timestamp,
};
use zeroize::Zeroizing;

/// Longer than any content, so that the buffer never moves and leaves a copy behind.
const ROOM: usize = 4096;

/// Seals `content` for the row of `message_id`, ready to be accepted in the transaction of what it tells.
///
/// # Errors
/// None that a content of this program's making meets.
pub fn sealed_message(
    ring: &KeyRing,
    nonce: [u8; 12],
    message_id: MessageId,
    challenge_id: Option<ChallengeId>,
    content: &Content,
    create_time: Timestamp,
    expire_time: Timestamp,
) -> Result<NewMessage, CannotOpen> {
    let mut plain = Zeroizing::new(Vec::with_capacity(ROOM));
    serde_json::to_writer(&mut *plain, content).map_err(|_| CannotOpen)?;
    let content = seal(ring, place(message_id.uuid().as_bytes()), nonce, &plain)?;
    Ok(NewMessage { message_id, challenge_id, content, create_time, expire_time, lease_end: None })
}

/// Opens what `sealed_message` sealed for the row of `message_id`.
///
/// # Errors
/// Where the key is not in the ring, or the bytes were not sealed for this row.
pub(super) fn opened_content(ring: &KeyRing, message_id: MessageId, content: &Sealed) -> Result<Content, CannotOpen> {
    let plain = open(ring, place(message_id.uuid().as_bytes()), content)?;
    serde_json::from_slice(plain.expose_secret()).map_err(|_| CannotOpen)
}

const fn place(row: &[u8; 16]) -> Place<'_> {
    Place { column: OUTBOX_CONTENT, row }
}
