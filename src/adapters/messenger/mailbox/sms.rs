//! A short message as a file: to whom, an empty line, the text as it is.

use crate::domain::{
    id::MessageId,
    message::{MailboxMessage, SmsEnvelope},
    time::Timestamp,
};

/// The file of a message.
pub(super) fn file(envelope: &SmsEnvelope) -> String {
    format!("To: {}\n\n{}\n", envelope.to.as_str(), envelope.text)
}

/// The message in a file; `None` where the file is not one of ours.
pub(super) fn message(message_id: MessageId, time: Timestamp, bytes: &[u8]) -> Option<MailboxMessage> {
    let (head, text) = std::str::from_utf8(bytes).ok()?.split_once("\n\n")?;
    Some(MailboxMessage {
        message_id,
        time,
        to: head.strip_prefix("To: ")?.to_owned(),
        subject: String::new(),
        text: text.strip_suffix('\n').unwrap_or(text).to_owned(),
        html: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::contact::PhoneNumber;
    use uuid::Uuid;

    #[test]
    fn a_message_is_read_back_as_it_was() {
        let message_id = MessageId::new(Uuid::from_u128(1));
        let create_time = Timestamp::from_seconds(0);
        let text = "123456 は…\n\n@localhost #123456".to_owned();
        let to = PhoneNumber::parse("+491761234567").unwrap();
        let file = file(&SmsEnvelope { message_id, to, text: text.clone(), create_time, expire_time: create_time });
        let read = message(message_id, create_time, file.as_bytes()).unwrap();
        assert_eq!((read.to.as_str(), read.subject.as_str(), read.html), ("+491761234567", "", None));
        assert_eq!(read.text, text);
        for other in ["", "To: x", "From: x\n\ntext"] {
            assert!(message(message_id, create_time, other.as_bytes()).is_none(), "{other:?}");
        }
    }
}
