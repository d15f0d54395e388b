//! Limits shared by replicas, on Redis.
