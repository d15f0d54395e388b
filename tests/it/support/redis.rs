//! A Redis of one test: its own port, nothing on disk.

use std::process::Command;
use std::time::Duration;

use deadpool_redis::redis::{self, Value};
use rustix::process::Signal;
use tempfile::TempDir;

use super::logs::Log;
use super::port::Port;
use super::run;
use super::service::Service;
use super::wait;

/// A running server.
pub(crate) struct Redis {
    service: Option<Service>,
    port: Port,
    folder: TempDir,
    more: Vec<String>,
}

impl Redis {
    /// Starts an empty server, in some 20 milliseconds.
    pub(crate) fn start() -> Self {
        Self::start_with(Vec::new())
    }

    /// The same, with more arguments.
    pub(super) fn start_with(more: Vec<String>) -> Self {
        let mut server = Self { service: None, port: Port::free(), folder: run::folder("redis"), more };
        server.start_again();
        server
    }

    /// Starts the server again after `stop`, empty, on the same port.
    pub(crate) fn start_again(&mut self) {
        let log = Log::at(&self.folder.path().join("log"));
        let port = self.port.number().to_string();
        let mut command = Command::new("redis-server");
        command.args(["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
        command.args(["--enable-debug-command", "local", "--loading-process-events-interval-bytes", "1024"]);
        command.args(&self.more);
        command.current_dir(self.folder.path()).stdout(log.writer()).stderr(log.writer());
        let mut service = Service::spawn("redis-server", &mut command, Signal::TERM);
        wait::until_blocking("redis answers", Duration::from_secs(10), || {
            assert!(service.exited().is_none(), "redis-server ended: {}", log.text());
            let mut connection = self.client().get_connection().ok()?;
            redis::cmd("PING").query::<String>(&mut connection).ok()
        });
        self.service = Some(service);
    }

    /// Ends the server as a crash would. What it held is lost.
    pub(crate) fn stop(&mut self) {
        if let Some(mut service) = self.service.take() {
            service.kill();
        }
    }

    /// Halts the server: it takes connections and answers nothing, until `resume`.
    pub(crate) fn pause(&mut self) {
        self.service.as_mut().expect("a running server").signal(Signal::STOP);
    }

    /// Ends a `pause`.
    pub(crate) fn resume(&mut self) {
        self.service.as_mut().expect("a running server").signal(Signal::CONT);
    }

    /// Has the server read its data again, slowly: for a second and a half it answers that it is loading.
    pub(crate) fn load_slowly(&self) {
        self.command(&["CONFIG", "SET", "rdbcompression", "no"]);
        for key in 0..30 {
            self.command(&["SET", &format!("slow:{key}"), &"value".repeat(1000)]);
        }
        self.command(&["CONFIG", "SET", "key-load-delay", "50000"]);
        let mut connection = self.client().get_connection().unwrap();
        std::thread::spawn(move || {
            // It answers when everything is read, or not at all.
            let _ = redis::cmd("DEBUG").arg("RELOAD").query::<Value>(&mut connection);
            let _ = redis::cmd("CONFIG").arg(&["SET", "key-load-delay", "0"]).query::<Value>(&mut connection);
        });
        wait::until_blocking("redis loads", Duration::from_secs(5), || {
            let mut connection = self.client().get_connection().ok()?;
            let answer = redis::cmd("GET").arg("slow:1").query::<Value>(&mut connection);
            answer.is_err().then_some(())
        });
    }

    /// The port on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.port.number()
    }

    /// The server's address.
    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port())
    }

    fn client(&self) -> redis::Client {
        redis::Client::open(self.url()).unwrap()
    }

    /// Runs one command, given as its words.
    pub(crate) fn command(&self, words: &[&str]) -> Value {
        let mut connection = self.client().get_connection().unwrap();
        let mut command = redis::Cmd::new();
        for word in words {
            command.arg(word);
        }
        command.query(&mut connection).unwrap()
    }

    /// Everything stored, keys and values as Redis serializes them, for a search through it.
    pub(crate) fn everything(&self) -> Vec<Vec<u8>> {
        let mut connection = self.client().get_connection().unwrap();
        let keys: Vec<Vec<u8>> = redis::cmd("KEYS").arg("*").query(&mut connection).unwrap();
        let mut found = Vec::new();
        for key in keys {
            let held: Option<Vec<u8>> = match redis::cmd("DUMP").arg(&key).query(&mut connection).unwrap() {
                Value::BulkString(bytes) => Some(bytes),
                _ => None,
            };
            found.push(key);
            found.extend(held);
        }
        found
    }
}
