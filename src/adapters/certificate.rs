//! What went wrong with TLS, found in the causes of an error.

use std::{error::Error, io};

/// What went wrong with TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TlsFault {
    /// The other side's certificate does not hold: another name, another authority, out of its time.
    Certificate,
    /// Anything else.
    Other,
}

/// The fault of TLS among the causes of `error`, where there is one.
pub(super) fn fault(error: &(dyn Error + 'static)) -> Option<TlsFault> {
    let mut cause = error.source()?;
    loop {
        match cause.downcast_ref::<rustls::Error>() {
            Some(rustls::Error::InvalidCertificate(_)) => return Some(TlsFault::Certificate),
            Some(_) => return Some(TlsFault::Other),
            None => {}
        }
        // An I/O error tells the causes of what it wraps, and not that itself.
        let wrapped = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        cause = match wrapped {
            Some(inner) => inner,
            None => cause.source()?,
        };
    }
}
