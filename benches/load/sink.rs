//! Where messages end: a mail server that takes everything, and a reader of the development mailbox. Both are as cheap
//! as they can be, for they run on the cores that are measured.

use std::fs;
use std::mem::MaybeUninit;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::thread;

use anyhow::Context as _;
use rustix::fs::inotify;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::inbox::Inbox;

/// Starts a mail server on a free port of the loopback.
pub(crate) async fn smtp(inbox: Inbox) -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if inbox.is_closed() {
                continue;
            }
            let inbox = inbox.clone();
            tokio::spawn(async move {
                let _ = converse(stream, &inbox).await;
            });
        }
    });
    Ok(address)
}

/// RFC 5321, as far as a client that behaves needs it.
async fn converse(mut stream: TcpStream, inbox: &Inbox) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    stream.write_all(b"220 sink ESMTP\r\n").await?;
    let mut buffer: Vec<u8> = Vec::with_capacity(32 * 1024);
    let mut in_data = false;
    while stream.read_buf(&mut buffer).await? > 0 {
        // A group of commands (RFC 2920) or a message ends where the peer waits for the answers.
        let end: &[u8] = if in_data { b"\r\n.\r\n" } else { b"\r\n" };
        if !buffer.ends_with(end) {
            continue;
        }
        if inbox.is_closed() {
            return stream.write_all(b"421 closed\r\n").await;
        }
        let mut reply: Vec<u8> = Vec::new();
        if in_data {
            inbox.deliver(&buffer);
            in_data = false;
            reply.extend(b"250 taken\r\n");
        } else {
            for command in buffer.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                let verb = command.get(..4).unwrap_or_default().to_ascii_uppercase();
                in_data = verb == b"DATA";
                let answer: &[u8] = match verb.as_slice() {
                    b"EHLO" => b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n",
                    b"DATA" => b"354 go on\r\n",
                    b"QUIT" => b"221 bye\r\n",
                    _ => b"250 ok\r\n",
                };
                reply.extend(answer);
            }
        }
        buffer.clear();
        stream.write_all(&reply).await?;
    }
    Ok(())
}

/// Reads messages as they appear in the folder of a development mailbox, and deletes them.
pub(crate) fn mailbox(folder: &Path, inbox: Inbox) -> anyhow::Result<()> {
    fs::create_dir_all(folder)?;
    let watch = inotify::init(inotify::CreateFlags::CLOEXEC)?;
    inotify::add_watch(&watch, folder, inotify::WatchFlags::CLOSE_WRITE | inotify::WatchFlags::MOVED_TO)
        .context("watch the mailbox")?;
    let folder = folder.to_owned();
    thread::spawn(move || {
        let mut space = vec![MaybeUninit::uninit(); 64 * 1024];
        let mut events = inotify::Reader::new(&watch, &mut space);
        while let Ok(event) = events.next() {
            let name = event.file_name().and_then(|name| name.to_str().ok()).unwrap_or_default();
            let path = folder.join(name);
            if path.extension().is_some_and(|extension| extension == "eml") {
                take(&path, &inbox);
            }
        }
    });
    Ok(())
}

fn take(path: &PathBuf, inbox: &Inbox) {
    if let Ok(message) = fs::read(path) {
        inbox.deliver(&message);
        let _ = fs::remove_file(path);
    }
}
