//! Who reads what providers post of messages they took: proves that it is theirs, and puts it into our words.

use crate::domain::{id::MessageId, receipt::Receipt, time::Timestamp};

/// A request of a provider, or of whoever says so.
pub struct Post<'a> {
    /// The value of a header by its name in lower case, where it is there once and text.
    pub header: &'a (dyn Fn(&str) -> Option<&'a str> + Sync),
    /// What stands behind the `?`, as it came.
    pub query: &'a str,
    /// The body, as it came.
    pub body: &'a [u8],
    /// When it came.
    pub now: Timestamp,
}

/// Why nothing was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPost {
    /// It is not signed as the provider signs, or something of it has been changed since.
    #[error("the signature is wrong")]
    Forged,
    /// It was signed at another time than now.
    #[error("the time of the signature is not now")]
    Stale,
    /// It is signed, and is not what the provider documents.
    #[error("the content has another form")]
    Malformed,
    /// It tells of more messages than are read at once.
    #[error("the content tells of too much at once")]
    TooMuch,
}

/// Reads the posts of one provider.
pub trait ReceiptReader: Send + Sync {
    /// What the provider is, such as `sendgrid`.
    fn kind(&self) -> &'static str;

    /// The headers that its posts carry, in lower case: what is without them is not read at all.
    fn headers(&self) -> &'static [&'static str];

    /// The longest body that is read, in bytes.
    fn max_body(&self) -> usize;

    /// What is told, of messages of this service alone, in the order in which it stands there.
    ///
    /// # Errors
    /// Where nothing of it may be believed, or can be read.
    fn read(&self, post: &Post<'_>) -> Result<Vec<(MessageId, Receipt)>, BadPost>;
}
