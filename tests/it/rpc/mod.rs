//! The contract over the wire, one file a method: what is answered, what is refused, and what is left undone then.

mod errors_document;
