//! The contract on the wire.
