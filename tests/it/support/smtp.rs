//! A real SMTP server (aiosmtpd), with TLS, authentication and refusals. `smtp_server.py` says which local part of a
//! recipient does what.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;
use tempfile::TempDir;

use super::certificates::{self, Certificate};
use super::logs::Log;
use super::run;
use super::service::Service;
use super::wait;

/// How a connection is secured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Security {
    /// Not at all.
    Plain,
    /// Plain at first, then by STARTTLS, which is required.
    StartTls,
    /// TLS from the first byte.
    Tls,
}

/// A running server. Its certificate is `certificates::localhost()` unless another is given.
pub(crate) struct Smtp {
    _service: Service,
    port: u16,
    folder: TempDir,
}

/// A message as it was received.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    /// The envelope as `X-Envelope-…` headers, then the message, headers and body.
    pub(crate) text: String,
}

impl Smtp {
    /// Starts a server that asks for no authentication.
    pub(crate) fn start(security: Security) -> Self {
        Self::launch(security, certificates::localhost(), &[])
    }

    /// Starts a server with another certificate, that asks for no authentication.
    pub(crate) fn start_with_certificate(security: Security, certificate: &Certificate) -> Self {
        Self::launch(security, certificate, &[])
    }

    /// Starts a server that requires this user and password.
    pub(crate) fn start_with_login(security: Security, user: &str, password: &str) -> Self {
        Self::launch(security, certificates::localhost(), &["--user", user, "--password", password])
    }

    fn launch(security: Security, certificate: &Certificate, login: &[&str]) -> Self {
        let folder = run::folder("smtp");
        let log = Log::at(&folder.path().join("log"));
        let mode = match security {
            Security::Plain => "plain",
            Security::StartTls => "starttls",
            Security::Tls => "tls",
        };
        let mut command = Command::new(python());
        command.arg("-W").arg("ignore").arg(source("tests/it/support/smtp_server.py"));
        command.args(["--mode", mode]).arg("--folder").arg(folder.path()).args(login);
        if security != Security::Plain {
            command.arg("--certificate").arg(&certificate.chain).arg("--key").arg(&certificate.key);
        }
        command.stdout(Stdio::piped()).stderr(log.writer());
        let mut service = Service::spawn("the SMTP server", &mut command, Signal::TERM);
        let mut line = String::new();
        BufReader::new(service.child().stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.trim().parse().unwrap_or_else(|_| panic!("the SMTP server does not start: {}", log.text()));
        Self { _service: service, port, folder }
    }

    /// The port on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Every message received so far, the oldest first.
    pub(crate) fn received(&self) -> Vec<Received> {
        let entries = fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().path());
        let mut paths: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|end| end == "eml")).collect();
        paths.sort();
        paths.iter().map(|path| Received { text: fs::read_to_string(path).unwrap() }).collect()
    }

    /// Whether the message to `recipient` has come to the step at which its local part halts.
    pub(crate) fn halted(&self, recipient: &str) -> bool {
        self.folder.path().join(format!("{recipient}.halted")).exists()
    }

    /// Waits up to ten seconds for the newest message to `recipient`.
    pub(crate) async fn wait_for(&self, recipient: &str) -> Received {
        let line = format!("X-Envelope-To: {recipient}\r\n");
        let newest = async || self.received().into_iter().rev().find(|message| message.text.contains(&line));
        wait::until(&format!("a message to {recipient}"), Duration::from_secs(10), newest).await
    }
}

/// A file of this repository.
fn source(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The interpreter that has the server's packages.
pub(crate) fn python() -> PathBuf {
    let python = source(".tools/venv/bin/python");
    assert!(python.exists(), "the SMTP server of the tests is not installed; `make tools` installs it");
    python
}
