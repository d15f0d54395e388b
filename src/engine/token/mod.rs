//! The token issuer: issue, refresh, revoke, validate.
