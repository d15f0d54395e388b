//! The mailbox: the contract, and what only a folder of files does.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use identity::adapters::messenger::mailbox::MailboxFolder;
use identity::domain::message::Handover;
use identity::domain::time::Timestamp;
use identity::engine::delivery::MailboxReader;
use identity::ports::messenger::Messenger;
use tempfile::TempDir;

use super::{Subject, accepted, envelope, holds, sender};
use crate::support::run;

struct Mailbox {
    folder: TempDir,
    mailbox: MailboxFolder,
}

impl Mailbox {
    fn fresh() -> Self {
        let folder = run::folder("mailbox");
        let mailbox = MailboxFolder::open(folder.path().join("inner/mailbox"), sender()).unwrap();
        Self { folder, mailbox }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("inner/mailbox")
    }

    fn names(&self) -> Vec<String> {
        let names = fs::read_dir(self.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    fn reader(&self) -> MailboxReader {
        MailboxReader::new(Arc::new(self.mailbox.clone()))
    }
}

impl Subject for Mailbox {
    fn messenger(&self) -> &dyn Messenger {
        &self.mailbox
    }

    fn delivered(&self) -> Vec<Vec<u8>> {
        self.names().iter().map(|name| fs::read(self.path().join(name)).unwrap()).collect()
    }
}

#[tokio::test]
async fn the_mailbox_keeps_the_contract() {
    holds(async || Mailbox::fresh()).await;
}

#[tokio::test]
async fn files_are_named_by_time_and_id_and_private() {
    let mailbox = Mailbox::fresh();
    let mut envelope = envelope("ada@example.com");
    envelope.create_time = Timestamp::from_micros(1_795_201_476_123_456);
    let handover = mailbox.mailbox.hand_over(&envelope).await;
    let name = format!("20261120T190436.123456Z-{}.eml", envelope.message_id);
    assert_eq!(handover, Handover::Accepted { provider_message_id: name.clone() });
    assert_eq!(mailbox.names().join(" "), name, "no other file is left");
    let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(mailbox.path().join(name)), mode(mailbox.path())), (0o600, 0o700));
}

#[tokio::test]
async fn no_file_is_overwritten() {
    let mailbox = Mailbox::fresh();
    let envelope = envelope("ada@example.com");
    mailbox.mailbox.hand_over(&envelope).await;
    let path = mailbox.path().join(&mailbox.names()[0]);
    fs::write(&path, "mine").unwrap();
    assert!(accepted(&mailbox.mailbox.hand_over(&envelope).await));
    assert_eq!(fs::read_to_string(path).unwrap(), "mine");
}

#[tokio::test]
async fn a_folder_that_is_gone_is_a_matter_of_settings() {
    let mailbox = Mailbox::fresh();
    fs::remove_dir(mailbox.path()).unwrap();
    let handover = mailbox.mailbox.hand_over(&envelope("ada@example.com")).await;
    assert_eq!(handover, Handover::Misconfigured { reason: "MAILBOX_UNWRITABLE" });
    assert!(mailbox.reader().newest(10).await.is_err());
}

#[tokio::test]
async fn the_reader_gives_back_what_was_handed_over_newest_first() {
    let mailbox = Mailbox::fresh();
    let mut envelopes = Vec::new();
    for n in 0..5_u64 {
        let mut envelope = envelope(&format!("n{n}@example.com"));
        envelope.create_time = Timestamp::from_seconds(1_795_201_476).after(Duration::from_micros(n));
        envelope.subject =
            format!("Grüße {n} {}", "und ein langer Betreff, der umbrochen wird, 🙂 ".repeat(4)).trim().to_owned();
        envelope.text = format!("{n}=3D Grüße\n.\n{}\n", "lang ".repeat(40));
        envelope.html = format!("<p style=\"x\">{n} Grüße</p>\n");
        mailbox.mailbox.hand_over(&envelope).await;
        envelopes.push(envelope);
    }
    fs::write(mailbox.path().join("notes.txt"), "mine").unwrap();
    fs::write(mailbox.path().join("20261120T190436.999999Z-019aa2f0-1c3e-7b1a-8f00-0123456789ab.eml"), "broken")
        .unwrap();
    let read = mailbox.reader().newest(4).await.unwrap();
    assert_eq!(read.len(), 3, "three of the newest four are messages");
    for (envelope, message) in envelopes.iter().rev().zip(&read) {
        assert_eq!((message.message_id, message.time), (envelope.message_id, envelope.create_time));
        assert_eq!(message.to, envelope.to.as_str());
        assert_eq!(message.subject, envelope.subject);
        assert_eq!((&message.text, &message.html), (&envelope.text, &Some(envelope.html.clone())));
    }
    assert_eq!(mailbox.reader().newest(usize::MAX).await.unwrap().len(), 5);
    assert!(mailbox.reader().newest(0).await.unwrap().is_empty());
}
