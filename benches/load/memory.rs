//! Memory of a server at rest.

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::bail;
use rustix::process::Signal;

use super::options::{Options, Pair};
use super::procfs::Party;
use super::stack::Stack;
use super::support::run;
use super::support::service::Service;
use identity::grpc::proto::GetJwksRequest;

/// Connections that are opened to see what one takes.
const CONNECTIONS: u32 = 1000;

/// What is held at rest, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    /// By the embedded default that nobody calls.
    pub(crate) idle: u64,
    /// For each connection that has made a call and makes no more.
    pub(crate) connection: u64,
}

/// Measures both.
pub(crate) async fn measure(options: &Options) -> anyhow::Result<Memory> {
    let pair = options.pairs().next().unwrap_or(Pair::Postgres);
    let stack = Stack::start(pair, options).await?;
    let server = Party { name: "server", id: stack.server_id() };
    stack.clients(1).await?.token(0).get_jwks(GetJwksRequest {}).await?;
    settle().await;
    let before = server.resident();
    let clients = stack.clients(CONNECTIONS as usize).await?;
    for number in 0..CONNECTIONS as usize {
        clients.token(number).get_jwks(GetJwksRequest {}).await?;
    }
    settle().await;
    let connection = server.resident().saturating_sub(before) / u64::from(CONNECTIONS);
    Ok(Memory { idle: embedded(options).await?, connection })
}

async fn embedded(options: &Options) -> anyhow::Result<u64> {
    let folder = run::folder("embedded");
    let told = folder.path().join("addresses");
    let mut command = Command::new(&options.server);
    command.args(["serve", "--embedded", "--data-dir"]).arg(folder.path().join("data"));
    for listener in ["--grpc-listen", "--http-listen", "--admin-listen"] {
        command.args([listener, "127.0.0.1:0"]);
    }
    command.stdin(Stdio::null()).stdout(fs::File::create(&told)?).stderr(Stdio::null());
    let mut service = Service::spawn("identity", &mut command, Signal::TERM);
    let id = service.child().id();
    for _ in 0..1000 {
        if fs::read_to_string(&told)?.ends_with('\n') {
            settle().await;
            return Ok(Party { name: "server", id }.resident());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    bail!("the embedded default has not opened its ports within ten seconds")
}

async fn settle() {
    tokio::time::sleep(Duration::from_secs(2)).await;
}
