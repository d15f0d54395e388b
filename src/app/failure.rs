//! Why a command ends without success, and its exit code.

use crate::config::problem::{Problem, Problems};

/// Why a command ends without success.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The arguments or the environment are wrong.
    #[error("{0}")]
    Arguments(String),
    /// The configuration is wrong, or a file that it names.
    #[error(transparent)]
    Configuration(#[from] Problems),
    /// A part that the service needs is not to be had: the store, a port.
    #[error("{0}")]
    Unavailable(String),
    /// A fault of this program or of the system under it.
    #[error("{0}")]
    Fault(String),
}

impl Failure {
    /// The exit code for wrong arguments and configurations: `EX_USAGE` of sysexits(3).
    pub const USAGE: u8 = 64;

    /// The exit code: `EX_USAGE`, `EX_UNAVAILABLE` or `EX_SOFTWARE` of sysexits(3).
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Arguments(_) | Self::Configuration(_) => Self::USAGE,
            Self::Unavailable(_) => 69,
            Self::Fault(_) => 70,
        }
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Configuration(problem.into())
    }
}

/// An error with the reasons behind it, for an operator at the start, when no request's data is in them. What two of them
/// say alike is said once.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut told = vec![error.to_string()];
    let mut source = error.source();
    while let Some(error) = source {
        let reason = error.to_string();
        match told.last_mut() {
            Some(last) if last.contains(&reason) => {}
            Some(last) if reason.contains(last.as_str()) => *last = reason,
            _ => told.push(reason),
        }
        source = error.source();
    }
    told.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Layer(&'static str, #[source] Option<Box<Layer>>);

    #[test]
    fn what_is_said_twice_is_told_once() {
        let of = |texts: &[&'static str]| {
            let layers = texts.iter().rev().fold(None, |below, text| Some(Box::new(Layer(text, below))));
            chain(&*layers.unwrap())
        };
        assert_eq!(of(&["it cannot be opened", "no route", "timed out"]), "it cannot be opened: no route: timed out");
        assert_eq!(
            of(&["it fails", "denied", "the server said: denied", "denied"]),
            "it fails: the server said: denied"
        );
    }
}
