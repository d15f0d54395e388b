//! Reads back what this adapter wrote: a message of two parts. It is no reader for the mail of others.

use crate::domain::{id::MessageId, message::MailboxMessage, time::Timestamp};
use base64::{Engine as _, prelude::BASE64_STANDARD};

/// The message in a file; `None` where the file is not one of ours.
pub(super) fn message(message_id: MessageId, time: Timestamp, bytes: &[u8]) -> Option<MailboxMessage> {
    let whole = String::from_utf8_lossy(bytes);
    let (head, body) = whole.split_once("\r\n\r\n")?;
    let kind = header(head, "Content-Type")?;
    let (_, boundary) = kind.split_once("boundary=\"")?;
    let delimiter = format!("--{}", boundary.split('"').next()?);
    let part = |kind: &str| {
        body.split(delimiter.as_str()).find_map(|part| {
            let (head, body) = part.trim_start_matches("\r\n").split_once("\r\n\r\n")?;
            header(head, "Content-Type")?.starts_with(kind).then(|| decoded(head, body))
        })
    };
    Some(MailboxMessage {
        message_id,
        time,
        to: words(&header(head, "To")?),
        subject: words(&header(head, "Subject")?),
        text: part("text/plain")?,
        html: Some(part("text/html")?),
    })
}

/// A header's value, unfolded (RFC 5322 section 2.2.3).
fn header(head: &str, name: &str) -> Option<String> {
    let mut lines = head.split("\r\n").skip_while(|line| {
        let found = line.split_once(':').is_some_and(|(found, _)| found.eq_ignore_ascii_case(name));
        !found
    });
    let mut value = lines.next()?.split_once(':')?.1.trim_start().to_owned();
    for line in lines.take_while(|line| line.starts_with([' ', '\t'])) {
        value.push_str(line);
    }
    Some(value)
}

/// A header's value with its encoded words decoded (RFC 2047); blanks between two of them do not count.
fn words(value: &str) -> String {
    let mut text = String::new();
    let mut rest = value;
    let mut after_word = false;
    while let Some(start) = rest.find("=?") {
        let (plain, word) = rest.split_at(start);
        let Some((decoded, length)) = word_at(word) else { break };
        if !(after_word && plain.trim().is_empty()) {
            text.push_str(plain);
        }
        text.push_str(&decoded);
        after_word = true;
        rest = &word[length..];
    }
    text + rest
}

/// The encoded word that `text` begins with, and its length.
fn word_at(text: &str) -> Option<(String, usize)> {
    let mut fields = text.strip_prefix("=?")?.splitn(4, '?');
    let (charset, encoding, content) = (fields.next()?, fields.next()?, fields.next()?);
    fields.next()?.strip_prefix('=')?;
    let bytes = match encoding {
        "b" | "B" => BASE64_STANDARD.decode(content).ok()?,
        "q" | "Q" => unquoted(&content.replace('_', " ")),
        _ => return None,
    };
    let length = "=?".len() + charset.len() + 1 + encoding.len() + 1 + content.len() + "?=".len();
    Some((String::from_utf8_lossy(&bytes).into_owned(), length))
}

fn decoded(head: &str, body: &str) -> String {
    let body = body.strip_suffix("\r\n").unwrap_or(body);
    let body = match header(head, "Content-Transfer-Encoding").as_deref() {
        Some("quoted-printable") => String::from_utf8_lossy(&unquoted(body)).into_owned(),
        _ => body.to_owned(),
    };
    body.replace("\r\n", "\n")
}

/// Quoted-printable, undone (RFC 2045 section 6.7).
fn unquoted(text: &str) -> Vec<u8> {
    let text = text.replace("=\r\n", "");
    let mut parts = text.split('=');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        if let Some(byte) = part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            bytes.push(byte);
            bytes.extend_from_slice(&part.as_bytes()[2..]);
        } else {
            bytes.push(b'=');
            bytes.extend_from_slice(part.as_bytes());
        }
    }
    bytes
}
