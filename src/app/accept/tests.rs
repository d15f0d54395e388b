use super::*;
use bytes::Bytes;
use http_body_util::Full;
use hyper::service::service_fn;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    task::JoinHandle,
    time::timeout,
};

/// Longer than anything here should take.
const PATIENCE: Duration = Duration::from_secs(5);

struct Served {
    address: SocketAddr,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

/// A listener whose service answers `ok` after `work`.
async fn serve(max_connections: usize, work: Duration) -> Served {
    let settings = Settings {
        max_connections,
        max_concurrent_streams: 4,
        max_untaken_answers: 4,
        handshake_timeout: Duration::from_millis(300),
        idle_timeout: Duration::from_mins(1),
        drain_timeout: Duration::from_millis(300),
    };
    let door = Door::open("127.0.0.1:0".parse().unwrap(), None, Arc::new(settings)).await.unwrap();
    let (address, stop) = (door.address().unwrap(), CancellationToken::new());
    let answer = move |_| {
        service_fn(move |_: Request<Message>| async move {
            tokio::time::sleep(work).await;
            Ok(Response::new(Full::new(Bytes::from_static(b"ok"))))
        })
    };
    let task = tokio::spawn(door.serve(answer, stop.clone()));
    Served { address, stop, task }
}

/// Sends bytes and reads until the other side closes, or 100 ms pass in silence.
async fn say(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut heard = Vec::new();
    let mut buffer = [0; 1024];
    while let Ok(Ok(read @ 1..)) = timeout(Duration::from_millis(100), stream.read(&mut buffer)).await {
        heard.extend_from_slice(&buffer[..read]);
    }
    heard
}

/// Whether the other side closes a connection on which `bytes` were sent, in time.
async fn is_closed(address: SocketAddr, bytes: &[u8]) -> bool {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut heard = Vec::new();
    // A reset is an end too.
    timeout(PATIENCE, stream.read_to_end(&mut heard)).await.is_ok()
}

#[tokio::test]
async fn both_protocols_on_one_port() {
    let Served { address, .. } = serve(8, Duration::ZERO).await;
    for method in ["GET", "POST", "PUT", "PROPFIND"] {
        let heard = say(address, format!("{method} / HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes()).await;
        assert!(heard.starts_with(b"HTTP/1.1 200 OK"), "{method}: {}", String::from_utf8_lossy(&heard));
    }
    // The preface and empty SETTINGS; the answer is a SETTINGS frame (type 4) on stream 0.
    let heard = say(address, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await;
    assert_eq!(heard.get(3), Some(&4), "{heard:?}");
}

#[tokio::test]
async fn slow_beginnings_are_cut_off() {
    let Served { address, .. } = serve(8, Duration::ZERO).await;
    for beginning in [&b""[..], b"P", b"PRI * HTTP/2.0\r\n\r\nSM\r\n", b"GET / HTTP/1.1\r\nhost"] {
        assert!(is_closed(address, beginning).await, "{}", String::from_utf8_lossy(beginning));
    }
}

#[tokio::test]
async fn garbage_harms_nobody_else() {
    let Served { address, .. } = serve(8, Duration::ZERO).await;
    for _ in 0..50 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(&[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]).await.unwrap();
        stream.set_zero_linger().unwrap();
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(say(address, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.starts_with(b"HTTP/1.1 200 OK"));
}

#[tokio::test]
async fn one_connection_too_many_is_closed_at_once() {
    let Served { address, .. } = serve(2, Duration::from_secs(1)).await;
    let held = async || {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        stream
    };
    let held = [held().await, held().await];
    tokio::time::sleep(Duration::from_millis(50)).await;
    let mut third = TcpStream::connect(address).await.unwrap();
    let read = timeout(Duration::from_millis(200), third.read(&mut [0; 1])).await;
    assert!(matches!(read, Ok(Ok(0) | Err(_))), "{read:?}");
    drop(held);
}

/// Whoever only holds connections makes room for whoever calls.
#[tokio::test]
async fn connections_that_do_nothing_make_room() {
    let Served { address, .. } = serve(40, Duration::ZERO).await;
    let mut held = Vec::new();
    for _ in 0..100 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
        held.push(stream);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(say(address, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.starts_with(b"HTTP/1.1 200 OK"));
    let mut first = held.swap_remove(0);
    let mut heard = Vec::new();
    assert!(timeout(PATIENCE, first.read_to_end(&mut heard)).await.is_ok(), "the oldest is gone");
}

#[tokio::test]
async fn a_running_call_may_end_after_the_signal_to_stop() {
    let Served { address, stop, task } = serve(8, Duration::from_millis(150)).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    stop.cancel();
    let mut heard = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut heard)).await.unwrap().unwrap();
    assert!(heard.starts_with(b"HTTP/1.1 200 OK"));
    timeout(PATIENCE, task).await.unwrap().unwrap();
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn stopping_does_not_wait_for_ever() {
    let Served { address, stop, task } = serve(8, Duration::from_hours(1)).await;
    let mut silent = TcpStream::connect(address).await.unwrap();
    silent.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    let mut busy = TcpStream::connect(address).await.unwrap();
    busy.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    stop.cancel();
    timeout(PATIENCE, task).await.expect("the drain time-out holds").unwrap();
}
