//! What every listener for people does alike, over gRPC and on pages: who calls, in which words a refusal is said,
//! how a call waits for its message, and how its work is brought to its end.

pub(crate) mod arriving;
pub(crate) mod origin;
pub(crate) mod words;
pub(crate) mod work;

/// Marks an answer, in its extensions, that goes on for as long as its caller likes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeptOpen;
