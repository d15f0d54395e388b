//! The outbox worker and the words of its messages.
