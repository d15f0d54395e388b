//! The mailbox of development: messages go into a folder instead of to people.

mod read;
mod sms;

use super::mime::{self, Sender};
use crate::{
    domain::{
        id::MessageId,
        message::{Envelope, Handover, MailboxMessage, SmsEnvelope},
        time::Timestamp,
    },
    ports::{
        mailbox::{Mailbox, MailboxFault},
        messenger::Messenger,
    },
};
use async_trait::async_trait;
use std::{
    collections::BTreeSet,
    fs::{self, DirBuilder, OpenOptions, Permissions},
    io::{self, ErrorKind, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::task::spawn_blocking;

/// The form of the time in a file's name, in UTC: names sort as times do.
const TIME_FORM: &str = "%Y%m%dT%H%M%S.%6fZ";

/// The ends of files' names.
const EMAIL: &str = ".eml";
const SMS: &str = ".sms.txt";

/// How long a message takes at most.
const TIME_LIMIT: Duration = Duration::from_secs(5);

/// Keeps each message as one file, `<time>-<id>.eml` or for an SMS `<time>-<id>.sms.txt`, that nobody but the owner can read. No file is ever overwritten,
/// and a file is complete as soon as it can be seen.
///
/// Files are not forced onto the disk: what a power cut takes is development's mail.
#[derive(Clone)]
pub struct MailboxFolder {
    folder: PathBuf,
    sender: Sender,
}

impl MailboxFolder {
    /// Opens the folder, and makes it where it is missing.
    ///
    /// # Errors
    /// Where the folder cannot be made, or made private.
    pub fn open(folder: PathBuf, sender: Sender) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        fs::set_permissions(&folder, Permissions::from_mode(0o700))?;
        Ok(Self { folder, sender })
    }
}

#[async_trait]
impl Messenger for MailboxFolder {
    fn name(&self) -> &'static str {
        "mailbox"
    }

    fn time_limit(&self) -> Duration {
        TIME_LIMIT
    }

    async fn hand_over(&self, envelope: &Envelope) -> Handover {
        let Ok(message) = mime::message(&self.sender, envelope) else {
            return Handover::Refused { reason: "ADDRESS_UNUSABLE" };
        };
        let name = file_name(envelope.create_time, envelope.message_id, EMAIL);
        self.take(name, message.formatted()).await
    }
}

#[async_trait]
impl Messenger<SmsEnvelope> for MailboxFolder {
    fn name(&self) -> &'static str {
        "mailbox"
    }

    fn time_limit(&self) -> Duration {
        TIME_LIMIT
    }

    async fn hand_over(&self, envelope: &SmsEnvelope) -> Handover {
        let name = file_name(envelope.create_time, envelope.message_id, SMS);
        self.take(name, sms::file(envelope).into_bytes()).await
    }
}

impl MailboxFolder {
    async fn take(&self, name: String, message: Vec<u8>) -> Handover {
        let folder = self.folder.clone();
        match spawn_blocking(move || keep(&folder, &name, &message).map(|()| name)).await {
            Ok(Ok(name)) => Handover::Accepted { provider_message_id: name },
            Ok(Err(_)) | Err(_) => Handover::Misconfigured { reason: "MAILBOX_UNWRITABLE" },
        }
    }
}

#[async_trait]
impl Mailbox for MailboxFolder {
    async fn newest(&self, limit: usize) -> Result<Vec<MailboxMessage>, MailboxFault> {
        let folder = self.folder.clone();
        let read = spawn_blocking(move || newest(&folder, limit)).await.map_err(io::Error::other);
        read.and_then(|read| read).map_err(MailboxFault)
    }
}

/// Writes the file under another name first, then gives it its own, unless that is there already: then it is this
/// message, handed over before.
fn keep(folder: &Path, name: &str, message: &[u8]) -> io::Result<()> {
    let partial = folder.join(format!(".{name}.partial"));
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&partial)?.write_all(message)?;
    let linked = fs::hard_link(&partial, folder.join(name));
    fs::remove_file(&partial)?;
    match linked {
        Err(fault) if fault.kind() != ErrorKind::AlreadyExists => Err(fault),
        _ => Ok(()),
    }
}

fn newest(folder: &Path, limit: usize) -> io::Result<Vec<MailboxMessage>> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(folder)? {
        let Ok(name) = entry?.file_name().into_string() else { continue };
        if let Some((time, id)) = name_parts(&name) {
            names.insert((time, id, name));
            if names.len() > limit {
                names.pop_first();
            }
        }
    }
    let mut messages = Vec::with_capacity(names.len());
    for (time, message_id, name) in names.into_iter().rev() {
        let read = if name.ends_with(SMS) { sms::message } else { read::message };
        match fs::read(folder.join(name)) {
            Ok(bytes) => messages.extend(read(message_id, time, &bytes)),
            Err(fault) if fault.kind() == ErrorKind::NotFound => {}
            Err(fault) => return Err(fault),
        }
    }
    Ok(messages)
}

fn file_name(time: Timestamp, id: MessageId, end: &str) -> String {
    let time = jiff::Timestamp::from_microsecond(time.micros()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    format!("{}-{id}{end}", time.strftime(TIME_FORM))
}

/// The time and id of a file's name; `None` for the names of others.
fn name_parts(name: &str) -> Option<(Timestamp, MessageId)> {
    let (time, id) = name.strip_suffix(EMAIL).or_else(|| name.strip_suffix(SMS))?.split_once('-')?;
    let time = jiff::civil::DateTime::strptime(TIME_FORM, time).ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some((Timestamp::from_micros(time.timestamp().as_microsecond()), MessageId::parse(id)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_time_and_id_and_sort_by_time() {
        let id = MessageId::parse("019aa2f0-1c3e-7b1a-8f00-0123456789ab").unwrap();
        let time = Timestamp::from_micros(1_795_201_476_123_456);
        let name = file_name(time, id, EMAIL);
        assert_eq!(name, "20261120T190436.123456Z-019aa2f0-1c3e-7b1a-8f00-0123456789ab.eml");
        assert_eq!(name_parts(&name), Some((time, id)));
        assert_eq!(name_parts(&file_name(time, id, SMS)), Some((time, id)));
        assert!(file_name(Timestamp::from_micros(1_795_201_476_000_000), id, SMS) < name);
        for other in [
            "",
            "note.eml",
            "note.txt",
            "20261120T190436.123456Z-019aa2f0-1c3e-7b1a-8f00-0123456789ab.txt",
            ".x.partial",
            "20261120T190436.123456Z-1.eml",
            "20261120-x.eml",
        ] {
            assert_eq!(name_parts(other), None, "{other}");
        }
    }
}
