//! What a message says, sealed for its row of the outbox and opened again.

use crate::domain::{
    id::{ChallengeId, MessageId},
    keyring::KeyRing,
    message::{Content, NewMessage, OUTBOX_CONTENT},
    sealed::{CannotOpen, Place, Sealed, open, seal},
    secret::ExposeSecret,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// Longer than any content, so that the buffer never moves and leaves a copy behind.
const ROOM: usize = 4096;

/// A content as it waits. What a release before this one does not know it leaves aside.
#[derive(Serialize)]
struct Sealing<'a> {
    #[serde(flatten)]
    content: &'a Content,
    trace_id: &'a str,
}

/// What stands beside a content.
#[derive(Deserialize)]
struct Beside {
    /// Not there in what the release before has sealed.
    #[serde(default)]
    trace_id: String,
}

/// Seals `content` for the row of `message_id`, ready to be accepted in the transaction of what it tells, with the trace of
/// the call that it comes from: what becomes of the message is then told under the same.
///
/// # Errors
/// None that a content of this program's making meets.
#[expect(clippy::too_many_arguments, reason = "the parts of one row, each from another step")]
pub fn sealed_message(
    ring: &KeyRing,
    nonce: [u8; 12],
    message_id: MessageId,
    challenge_id: Option<ChallengeId>,
    content: &Content,
    trace_id: &str,
    create_time: Timestamp,
    expire_time: Timestamp,
) -> Result<NewMessage, CannotOpen> {
    let mut plain = Zeroizing::new(Vec::with_capacity(ROOM));
    serde_json::to_writer(&mut *plain, &Sealing { content, trace_id }).map_err(|_| CannotOpen)?;
    let content = seal(ring, place(message_id.uuid().as_bytes()), nonce, &plain)?;
    Ok(NewMessage { message_id, challenge_id, content, create_time, expire_time, lease_end: None })
}

/// Opens what `sealed_message` sealed for the row of `message_id`: the content and the trace.
///
/// # Errors
/// Where the key is not in the ring, or the bytes were not sealed for this row.
pub(super) fn opened_content(
    ring: &KeyRing,
    message_id: MessageId,
    content: &Sealed,
) -> Result<(Content, String), CannotOpen> {
    let plain = open(ring, place(message_id.uuid().as_bytes()), content)?;
    let content = serde_json::from_slice(plain.expose_secret()).map_err(|_| CannotOpen)?;
    let beside: Beside = serde_json::from_slice(plain.expose_secret()).map_err(|_| CannotOpen)?;
    Ok((content, beside.trace_id))
}

const fn place(row: &[u8; 16]) -> Place<'_> {
    Place { column: OUTBOX_CONTENT, row }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{keyring::KeyId, secret::secret32};
    use uuid::Uuid;

    /// What waits while a new release comes is read by it, and by the one before.
    #[test]
    fn what_the_release_before_has_sealed_is_opened() {
        let ring = KeyRing::new([(KeyId::new("1").unwrap(), secret32([7; 32]))].into()).unwrap();
        let id = MessageId::new(Uuid::from_u128(7));
        let old = seal(&ring, place(id.uuid().as_bytes()), [1; 12], br#"{"kind":"withheld"}"#).unwrap();
        let (content, trace_id) = opened_content(&ring, id, &old).unwrap();
        assert!(matches!(content, Content::ToNobody { ref channel } if channel.is_empty()) && trace_id.is_empty());

        let content = Content::ToNobody { channel: "sms".to_owned() };
        let now = Timestamp::from_seconds(1);
        let new =
            sealed_message(&ring, [2; 12], id, None, &content, "0af7651916cd43dd8448eb211c80319c", now, now).unwrap();
        let (content, trace_id) = opened_content(&ring, id, &new.content).unwrap();
        assert_eq!(
            (content.channel().unwrap().as_str(), trace_id.as_str()),
            ("sms", "0af7651916cd43dd8448eb211c80319c")
        );
        let plain = open(&ring, place(id.uuid().as_bytes()), &new.content).unwrap();
        let text = std::str::from_utf8(plain.expose_secret()).unwrap();
        assert_eq!(text, r#"{"kind":"withheld","channel":"sms","trace_id":"0af7651916cd43dd8448eb211c80319c"}"#);
    }
}
