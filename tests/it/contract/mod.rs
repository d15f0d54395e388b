//! What each adapter of a port must do, whichever it is.

mod captcha;
mod limiter;
mod messenger;
pub(crate) mod store;
