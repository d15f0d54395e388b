//! Amounts of money, exact to a millionth, in whatever currency the prices are given in.

use std::fmt;

/// An amount that is not negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(u64);

const MILLION: u64 = 1_000_000;

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// The most that is read: a billion.
    pub const MOST: Self = Self(1_000_000_000 * MILLION);

    /// An amount in millionths.
    #[must_use]
    pub const fn from_millionths(millionths: u64) -> Self {
        Self(millionths)
    }

    /// The amount in millionths.
    #[must_use]
    pub const fn millionths(self) -> u64 {
        self.0
    }

    /// Reads a decimal number such as `"0.075"`: digits, and where there are decimals a point and one to six of them.
    /// `None` for anything else, and beyond [`Self::MOST`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(decimals) || whole.len() > 10 || decimals.len() > 6 {
            return None;
        }
        let whole: u64 = whole.parse().ok()?;
        let decimals: u64 = format!("{decimals:0<6}").parse().ok()?;
        Some(Self(whole * MILLION + decimals)).filter(|amount| *amount <= Self::MOST)
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / MILLION, self.0 % MILLION);
        if rest == 0 {
            return write!(f, "{whole}");
        }
        let decimals = format!("{rest:06}");
        write!(f, "{whole}.{}", decimals.trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact() {
        for (text, millionths, shown) in [
            ("0", 0, "0"),
            ("0.000001", 1, "0.000001"),
            ("0.0750", 75_000, "0.075"),
            ("12.5", 12_500_000, "12.5"),
            ("1000000000", 1_000_000_000_000_000, "1000000000"),
        ] {
            let amount = Money::parse(text).unwrap();
            assert_eq!((amount.millionths(), amount.to_string().as_str()), (millionths, shown), "{text}");
        }
        for text in ["", ".", "1.", ".5", "-1", "+1", "1e3", "0.0000001", "1,5", " 1", "1000000000.1", "99999999999"] {
            assert_eq!(Money::parse(text), None, "{text}");
        }
    }
}
