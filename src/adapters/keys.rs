//! Keys in files, read again when they change.
