//! A relay that answers as it is told, where a real server cannot be brought to.

use std::sync::{Arc, Mutex};

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::support::certificates;

/// How a line begins, and the answer to it; the empty line stands for the greeting, the answers `HANGUP`, `SILENT` and
/// `ENDLESS` for what they say.
type Script = Vec<(String, String)>;

/// A running relay; it ends with the value.
pub(super) struct Scripted {
    pub(super) port: u16,
    heard: Arc<Mutex<String>>,
    _end: DropGuard,
}

impl Scripted {
    /// A relay that gives these answers to lines that begin so, and to all else the usual.
    pub(super) async fn start(script: &[(&str, &str)]) -> Self {
        Self::start_behind(None, script).await
    }

    /// The same behind TLS from the first byte, with the certificate of `certificates::localhost()`.
    pub(super) async fn start_with_tls(script: &[(&str, &str)]) -> Self {
        let files = certificates::localhost();
        let chain = CertificateDer::pem_file_iter(&files.chain).unwrap().collect::<Result<_, _>>().unwrap();
        let key = PrivateKeyDer::from_pem_file(&files.key).unwrap();
        let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap();
        Self::start_behind(Some(Arc::new(config).into()), script).await
    }

    async fn start_behind(tls: Option<TlsAcceptor>, script: &[(&str, &str)]) -> Self {
        let script: Script = script.iter().map(|(line, answer)| ((*line).to_owned(), (*answer).to_owned())).collect();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::new(Mutex::new(String::new()));
        let end = CancellationToken::new();
        let log = heard.clone();
        tokio::spawn(end.clone().run_until_cancelled_owned(async move {
            while let Ok((caller, _)) = listener.accept().await {
                let (tls, script, log) = (tls.clone(), script.clone(), log.clone());
                tokio::spawn(async move {
                    match tls {
                        Some(tls) => serve(tls.accept(caller).await.unwrap(), script, log).await,
                        None => serve(caller, script, log).await,
                    }
                });
            }
        }));
        Self { port, heard, _end: end.drop_guard() }
    }

    /// Every line so far, of all connections.
    pub(super) fn heard(&self) -> String {
        self.heard.lock().unwrap().clone()
    }
}

async fn serve(caller: impl AsyncRead + AsyncWrite + Unpin, script: Script, log: Arc<Mutex<String>>) {
    let mut caller = BufReader::new(caller);
    let mut in_data = false;
    let mut line = String::new();
    loop {
        if !in_data || line == ".\r\n" {
            let told = script.iter().find(|(start, _)| match start.as_str() {
                "" => line.is_empty(),
                start => line.starts_with(start),
            });
            let answer = told.map_or_else(|| usual(&line), |(_, answer)| answer);
            match answer {
                "HANGUP" => return,
                "SILENT" => std::future::pending().await,
                "ENDLESS" => while caller.write_all(&[b'2'; 4096]).await.is_ok() {},
                _ => {}
            }
            in_data = answer.starts_with("354");
            if caller.write_all(format!("{answer}\r\n").as_bytes()).await.is_err() || answer.starts_with("421") {
                return;
            }
        }
        line.clear();
        if caller.read_line(&mut line).await.unwrap_or(0) == 0 {
            return;
        }
        log.lock().unwrap().push_str(&line);
    }
}

fn usual(line: &str) -> &'static str {
    match line.split([' ', '\r']).next().unwrap() {
        "" => "220 relay.test",
        "DATA" => "354 go on",
        "QUIT" => "221 bye",
        _ => "250 ok",
    }
}
