//! What a caller has to prove before anything is sent to a person, and when.

pub mod work;

use super::window::Window;
use std::sync::Arc;

/// The rule: when a proof is asked for, and which.
#[derive(Clone, Debug, Default)]
pub struct ProofPolicy {
    /// When.
    pub when: ProofWhen,
    /// Which.
    pub kind: ProofKind,
    /// The leading zero bits of a proof of work.
    pub difficulty: Difficulty,
}

/// When a proof is asked for.
#[derive(Clone, Debug, Default)]
pub enum ProofWhen {
    /// Never; one that is given proves nothing.
    #[default]
    Never,
    /// Before every code.
    Always,
    /// Once so many requests came without one.
    AfterRequests(Unproven),
}

/// How many requests are admitted without a proof. An empty list leaves its budget out.
#[derive(Clone, Debug)]
pub struct Unproven {
    /// Per identifier.
    pub identifier: Arc<[Window]>,
    /// Per client address (IPv6: per /64).
    pub address: Arc<[Window]>,
}

/// Which proof is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ProofKind {
    /// Work: see [`work`].
    #[default]
    Work,
    /// A captcha.
    Captcha(Captcha),
}

/// A captcha that people's clients show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Captcha {
    /// Whose.
    pub provider: CaptchaProvider,
    /// The public key of its widget.
    pub site_key: String,
    /// What is asked for while the provider does not answer.
    pub on_failure: OnFailure,
}

/// Who offers a captcha.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaptchaProvider {
    /// Cloudflare Turnstile.
    Turnstile,
    /// hCaptcha.
    Hcaptcha,
}

impl CaptchaProvider {
    /// The stable name in answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Turnstile => "turnstile",
            Self::Hcaptcha => "hcaptcha",
        }
    }
}

/// What becomes of a request whose captcha cannot be checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnFailure {
    /// It is asked for a proof of work instead.
    #[default]
    ProofOfWork,
    /// It is refused.
    Refuse,
}

/// Leading zero bits: 8 to 28. Each bit doubles the work; 18 are some 260,000 hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Difficulty(u8);

impl Difficulty {
    /// The least and the most.
    pub const BOUNDS: (u8, u8) = (8, 28);

    /// A difficulty of so many bits; `None` where they are out of bounds.
    #[must_use]
    pub const fn new(bits: u8) -> Option<Self> {
        if bits >= Self::BOUNDS.0 && bits <= Self::BOUNDS.1 { Some(Self(bits)) } else { None }
    }

    /// The bits.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }
}

impl Default for Difficulty {
    fn default() -> Self {
        Self(18)
    }
}

/// What a refused caller has to prove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProofDemand {
    /// Work on a challenge.
    Work {
        /// The challenge.
        challenge: String,
        /// Its difficulty.
        difficulty: Difficulty,
    },
    /// A captcha.
    Captcha {
        /// Whose.
        provider: CaptchaProvider,
        /// The public key of its widget.
        site_key: String,
    },
}
