//! Reading the messages of the service: from its mailbox folder, or as an SMTP server received them.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::wait;

/// A message.
#[derive(Clone, Debug)]
pub(crate) struct Mail {
    /// The whole message, as it was sent.
    pub(crate) raw: String,
    /// The decoded text part.
    pub(crate) text: String,
}

impl Mail {
    /// Parses a message, with one part or with alternatives.
    pub(crate) fn parse(raw: &str) -> Self {
        let raw = raw.replace("\r\n", "\n");
        let text = text_part(&raw).unwrap_or_else(|| panic!("a message without a text part"));
        Self { raw, text }
    }

    /// The first value of a header, unfolded.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        header(&self.raw, name)
    }

    /// The magic link in the text.
    pub(crate) fn link(&self) -> Option<String> {
        self.text.split_whitespace().find(|word| word.contains("/link#")).map(str::to_owned)
    }

    /// What the magic link in the text carries.
    pub(crate) fn link_token(&self) -> Option<String> {
        self.link().and_then(|link| link.split_once('#').map(|(_, token)| token.to_owned()))
    }

    /// The one-time code in the text: its first word of six to ten digits.
    pub(crate) fn code(&self) -> Option<String> {
        let is_code = |word: &&str| (6..=10).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_digit());
        self.text.split(|character: char| !character.is_ascii_alphanumeric()).find(is_code).map(str::to_owned)
    }
}

/// The folder that the service writes its messages to.
#[derive(Clone, Debug)]
pub(crate) struct Mailbox {
    folder: PathBuf,
}

impl Mailbox {
    /// The mailbox in `folder`, which need not exist yet.
    pub(crate) fn at(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Every message, the oldest first: their names begin with their time.
    pub(crate) fn all(&self) -> Vec<Mail> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten().map(|entry| entry.path());
        let mut paths: Vec<PathBuf> =
            entries.filter(|path| path.extension().is_some_and(|end| end == "eml" || end == "txt")).collect();
        paths.sort();
        paths.iter().map(|path| Mail::parse(&fs::read_to_string(path).unwrap())).collect()
    }

    /// Every message to `address`, the oldest first.
    pub(crate) fn to(&self, address: &str) -> Vec<Mail> {
        let is_to = |mail: &Mail| mail.header("To").is_some_and(|to| to.trim_matches(['<', '>']) == address);
        self.all().into_iter().filter(is_to).collect()
    }

    /// Waits up to ten seconds until `address` has `count` messages, and gives the newest.
    pub(crate) async fn wait_for(&self, address: &str, count: usize) -> Mail {
        let newest = async || Some(self.to(address)).filter(|mails| mails.len() >= count).and_then(|mut all| all.pop());
        wait::until(&format!("message {count} to {address}"), Duration::from_secs(10), newest).await
    }
}

fn header(part: &str, name: &str) -> Option<String> {
    let head = part.split("\n\n").next()?.replace("\n ", " ").replace("\n\t", " ");
    let mut pairs = head.lines().filter_map(|line| line.split_once(':'));
    pairs.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_owned())
}

/// The decoded `text/plain` in a part or in those within it.
fn text_part(part: &str) -> Option<String> {
    let kind = header(part, "Content-Type").unwrap_or_else(|| "text/plain".to_owned());
    let (_, body) = part.split_once("\n\n")?;
    if kind.starts_with("multipart/") {
        let boundary = kind.split("boundary=").nth(1)?.split(';').next()?.trim_matches('"');
        let mark = format!("--{boundary}");
        return body.split(mark.as_str()).skip(1).find_map(|inner| text_part(inner.strip_prefix('\n')?));
    }
    if !kind.starts_with("text/plain") {
        return None;
    }
    match header(part, "Content-Transfer-Encoding").as_deref() {
        Some("quoted-printable") => Some(quoted_printable(body)),
        Some("base64") => String::from_utf8(STANDARD.decode(body.replace('\n', "")).ok()?).ok(),
        _ => Some(body.to_owned()),
    }
}

/// RFC 2045 section 6.7.
fn quoted_printable(body: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = body;
    while let Some((before, behind)) = rest.split_once('=') {
        bytes.extend(before.bytes());
        rest = behind.strip_prefix('\n').unwrap_or_else(|| {
            bytes.push(u8::from_str_radix(&behind[..2], 16).unwrap());
            &behind[2..]
        });
    }
    bytes.extend(rest.bytes());
    String::from_utf8(bytes).unwrap()
}

#[test]
fn messages_are_read_in_each_encoding() {
    let quoted = "To: a@example.org\r\nContent-Type: multipart/alternative;\r\n boundary=\"x\"\r\n\r\n--x\r\n\
        Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
        012345 is =C3=A4 code=\r\n, good.\r\n--x\r\nContent-Type: text/html\r\n\r\n<b>999999</b>\r\n--x--\r\n";
    let mail = Mail::parse(quoted);
    assert_eq!(mail.text.trim_end(), "012345 is ä code, good.");
    assert_eq!((mail.code().as_deref(), mail.header("to").as_deref()), (Some("012345"), Some("a@example.org")));
    let encoded = "Subject: x\n\nyour code: 123456\n".to_owned();
    assert_eq!(Mail::parse(&encoded).code().as_deref(), Some("123456"));
    let encoded = format!("Content-Transfer-Encoding: base64\n\n{}\n", STANDARD.encode("code 7654321."));
    assert_eq!(Mail::parse(&encoded).code().as_deref(), Some("7654321"));
}
