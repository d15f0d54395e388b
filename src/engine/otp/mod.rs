//! The OTP engine: send, resend, verify.
