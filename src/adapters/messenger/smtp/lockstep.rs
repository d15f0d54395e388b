//! A connection under the dialogue: what comes is bounded, and before STARTTLS it comes answer by answer.

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

/// How much a relay may say between two writes of ours, the certificates of a handshake included: a line has 512 octets at the most
/// (RFC 5321 section 4.5.3.1.5), and an answer few lines.
const MAX_HEARD: usize = 64 * 1024;

/// A stream that fails where a relay does not come to an end, for lettre keeps all of a line until it ends. Where TLS is still to
/// begin by STARTTLS, it gives answers line by line until then, and fails where an answer is there before its command.
///
/// lettre keeps what it has read ahead when TLS begins. Whoever sits on the wire could so slip answers in clear into
/// the encrypted dialogue, which RFC 3207 section 6 warns of; here nothing is read ahead, and what has come early is
/// an error.
#[derive(Debug)]
pub(super) struct Lockstep {
    stream: BufReader<TcpStream>,
    /// Whether STARTTLS is still to come.
    in_clear: bool,
    /// Octets since our last write.
    heard: usize,
}

impl Lockstep {
    /// `in_clear` says that TLS begins by STARTTLS.
    pub(super) fn new(stream: TcpStream, in_clear: bool) -> Self {
        Self { stream: BufReader::new(stream), in_clear, heard: 0 }
    }
}

impl AsyncTokioStream for Lockstep {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.get_ref().peer_addr()
    }
}

impl AsyncRead for Lockstep {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.heard >= MAX_HEARD {
            return Poll::Ready(Err(io::Error::new(ErrorKind::InvalidData, "an answer is too long")));
        }
        if !self.in_clear {
            let before = out.filled().len();
            ready!(Pin::new(&mut self.stream).poll_read(cx, out))?;
            self.heard += out.filled().len() - before;
            return Poll::Ready(Ok(()));
        }
        let come = ready!(Pin::new(&mut self.stream).poll_fill_buf(cx))?;
        let line = come.iter().position(|byte| *byte == b'\n').map_or(come.len(), |end| end + 1);
        let taken = line.min(out.remaining());
        out.put_slice(&come[..taken]);
        Pin::new(&mut self.stream).consume(taken);
        self.heard += taken;
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
        self.heard = 0;
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
