//! Limits within one process.
