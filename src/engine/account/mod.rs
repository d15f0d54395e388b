//! A person's own account, and an operator's acts on it.
