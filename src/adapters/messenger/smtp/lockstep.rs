//! The part of a connection that is in clear, before STARTTLS.

use lettre::transport::smtp::client::AsyncTokioStream;
use std::{
    io::{self, ErrorKind},
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::{
    io::{AsyncBufRead as _, AsyncRead, AsyncWrite, BufReader, ReadBuf},
    net::TcpStream,
};

/// The first byte of a TLS handshake (RFC 8446 section 5.1); no SMTP command begins with it.
const TLS_HANDSHAKE: u8 = 0x16;

/// A stream that gives answers line by line until TLS begins, and fails where an answer is there before its command.
///
/// lettre keeps what it has read ahead when TLS begins. Whoever sits on the wire could so slip answers in clear into
/// the encrypted dialogue, which RFC 3207 section 6 warns of; here nothing is read ahead, and what has come early is
/// an error.
#[derive(Debug)]
pub(super) struct Lockstep {
    stream: BufReader<TcpStream>,
    in_clear: bool,
}

impl Lockstep {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream: BufReader::new(stream), in_clear: true }
    }
}

impl AsyncTokioStream for Lockstep {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.get_ref().peer_addr()
    }
}

impl AsyncRead for Lockstep {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if !self.in_clear {
            return Pin::new(&mut self.stream).poll_read(cx, out);
        }
        let come = ready!(Pin::new(&mut self.stream).poll_fill_buf(cx))?;
        let line = come.iter().position(|byte| *byte == b'\n').map_or(come.len(), |end| end + 1);
        let taken = line.min(out.remaining());
        out.put_slice(&come[..taken]);
        Pin::new(&mut self.stream).consume(taken);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Lockstep {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.in_clear {
            if !self.stream.buffer().is_empty() {
                return Poll::Ready(Err(io::Error::new(ErrorKind::InvalidData, "an answer came before its command")));
            }
            self.in_clear = bytes.first() != Some(&TLS_HANDSHAKE);
        }
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
