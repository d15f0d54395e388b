//! The service itself, as its own binary in a process of its own.

use std::ffi::OsString;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::Arc;
use std::time::Duration;

use identity::grpc::proto::{Challenge, LinkCompletion, VerifyOtpResponse};
use rustix::process::Signal;
use serde::Deserialize;
use tempfile::TempDir;

use super::client::Client;
use super::clock::Clock;
use super::logs::Log;
use super::mail::Mailbox;
use super::run;
use super::service::Service;
use super::wait;

/// What the service prints once it takes requests.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Addresses {
    pub(crate) grpc: SocketAddr,
    pub(crate) http: SocketAddr,
    pub(crate) admin: SocketAddr,
    /// Where it was asked for.
    #[serde(default)]
    pub(crate) metrics: Option<SocketAddr>,
}

/// The service.
pub(super) const PROGRAM: &str = env!("CARGO_BIN_EXE_identity");

/// A running service.
pub(crate) struct Server {
    process: Service,
    addresses: Addresses,
    arguments: Vec<OsString>,
    admin_token: PathBuf,
    mailbox: Mailbox,
    clock: Option<Arc<Clock>>,
    folder: TempDir,
    starts: u32,
}

/// How to start a service: its arguments, and where it keeps what tests read.
pub(crate) struct Launch {
    pub(crate) arguments: Vec<OsString>,
    pub(crate) admin_token: PathBuf,
    pub(crate) mailbox: PathBuf,
    /// The clock that it goes by, instead of the machine's.
    pub(crate) clock: Option<Arc<Clock>>,
}

impl Server {
    /// The embedded service, on a new data folder and free ports.
    pub(crate) async fn embedded() -> Self {
        Self::embedded_with(&[]).await
    }

    /// The same, with more arguments.
    pub(crate) async fn embedded_with(more: &[&str]) -> Self {
        let folder = run::folder("identity");
        let data = folder.path().join("data");
        let mut arguments: Vec<OsString> = vec!["serve".into(), "--embedded".into(), "--data-dir".into()];
        arguments.push(data.clone().into());
        for listen in ["--grpc-listen", "--http-listen", "--admin-listen"].into_iter().filter(|one| !more.contains(one))
        {
            arguments.extend([listen.into(), "127.0.0.1:0".into()]);
        }
        arguments.extend(more.iter().map(OsString::from));
        let launch = Launch {
            arguments,
            admin_token: data.join("secrets/admin-token"),
            mailbox: data.join("mailbox"),
            clock: None,
        };
        Self::start(launch, folder).await
    }

    /// Starts a service. `folder` takes its output, and lives as long as it does.
    pub(crate) async fn start(launch: Launch, folder: TempDir) -> Self {
        let Launch { arguments, admin_token, mailbox, clock } = launch;
        let (process, addresses) = spawn(Command::new(PROGRAM), &arguments, clock.as_deref(), folder.path(), 1).await;
        Self { process, addresses, arguments, admin_token, mailbox: Mailbox::at(&mailbox), clock, folder, starts: 1 }
    }

    /// Where it listens. A restart changes this.
    pub(crate) fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// A new connection to the listener for callers.
    pub(crate) async fn client(&self) -> Client {
        Client::connect(self.addresses.grpc).await
    }

    /// A new connection to the operators' listener.
    pub(crate) async fn admin(&self) -> Client {
        Client::connect(self.addresses.admin).await
    }

    /// The operators' token.
    pub(crate) fn admin_token(&self) -> String {
        fs::read_to_string(&self.admin_token).unwrap().trim().to_owned()
    }

    /// The messages that it wrote to its mailbox.
    pub(crate) fn mailbox(&self) -> &Mailbox {
        &self.mailbox
    }

    /// The folder that holds its output, and its data if it is embedded (in `data`).
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What it wrote to standard error, over all starts.
    pub(crate) fn log(&self) -> Log {
        Log::at(&self.folder().join("stderr"))
    }

    /// What it wrote to standard output since its newest start.
    pub(crate) fn output(&self) -> Log {
        Log::at(&self.folder().join(format!("stdout-{}", self.starts)))
    }

    /// Its process.
    pub(crate) fn process(&mut self) -> &mut Service {
        &mut self.process
    }

    /// Asks it to end, by SIGTERM, and waits up to fifteen seconds.
    pub(crate) async fn terminate(&mut self) -> ExitStatus {
        self.process.signal(Signal::TERM);
        // Without blocking the runtime, on which the clients of this process close their connections.
        wait::until("the end after SIGTERM", Duration::from_secs(15), async || self.process.exited()).await
    }

    /// Kills it and starts it again, on the same data and on new ports.
    pub(crate) async fn restart_after_kill(&mut self) {
        self.restart_by(Command::new(PROGRAM)).await;
    }

    /// The same; a limit of its files' sizes is an error to it from then on, as a full disk is, and does not end it.
    pub(crate) async fn restart_to_bear_limits(&mut self) {
        let mut command = Command::new("env");
        command.args(["--ignore-signal=XFSZ", PROGRAM]);
        self.restart_by(command).await;
    }

    /// The same, by a command that its arguments are added to, such as a program that runs another.
    pub(crate) async fn restart_by(&mut self, command: Command) {
        self.process.kill();
        self.starts += 1;
        (self.process, self.addresses) =
            spawn(command, &self.arguments, self.clock.as_deref(), self.folder.path(), self.starts).await;
    }

    /// Asks for a code to `email` and reads it from the mailbox.
    pub(crate) async fn request_code(&self, email: &str) -> (Challenge, String) {
        // Notices come to the same address.
        let codes = || self.mailbox.to(email).into_iter().filter_map(|mail| mail.code());
        let before = codes().count();
        let challenge = self.client().await.send_otp(email).await.unwrap();
        let arrived = async || codes().nth(before);
        (challenge, wait::until(&format!("a code to {email}"), Duration::from_secs(10), arrived).await)
    }

    /// Asks for a magic link to `email` and reads what it carries from the mailbox.
    pub(crate) async fn request_link(&self, email: &str, completion: LinkCompletion) -> (Challenge, String) {
        let client = self.client().await;
        self.link_of(email, async || client.send_link(email, completion).await.unwrap()).await
    }

    /// What the link to `email` carries that comes of `asking`.
    pub(crate) async fn link_of<T>(&self, email: &str, asking: impl AsyncFnOnce() -> T) -> (T, String) {
        let tokens = || self.mailbox.to(email).into_iter().filter_map(|mail| mail.link_token());
        let before = tokens().count();
        let answer = asking().await;
        let arrived = async || tokens().nth(before);
        (answer, wait::until(&format!("a link to {email}"), Duration::from_secs(10), arrived).await)
    }

    /// Signs `email` in.
    pub(crate) async fn sign_in(&self, email: &str) -> VerifyOtpResponse {
        let (challenge, code) = self.request_code(email).await;
        self.client().await.verify_otp(&challenge.challenge_id, &code).await.unwrap()
    }
}

/// Starts the binary and waits until it says where it listens.
async fn spawn(
    mut command: Command,
    arguments: &[OsString],
    clock: Option<&Clock>,
    folder: &Path,
    start: u32,
) -> (Service, Addresses) {
    let errors = Log::at(&folder.join("stderr"));
    let output = Log::at(&folder.join(format!("stdout-{start}")));
    command.args(arguments).current_dir(folder).stdout(output.writer()).stderr(errors.writer());
    if let Some(clock) = clock {
        clock.rule(&mut command);
    }
    // A test that is over wants no orderly end: its connections, which nobody serves any more, would hold that up.
    let mut process = Service::spawn("identity", &mut command, Signal::KILL);
    let line = wait::until("the service says where it listens", Duration::from_secs(20), async || {
        let ended = process.exited();
        assert!(ended.is_none(), "the service ended with {ended:?}:\n{}", errors.text());
        output.text().split_once('\n').map(|(line, _)| line.to_owned())
    })
    .await;
    let addresses = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
    (process, addresses)
}
