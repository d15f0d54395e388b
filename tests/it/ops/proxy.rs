//! The fault proxy does what its faults say.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::proxy::{Fault, Proxy};

/// A peer that sends back what it gets.
async fn echo() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = stream.split();
                tokio::io::copy(&mut from, &mut to).await
            });
        }
    });
    address
}

async fn answer(stream: &mut TcpStream, text: &[u8]) -> Option<Vec<u8>> {
    let mut buffer = vec![0; text.len()];
    let exchange = async {
        stream.write_all(text).await.ok()?;
        stream.read_exact(&mut buffer).await.ok()
    };
    tokio::time::timeout(Duration::from_millis(300), exchange).await.ok()??;
    Some(buffer)
}

#[tokio::test]
async fn bytes_pass_are_swallowed_delayed_and_refused() {
    let proxy = Proxy::start(&echo().await).await;
    let mut open = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(answer(&mut open, b"first").await.as_deref(), Some(&b"first"[..]));

    proxy.set(Fault::Swallow);
    assert_eq!(answer(&mut open, b"second").await, None);

    proxy.set(Fault::Delay(Duration::from_millis(50)));
    let start = Instant::now();
    assert_eq!(answer(&mut open, b"third").await.as_deref(), Some(&b"third"[..]));
    assert!(start.elapsed() >= Duration::from_millis(100));

    proxy.set(Fault::Refuse);
    assert_eq!(answer(&mut open, b"fourth").await, None);
    let mut refused = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(answer(&mut refused, b"fifth").await, None);

    proxy.set(Fault::None);
    let mut resumed = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(answer(&mut resumed, b"sixth").await.as_deref(), Some(&b"sixth"[..]));
    assert_eq!(proxy.accepted(), 3);
}

#[tokio::test]
async fn an_answer_is_cut_after_so_many_bytes() {
    let proxy = Proxy::start(&echo().await).await;
    proxy.set(Fault::CutAfter(4));
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    stream.write_all(b"123456").await.unwrap();
    let mut received = Vec::new();
    stream.read_to_end(&mut received).await.unwrap();
    assert_eq!(received, b"1234");
}
